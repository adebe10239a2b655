"""The departments' files through the REST API, as their machines would send them, and the wait.

Everything is found again after a stop: files by their manifest, uploads by their content.
"""

import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models import Count, F, Max
from django.utils import timezone

from monitoring.actions.conflicts import find_conflicts
from monitoring.actions.proposals import find_proposals
from monitoring.feeds import FEEDS
from monitoring.models import ScreeningRun, Upload
from yizhou.audit import SYSTEM
from yizhou.demo import SEED
from yizhou.demo.county import townships_of
from yizhou.demo.departments import MANIFEST, write_files
from yizhou.demo.keys import department_keys
from yizhou.demo.load import Built, built
from yizhou.refusals import Refusal

Say = Callable[[str], None]
ENDED = {"merged", "refused", "discarded"}
PATIENCE = 900  # seconds without any progress before giving up on a job
UNTOUCHED = 120  # seconds after which a job that nobody began is given up
EVERY = 0.5  # seconds between questions


def send(*, scale: str, address: str, today: date, say: Say) -> bool:
    """Send what has not been sent. False when everything was in already. Raises Refusal."""
    county = built()
    townships = townships_of(scale)
    if county is None or not townships <= county.townships:
        raise Refusal(f"演示县还没有建好。请先运行 manage.py build_demo_county --scale {scale}。")
    folder = Path(settings.VAR_DIR) / "demo" / scale
    manifest = _manifest(folder, county, townships)
    if manifest is not None and _all_merged(manifest):
        return False
    if manifest is None:
        say("正在生成部门数据文件……")
        as_of = first_delivery() or today
        manifest = write_files(folder, townships=townships, anchor=county.anchor, as_of=as_of)
        rows = sum(file["expected"]["rows_in"] for file in manifest["files"])
        say(f"{len(manifest['files'])} 个文件、{rows} 行已生成，在 {folder}")
    departments = sorted({FEEDS[file["feed"]].department for file in manifest["files"]})
    keys = department_keys(departments, today=today)
    for file in manifest["files"]:
        feed = FEEDS[file["feed"]]
        desk = Desk(address, keys[feed.department])
        desk.deliver(folder / file["file"], feed.code, feed.title, say)
    await_screening(say)
    found = find_conflicts(acting=SYSTEM)
    proposed = find_proposals(acting=SYSTEM)
    say(f"数据打架 {found['opened']} 件，户籍变动建议 {proposed} 件")
    return True


def _manifest(folder: Path, county: Built, townships: frozenset[str]) -> dict[str, Any] | None:
    """The manifest of files made for this very county, or None when they must be made (again)."""
    try:
        manifest = dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return None
    made_for = (manifest.get("seed"), manifest.get("anchor"), manifest.get("townships"))
    if made_for != (SEED, county.anchor.isoformat(), sorted(townships)):
        return None
    if {file["feed"] for file in manifest["files"]} != set(FEEDS):
        return None
    whole = all((folder / file["file"]).exists() for file in manifest["files"])
    return manifest if whole else None


def first_delivery() -> date | None:
    """The day of the first upload: later files are of the same day, or rows would come twice."""
    first = Upload.objects.order_by("received_at").values_list("received_at", flat=True).first()
    return timezone.localdate(first) if first else None


def _all_merged(manifest: dict[str, Any]) -> bool:
    content = {file["sha256"] for file in manifest["files"]}
    merged = Upload.objects.filter(sha256__in=content, stage=Upload.Stage.MERGED)
    unscreened = ScreeningRun.objects.filter(job_state__in=("waiting", "working"))
    return merged.values("sha256").distinct().count() == len(content) and not unscreened.exists()


class Desk:
    """One department's machine with its key."""

    def __init__(self, address: str, key: str) -> None:
        self.address, self.key = address.rstrip("/"), key

    def deliver(self, path: Path, feed: str, title: str, say: Say) -> None:
        """Upload one file and wait until it is in. Raises Refusal when it is not taken."""
        began = time.monotonic()
        status, upload = self._post(path, feed)
        repeated = "（先前已收到）" if status == 200 else ""
        say(f"{title} {path.name} 已送达，{path.stat().st_size / 1e6:.1f} MB{repeated}")
        upload = self._await(upload)
        if upload["stage"] != "merged":
            raise Refusal(f"{path.name} 没有入库：{upload.get('refusal') or upload['stage']}")
        receipt = upload.get("receipt") or upload
        seconds = time.monotonic() - began
        rows = int(receipt.get("rows_in", 0))
        say(
            f"{title} 已入库：收到 {rows} 行，错误 {receipt.get('faulty', 0)}，"
            f"重复 {receipt.get('duplicate', 0)}，空行 {receipt.get('blank', 0)}，"
            f"未匹配 {receipt.get('unmatched', 0)}；{seconds:.1f} 秒，每秒 {rows / seconds:.0f} 行"
        )

    def _post(self, path: Path, feed: str) -> tuple[int, dict[str, Any]]:
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (("feed", feed), ("on_faults", "take_good"))
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"'
            "\r\nContent-Type: application/octet-stream\r\n\r\n"
        )
        body = "".join(parts).encode() + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        return self._ask("/api/uploads/", body, {"Content-Type": kind})

    def _await(self, upload: dict[str, Any]) -> dict[str, Any]:
        seen, since = None, time.monotonic()
        while upload["stage"] not in ENDED:
            time.sleep(EVERY)
            _, upload = self._ask(f"/api/uploads/{upload['id']}/")
            if upload.get("job_state") == "failed":
                raise Refusal(f"入库作业失败：{upload.get('job_error') or '原因见后台日志'}")
            if (now := (upload["stage"], upload.get("progress"))) != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > (UNTOUCHED if now[0] == "received" else PATIENCE):
                raise Refusal("入库作业没有进展。请确认后台任务进程（worker）在运行，再重新运行。")
        return upload

    def _ask(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(  # noqa: S310 - the demo's own address
            self.address + path,
            data=body,
            headers={"Authorization": f"Key {self.key}", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            raise Refusal(f"接口没有接受（{refused.code}）：{_sentence(refused)}") from None
        except (OSError, ValueError) as fault:
            raise Refusal(
                f"连不上 {self.address}（{getattr(fault, 'reason', fault)}）。"
                "请确认网页服务在运行、地址正确，再重新运行。"
            ) from None


def _sentence(refused: urllib.error.HTTPError) -> str:
    try:
        problem = json.load(refused)
        return str(problem.get("title") or problem.get("detail"))
    except ValueError:
        return "服务出错，原因见网页服务的日志。"


def await_screening(say: Say) -> None:
    """Wait until no screening is waiting or running. Raises Refusal when one failed for good."""
    seen, since = None, time.monotonic()
    while True:
        connections["default"].close_if_unusable_or_obsolete()
        runs = list(
            ScreeningRun.objects.order_by("id").values_list("job_state", "progress", "job_error")
        )
        if any(state == "failed" for state, _, _ in runs[-1:]):
            raise Refusal(f"研判失败：{runs[-1][2]} 请在“研判”页面重试。")
        if not any(state in ("waiting", "working") for state, _, _ in runs):
            break
        if (now := tuple(runs)) != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > PATIENCE:
            raise Refusal("研判长时间没有进展。请确认后台任务进程在运行，再重新运行。")
        time.sleep(EVERY)
    done = ScreeningRun.objects.exclude(finished_at=None).exclude(started_at=None)
    took = done.aggregate(longest=Max(F("finished_at") - F("started_at")), runs=Count("id"))
    if took["runs"]:
        say(f"研判已完成 {took['runs']} 次，最长 {took['longest'].total_seconds():.1f} 秒")
