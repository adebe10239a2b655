#!/usr/bin/env python3
"""把一个文件报送到平台：断点续传，断网自动重试，等到回执，打印逐条错误。

只用 Python 标准库（3.9 以上）。用法：

    export YIZHOU_KEY=前缀.密钥              # 密钥不要写在命令行里
    export YIZHOU_SIGNING=签名密钥           # 只有要求签名的密钥才需要
    python3 send_file.py https://jiance.yizhou.example dibao_payment 十月.csv --as-of 2026-10-31

退出码：0 全部入库；1 有错误行；2 没有入库。中断后用同一条命令重新运行，会从断点接着传。
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PART = 4 * 1024 * 1024  # 每段字节数，最多 8 MB
TRIES = 8
OVER = {"merged", "refused", "discarded", "undone"}
WAITS_FOR_PEOPLE = {"deciding", "held"}


class Refused(Exception):
    """平台不收：一句话说明原因和办法。code 稳定，可供程序判断。"""

    wait = 0  # seconds to wait before another try, when the server says so

    def __init__(self, status, problem):
        super().__init__(problem.get("title") or f"HTTP {status}")
        self.status, self.code = status, problem.get("code", "")
        self.errors = problem.get("errors", {})


class Platform:
    def __init__(self, address, key, signing=""):
        self.address, self.key, self.signing = address.rstrip("/"), key, signing

    def ask(self, method, path, headers=None, body=None):
        """(状态, 头, 内容)。断网、5xx、429 自动重试；其余 4xx 抛出 Refused。"""
        for attempt in range(TRIES):
            wait = min(60, 2**attempt)
            try:
                return self._once(method, path, dict(headers or {}), body)
            except Refused as no:
                if no.status not in (429, 500, 502, 503, 504) or attempt == TRIES - 1:
                    raise
                wait = getattr(no, "wait", wait)
            except OSError:  # 断网、超时
                if attempt == TRIES - 1:
                    raise
                if method == "PATCH":
                    raise  # 不知道收了多少：由 send() 先问断点
            time.sleep(wait)
        raise AssertionError("unreachable")

    def _once(self, method, path, headers, body):
        headers["Authorization"] = f"Key {self.key}"
        if self.signing:
            headers.update(self._signature(method, path, body or b""))
        request = urllib.request.Request(  # noqa: S310 - the address is the user's own
            self.address + path, data=body, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                problem = json.loads(text) if text else {}
            except ValueError:
                problem = {}
            no = Refused(error.code, problem)
            if (error.headers.get("Retry-After") or "").isdigit():
                no.wait = int(error.headers["Retry-After"])
            raise no from None

    def _signature(self, method, path, body):
        moment, nonce = str(int(time.time())), secrets.token_urlsafe(24)
        lines = [method, path, moment, nonce, hashlib.sha256(body).hexdigest()]
        signature = hmac.new(self.signing.encode(), "\n".join(lines).encode(), hashlib.sha256)
        return {
            "X-Yizhou-Timestamp": moment,
            "X-Yizhou-Nonce": nonce,
            "X-Yizhou-Signature": signature.hexdigest(),
        }


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def fingerprint(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def start(platform, path, feed, **more):
    """登记文件，返回续传地址。地址记在文件旁边，重新运行时接着传。"""
    mark = hashlib.sha256(
        json.dumps([platform.address, feed, more, fingerprint(path)], sort_keys=True).encode()
    ).hexdigest()
    if os.path.exists(f"{path}.transfer"):
        with open(f"{path}.transfer", encoding="utf-8") as note:
            address, _, marked = note.read().partition(" ")
        if marked == mark:
            return address
    said = {"feed": feed, "filename": os.path.basename(path), **more}
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(os.path.getsize(path)),
        "Upload-Metadata": ",".join(f"{name} {encoded(text)}" for name, text in said.items()),
    }
    _, answered, _ = platform.ask("POST", "/api/transfers/", headers)
    address = urllib.parse.urlsplit(answered["Location"]).path
    with open(f"{path}.transfer", "w", encoding="utf-8") as note:
        note.write(f"{address} {mark}")
    return address


def forget(path):
    """这次传输已经结束，不再续传。"""
    if os.path.exists(f"{path}.transfer"):
        os.remove(f"{path}.transfer")


def send(platform, address, path, say=print):
    """从断点传到完，返回报送批次的地址。"""
    size, failures = os.path.getsize(path), 0
    while True:
        _, headers, _ = platform.ask("GET", address)
        if upload := headers.get("X-Yizhou-Upload"):
            return upload
        offset = int(headers["Upload-Offset"])
        try:
            with open(path, "rb") as file:
                file.seek(offset)
                while True:
                    part = file.read(PART)
                    digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
                    _, headers, _ = platform.ask(
                        "PATCH",
                        address,
                        {
                            "Tus-Resumable": "1.0.0",
                            "Content-Type": "application/offset+octet-stream",
                            "Upload-Offset": str(offset),
                            "Upload-Checksum": f"sha256 {digest}",
                        },
                        part,
                    )
                    offset, failures = int(headers["Upload-Offset"]), 0
                    say(f"已传 {offset * 100 // size}%")
                    if upload := headers.get("X-Yizhou-Upload"):
                        return upload
        except (OSError, Refused) as no:
            if isinstance(no, Refused) and no.code not in (
                "offset_mismatch",
                "checksum_mismatch",
                "part_cut_short",
            ):
                raise
            failures += 1
            if failures >= TRIES:
                raise
            say(f"中断，{2**failures} 秒后从断点接着传")
            time.sleep(min(60, 2**failures))


def follow(platform, address, say=print, every=2.0):
    """等到校验、入库结束，返回回执。"""
    stage = None
    while True:
        upload = json.loads(platform.ask("GET", address)[2])
        if upload["stage"] != stage:
            stage = upload["stage"]
            say(upload["stage_label"])
        if stage in OVER | WAITS_FOR_PEOPLE or upload["job_state"] == "failed":
            return upload
        time.sleep(every)


def faults(platform, upload):
    """逐条错误，一页一页取。"""
    offset = 0
    while True:
        path = f"{upload['faults_address']}?limit=500&offset={offset}"
        page = json.loads(platform.ask("GET", path)[2])
        yield from page["results"]
        offset += len(page["results"])
        if not page["results"] or offset >= page["count"]:
            return


def arguments_of(arguments):
    parser = argparse.ArgumentParser(description="断点续传一个文件，等到回执")
    parser.add_argument("address", help="平台地址，例如 https://jiance.yizhou.example")
    parser.add_argument("feed", help="数据集代码")
    parser.add_argument("file", help="Excel、CSV 等文件")
    parser.add_argument("--as-of", default="", help="数据截止日，例如 2026-10-31")
    parser.add_argument("--correction", action="store_true", help="这是更正文件")
    parser.add_argument(
        "--on-faults", default="take_good", choices=["take_good", "take_nothing", "ask"]
    )
    return parser.parse_args(arguments)


def deliver(platform, file, feed, more):
    """传完整个文件，返回报送批次的地址。上次没传完的已作废时，重新开始一次。"""
    for fresh in (False, True):
        address = start(platform, file, feed, **more)
        try:
            batch = send(platform, address, file)
        except Refused as no:
            if no.status >= 500 or no.code in ("not_authenticated", "rate_limited"):
                raise  # 过后接着传
            forget(file)
            if fresh or no.code not in ("not_found", "transfer_expired", "transfer_ended"):
                raise
        else:
            forget(file)
            return batch
    raise AssertionError("unreachable")


def report(platform, upload):
    """打印回执和逐条错误，返回退出码。"""
    told = upload["receipt"]
    print(
        f"收到 {told['rows_in']} 行：入库 {told['accepted']}，无变化 {told['unchanged']}，"
        f"错误 {told['faulty']}，重复 {told['duplicate']}，空行 {told['blank']}"
    )
    for fault in faults(platform, upload):
        print(
            f"第 {fault['row_number']} 行 {fault['column']}“{fault['seen']}”："
            f"{fault['problem']} {fault['fix']}"
        )
    if upload["stage"] != "merged":
        print(f"没有入库：{upload['refusal'] or upload['stage_label']}", file=sys.stderr)
        return 2
    return 1 if told["faulty"] else 0


def main(arguments=None):
    asked = arguments_of(arguments)
    platform = Platform(
        asked.address, os.environ.get("YIZHOU_KEY", ""), os.environ.get("YIZHOU_SIGNING", "")
    )
    more = {"on_faults": asked.on_faults}
    if asked.as_of:
        more["as_of"] = asked.as_of
    if asked.correction:
        more["is_correction"] = "true"
    try:
        batch = deliver(platform, asked.file, asked.feed, more)
        return report(platform, follow(platform, batch))
    except Refused as no:
        print(f"没有受理（{no.code}）：{no}", file=sys.stderr)
        for field, sentences in no.errors.items():
            print(f"  {field}：{sentences}", file=sys.stderr)
    except OSError as error:
        print(f"没有传完：{error}。稍后用同一条命令接着传。", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
