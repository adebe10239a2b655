"""The pages of runs: who sees them, what they add up, what their buttons refuse."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.models import Account
from monitoring.actions import schedules
from monitoring.actions.comparisons import perform_comparison
from monitoring.actions.rules import load_shipped_rules
from monitoring.actions.schedules import install_schedule
from monitoring.actions.screenings import (
    perform_screening,
    repeat_screening,
    request_screening,
    stop_screening,
)
from monitoring.models import (
    Alert,
    RuleVersion,
    RunComparison,
    ScreeningRun,
    Threshold,
    Upload,
)
from monitoring.runs import sums_of
from tests.monitoring.records import add_settlement
from tests.world import World
from yizhou.audit import SYSTEM

Signer = Callable[[Account], Client]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rules(world: World) -> None:
    load_shipped_rules(acting=SYSTEM)


@pytest.fixture
def county(world: World, signed_in: Signer) -> Client:
    return signed_in(world.county_officer)


def asked(**more: Any) -> ScreeningRun:
    return request_screening(acting=SYSTEM, trigger="schedule", **more)


def carried_out(run: ScreeningRun) -> ScreeningRun:
    perform_screening(run.pk)
    run.refresh_from_db()
    return run


def screened() -> ScreeningRun:
    return carried_out(asked())


def pay(world: World, name: str, yuan: str = "30000") -> Any:
    return add_settlement(world.people[name], timezone.localdate() - timedelta(days=40), yuan)


def text(client: Client, path: str) -> str:
    """The words of a page, tags taken out, spaces joined."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    words = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(unescape(words).split())


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


# ---- the list ----


def test_the_list_tells_kind_trigger_moment_shards_and_counts(world: World, county: Client) -> None:
    run = carried_out(asked(upload=pay(world, "韦甲").upload))
    page = text(county, "/screening/")
    assert f"第 {run.pk} 次" in page
    assert "只看有变化的户 “医疗费用结算”入库后" in page
    assert f"数据截至 {timezone.localtime(run.known_at):%m-%d %H:%M}" in page
    assert "已完成 分片 1 / 1" in page


def test_a_run_under_way_has_a_bar_a_stop_button_and_is_followed(county: Client) -> None:
    run = asked()
    ScreeningRun.objects.filter(pk=run.pk).update(progress=40)
    page = county.get("/screening/").content.decode()
    assert 'max="100" value="40"' in page
    assert f'href="/screening/{run.pk}/stop/"' in page
    assert 'hx-get="/screening/" hx-trigger="every 2s"' in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_following_ends_with_the_run(county: Client) -> None:
    screened()
    part = county.get("/screening/", headers={"HX-Request": "true"}).content.decode()
    assert ("<html" in part, "hx-trigger" in part, 'id="runs"' in part) == (False, False, True)


def test_a_stopped_run_says_so_and_may_be_tried_again(world: World, county: Client) -> None:
    run = asked()
    stop_screening(acting=world.county_officer, run_id=run.pk)
    page = text(county, "/screening/")
    assert "已停止" in page
    assert world.county_officer.name in page
    assert county.post(f"/screening/{run.pk}/retry/")["Location"] == f"/screening/{run.pk}/"
    assert carried_out(run).job_state == "done"


def test_long_lists_have_pages_and_as_many_queries(county: Client) -> None:
    for _ in range(3):
        screened()
    few = queries(county, "/screening/")
    ScreeningRun.objects.bulk_create(
        ScreeningRun(trigger="schedule", as_of=timezone.localdate(), job_state="done")
        for _ in range(30)
    )
    assert queries(county, "/screening/") == few
    first = ScreeningRun.objects.order_by("pk").first()
    assert first is not None
    assert f"第 {first.pk} 次" in text(county, "/screening/?page=2")
    assert f'href="/screening/{first.pk}/"' not in county.get("/screening/").content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 30])
def test_strange_pages_give_the_nearest(county: Client, page: str) -> None:
    assert county.get(f"/screening/?page={page}").status_code == 200


def test_screening_now_says_which_run_it_is(county: Client) -> None:
    answer = county.post("/screening/run/", follow=True)
    run = ScreeningRun.objects.get()
    assert f"第 {run.pk} 次研判已开始" in unescape(answer.content.decode())
    again = county.post("/screening/run/", follow=True)
    assert "已有一次研判" in unescape(again.content.decode())


# ---- the schedule ----


def test_the_daily_hour_is_edited_and_the_others_are_only_read(county: Client) -> None:
    install_schedule()
    page = text(county, "/screening/")
    for name in (*schedules.EVERY_SECONDS, schedules.SENDING, schedules.REMINDING):
        assert name in page
    assert "补跑研判对比 每 1 分钟" in page
    assert "派出排队的预警 每天 07:30" in page
    assert "比对部门数据 每天 0–5 时的第 10 分" in page
    county.post("/screening/schedule/", {"hour": "4", "minute": "5", "enabled": "1"})
    assert "每天 04:05" in text(county, "/screening/")


def test_an_impossible_hour_comes_back_with_what_was_typed(county: Client) -> None:
    install_schedule()
    answer = county.post("/screening/schedule/", {"hour": "25", "minute": "5"})
    assert answer.status_code == 400
    assert "00:00 到 23:59" in unescape(answer.content.decode())
    assert 'value="25"' in answer.content.decode()


# ---- one run ----


def test_shards_add_up_to_the_run_and_rules_to_its_hits(
    world: World, county: Client, settings: Any
) -> None:
    settings.SCREENING_SHARDS, settings.SCREENING_SHARD_LEAST = 2, 0
    pay(world, "韦甲"), pay(world, "黄甲")
    run = screened()
    assert run.shards.count() == 2
    assert run.hits > 1
    page = text(county, f"/screening/{run.pk}/")
    assert "合计相符 各分片相加等于本次研判" in page
    assert f"各规则命中相加 {run.hits} 个，和命中数相符" in page
    assert f"新预警 {run.alerts_opened} 条" in page
    assert f"管辖范围内 {Alert.objects.filter(opened_in=run).count()} 条" in page


def test_sums_that_do_not_add_up_are_said_so(county: Client) -> None:
    run = screened()
    ScreeningRun.objects.filter(pk=run.pk).update(hits=7, households=1)
    run.refresh_from_db()
    wrong = [s.label for s in sums_of(run, run.shards.all()) if not s.equal]
    assert wrong == ["涉及户数", "命中"]
    page = text(county, f"/screening/{run.pk}/")
    assert "合计不符" in page
    assert "和命中数 7 不符" in page


def test_inputs_are_told_with_versions_figures_and_what_was_left_out(
    world: World, county: Client
) -> None:
    row = pay(world, "韦甲")
    Upload.objects.filter(pk=row.upload_id).update(stage=Upload.Stage.MERGING)
    Threshold.objects.filter(key="medical_self_paid_ordinary").delete()
    run = screened()
    answer = county.get(f"/screening/{run.pk}/").content.decode()
    page = text(county, f"/screening/{run.pk}/")
    figure = Threshold.objects.get(key="deadline_workdays_1")
    assert f"{timezone.localtime(run.known_at):%Y-%m-%d %H:%M:%S}" in page
    assert "/rules/EDU-01/versions/1/" in answer
    assert re.search(rf"{re.escape(figure.label)}.{{0,8}} {figure.value:.0f} 工作日", page)
    assert "没有计入的批次" in page
    assert "医疗费用结算 ，" in page
    assert "没有标准线 medical_self_paid_ordinary" in page


def test_hits_link_to_the_alerts_they_made(world: World, county: Client) -> None:
    pay(world, "韦甲")
    page = county.get(f"/screening/{screened().pk}/").content.decode()
    assert 'href="/queue/?rule=MED-01"' in page
    assert county.get("/queue/?rule=MED-01").status_code == 200


def test_a_rule_that_only_annotates_has_no_alerts_to_show(county: Client) -> None:
    run = screened()
    code = RuleVersion.objects.filter(definition__effect="annotate").first().rule_id
    ScreeningRun.objects.filter(pk=run.pk).update(by_rule={code: {"hits": 2, "digest": "17"}})
    page = county.get(f"/screening/{run.pk}/").content.decode()
    assert "只作旁证" in page
    assert f"/queue/?rule={code}" not in page


def test_an_overfull_rule_is_named_with_its_count(
    world: World, county: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.engine.screening.ALWAYS_ALLOWED", 0)
    Threshold.objects.filter(key="rule_most_share").update(value=0)
    pay(world, "韦甲")
    page = text(county, f"/screening/{screened().pk}/")
    assert "命中过多，没有产生预警" in page
    assert re.search(r"MED-01 [^：]+： 1 个", page)


def test_a_repeat_is_compared_with_the_first_rule_by_rule(world: World, county: Client) -> None:
    pay(world, "韦甲")
    run = screened()
    answer = county.post(f"/screening/{run.pk}/repeat/")
    again = carried_out(ScreeningRun.objects.get(kind="repeat"))
    assert answer["Location"] == f"/screening/{again.pk}/"
    page = text(county, f"/screening/{again.pk}/")
    assert f"和第 {run.pk} 次完全一致" in page
    assert "不一致" not in page
    assert f"第 {again.pk} 次" in text(county, f"/screening/{run.pk}/")
    wrong = {code: found | {"digest": "1"} for code, found in again.by_rule.items()}
    ScreeningRun.objects.filter(pk=again.pk).update(by_rule=wrong)
    page = text(county, f"/screening/{again.pk}/")
    assert f"和第 {run.pk} 次不一致： {len(wrong)} 条规则" in page


def test_repeating_what_is_not_done_is_refused(county: Client) -> None:
    run = asked()
    answer = county.post(f"/screening/{run.pk}/repeat/", follow=True)
    assert "没有完成，不能重算核对" in unescape(answer.content.decode())


def test_a_waiting_run_has_a_page(county: Client) -> None:
    run = asked()
    page = text(county, f"/screening/{run.pk}/")
    assert "还没有轮到" in page
    assert "等待处理" in page
    part = county.get(f"/screening/{run.pk}/", headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()


def test_a_failed_run_tells_the_reason(county: Client) -> None:
    run = screened()
    ScreeningRun.objects.filter(pk=run.pk).update(job_state="failed", job_error="没有标准线。")
    page = text(county, f"/screening/{run.pk}/")
    assert "没有完成： 没有标准线。" in page
    assert "重试" in page


def test_a_run_that_does_not_exist_is_not_found(county: Client) -> None:
    assert county.get("/screening/999999/").status_code == 404
    assert county.get("/screening/compare/999999/").status_code == 404


def test_a_runs_page_asks_as_often_however_many_rules_hit(world: World, county: Client) -> None:
    quiet = screened()
    few = queries(county, f"/screening/{quiet.pk}/")
    pay(world, "韦甲"), pay(world, "黄甲"), pay(world, "蓝甲")
    busy = screened()
    assert busy.hits > quiet.hits
    assert queries(county, f"/screening/{busy.pk}/") == few


# ---- stopping ----


def test_stopping_is_asked_twice(world: World, county: Client) -> None:
    run = asked()
    page = text(county, f"/screening/{run.pk}/stop/")
    assert "正在做的分片全部退回" in page
    run.refresh_from_db()
    assert run.job_state == "waiting"
    assert county.post(f"/screening/{run.pk}/stop/")["Location"] == f"/screening/{run.pk}/"
    run.refresh_from_db()
    assert (run.job_state, run.stopped_by) == ("stopped", world.county_officer)


def test_stopping_what_is_over_is_refused_in_words(county: Client) -> None:
    run = screened()
    assert f"/screening/{run.pk}/stop/" not in county.get("/screening/").content.decode()
    answer = county.post(f"/screening/{run.pk}/stop/")
    assert answer.status_code == 400
    assert "已经结束，不用停止" in unescape(answer.content.decode())


# ---- comparing ----


def test_two_runs_are_compared_from_the_page(world: World, county: Client) -> None:
    pay(world, "韦甲")
    first = screened()
    pay(world, "蓝甲")
    second = screened()
    answer = county.post("/screening/compare/", {"first": second.pk, "second": first.pk})
    comparison = RunComparison.objects.get()
    path = f"/screening/compare/{comparison.pk}/"
    assert answer["Location"] == path
    assert "hx-trigger" in county.get(path).content.decode()
    perform_comparison(comparison.pk)
    page = text(county, path)
    assert "数据有变化：“医疗费用结算”期间入库 1 批。" in page
    assert "hx-trigger" not in county.get(path).content.decode()
    shown = text(county, f"{path}?rule=MED-01")
    assert "蓝甲" in shown
    assert "只有后一次命中" in shown
    assert "韦甲" not in shown
    assert f"第 {first.pk} 次和第 {second.pk} 次" in text(county, f"/screening/{first.pk}/")


def test_a_township_sees_names_of_its_own_only(world: World, signed_in: Signer) -> None:
    first = screened()
    pay(world, "韦甲")
    second = screened()
    client = signed_in(world.county_officer)
    client.post("/screening/compare/", {"first": first.pk, "second": second.pk})
    comparison = RunComparison.objects.get()
    perform_comparison(comparison.pk)
    path = f"/screening/compare/{comparison.pk}/?rule=MED-01"
    assert "韦甲" in text(signed_in(world.township_officer), path)
    elsewhere = text(signed_in(world.other_township_officer), path)
    assert "韦甲" not in elsewhere
    assert "都不在您的管辖范围内" in elsewhere


def test_a_comparison_asks_as_often_however_many_differ(world: World, county: Client) -> None:
    first = screened()
    pay(world, "韦甲")
    second = screened()
    pay(world, "蓝甲"), pay(world, "黄甲")
    third = screened()
    found = []
    for other in (second, third):
        county.post("/screening/compare/", {"first": first.pk, "second": other.pk})
        comparison = RunComparison.objects.first()
        assert comparison is not None
        perform_comparison(comparison.pk)
        found.append(queries(county, f"/screening/compare/{comparison.pk}/?rule=MED-01"))
    assert found[0] == found[1]


@pytest.mark.parametrize("second", ["", "x", "0", "9" * 40, "-1", "１"])
def test_a_strange_choice_is_refused_in_words(county: Client, second: str) -> None:
    run = screened()
    answer = county.post("/screening/compare/", {"first": run.pk, "second": second}, follow=True)
    assert answer.status_code == 200
    assert "请选一次研判来对比" in unescape(answer.content.decode())


def test_a_failed_comparison_is_tried_again(world: World, county: Client) -> None:
    runs = [screened(), screened()]
    county.post("/screening/compare/", {"first": runs[0].pk, "second": runs[1].pk})
    comparison = RunComparison.objects.get()
    path = f"/screening/compare/{comparison.pk}/"
    refused = county.post(f"{path}retry/", follow=True)
    assert "没有失败，不用重试" in unescape(refused.content.decode())
    RunComparison.objects.update(job_state="failed", job_error="中断了。")
    assert "没有完成： 中断了。" in text(county, path)
    county.post(f"{path}retry/")
    assert perform_comparison(comparison.pk)


# ---- who ----


def test_readers_see_everything_but_the_buttons(world: World, signed_in: Signer) -> None:
    pay(world, "韦甲")
    run = screened()
    waiting = asked()
    client = signed_in(world.leader)
    for path in ("/screening/", f"/screening/{run.pk}/", f"/screening/{waiting.pk}/"):
        page = client.get(path).content.decode()
        main = page[page.index("<main") : page.index("</main")]
        assert [w for w in ("<form", "/stop/") if w in main] == [], path


@pytest.mark.parametrize("who", ["township_officer", "leader", "worker_1", "stranger"])
def test_only_the_county_officer_acts(world: World, signed_in: Signer, who: str) -> None:
    done, waiting = screened(), asked()
    client = signed_in(getattr(world, who))
    for path, given in (
        (f"/screening/{waiting.pk}/stop/", {}),
        (f"/screening/{done.pk}/repeat/", {}),
        (f"/screening/{waiting.pk}/retry/", {}),
        ("/screening/compare/", {"first": done.pk, "second": waiting.pk}),
    ):
        assert client.post(path, given).status_code == 403, path
    assert client.get(f"/screening/{waiting.pk}/stop/").status_code == 403
    waiting.refresh_from_db()
    assert (waiting.job_state, ScreeningRun.objects.count()) == ("waiting", 2)


@pytest.mark.parametrize("who", ["stranger", "clerk_medical", "auditor"])
def test_who_sees_no_people_sees_no_runs(world: World, signed_in: Signer, who: str) -> None:
    run = screened()
    again = repeat_screening(acting=world.county_officer, run_id=run.pk)
    client = signed_in(getattr(world, who))
    for path in ("/screening/", f"/screening/{run.pk}/", f"/screening/{again.pk}/"):
        assert client.get(path).status_code == 403


def test_pages_answer_only_what_they_are_asked_by(county: Client) -> None:
    run = screened()
    assert county.post(f"/screening/{run.pk}/").status_code == 405
    assert county.get(f"/screening/{run.pk}/repeat/").status_code == 405
    assert county.get("/screening/compare/").status_code == 405
