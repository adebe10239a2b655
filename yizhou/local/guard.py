"""Watch over one child where the system does not report a parent's death (macOS).

Run as: python -m yizhou.local.guard SIGNAL COMMAND...   Our parent holds the other end of stdin;
when it closes, for whatever reason, the child gets SIGNAL, and SIGKILL 15 seconds later.
"""

import signal
import subprocess
import sys
import threading


def main() -> int:
    signum, command = int(sys.argv[1]), sys.argv[2:]
    children: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: object) -> None:
        for started in children:
            started.send_signal(number)

    # Before the child exists: a signal in between must not end us and leave the child alone.
    for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(signal_number, pass_on)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    children.append(child)

    def wait_for_the_end_of_our_parent() -> None:
        sys.stdin.buffer.read()
        if child.poll() is None:
            child.send_signal(signum)
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()

    threading.Thread(target=wait_for_the_end_of_our_parent, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
