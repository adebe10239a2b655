"""Drafts of rules: who may write and publish, what is refused, what becomes of the figures."""

import json
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from grid.models import Account
from grid.roles import Role
from monitoring.actions.figures import checked_figures, fingerprint, fits
from monitoring.actions.rule_drafts import (
    change_draft,
    discard_draft,
    publish_version,
    return_draft,
    start_draft,
    start_rule,
    submit_draft,
    why_not_publish,
)
from monitoring.actions.rule_files import import_rule
from monitoring.actions.rule_previews import preview_version
from monitoring.actions.rules import export_rule, load_shipped_rules, retire_rule
from monitoring.engine import screening
from monitoring.models import RuleVersion, Threshold
from monitoring.rules import SHIPPED
from monitoring.rules.definition import BadRule
from tests.monitoring.records import add_settlement
from tests.monitoring.test_screening import fired, months_ago, screen
from tests.world import World, add_account, add_post
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal

pytestmark = pytest.mark.django_db
KEY = "medical_self_paid_ordinary"
LOWER = {
    KEY: {
        "label": "一般家庭医疗自付监测线",
        "value": "20000",
        "unit": "元",
        "source": "宜防贫〔2026〕3 号",
    }
}


@pytest.fixture
def rules(world: World) -> World:
    load_shipped_rules(acting=SYSTEM)
    return world


@pytest.fixture
def second(world: World) -> Account:
    account = add_account("county2", "第二专员")
    add_post(account, Role.COUNTY_OFFICER, region=world.county, seat=2)
    return account


def medical(**parts: Any) -> dict[str, Any]:
    shipped = next(rule for rule in SHIPPED if rule.code == "MED-01")
    return deepcopy(dict(shipped.definition)) | parts


def draft(world: World, **parts: Any) -> RuleVersion:
    """MED-01 with other content, not yet submitted."""
    version = start_draft(acting=world.county_officer, code="MED-01")
    change(world.county_officer, version, **parts)
    return version


def change(acting: Account, version: RuleVersion, **parts: Any) -> None:
    content = {
        "definition": version.definition,
        "figures": version.figures,
        "source": "宜防贫〔2026〕3 号",
        "why": "监测线太高",
        "review_on": timezone.localdate() + timedelta(days=180),
    } | parts
    change_draft(acting=acting, version=version, version_seen=version.version, **content)


def submitted(world: World, **parts: Any) -> RuleVersion:
    version = draft(world, **parts)
    officer = world.county_officer
    preview_version(acting=officer, version=version, version_seen=version.version)
    submit_draft(acting=officer, version=version, version_seen=version.version)
    return version


def publish(acting: Account, version: RuleVersion, days: int = 1) -> None:
    from_on = timezone.localdate() + timedelta(days=days)
    publish_version(acting=acting, version=version, version_seen=version.version, from_on=from_on)


# ---- shipped rules ----


def test_shipped_rules_are_in_force_since_long_ago(rules: World) -> None:
    versions = RuleVersion.objects.published(months_ago(24))
    assert {v.rule_id for v in versions} == {rule.code for rule in SHIPPED}


def test_loading_twice_adds_nothing(rules: World) -> None:
    assert load_shipped_rules(acting=SYSTEM) == 0


def test_a_rule_whose_wordings_were_discarded_gets_a_new_version(rules: World) -> None:
    RuleVersion.objects.filter(rule="MED-01").update(state="discarded", from_on=None)
    assert load_shipped_rules(acting=SYSTEM) == 1
    assert RuleVersion.objects.published().get(rule="MED-01").number == 2


def test_a_figure_an_official_changed_stays(rules: World) -> None:
    Threshold.objects.filter(key=KEY).update(value=Decimal(1))
    load_shipped_rules(acting=SYSTEM)
    assert [t.value for t in Threshold.objects.filter(key=KEY)] == [Decimal(1)]


# ---- who may ----


@pytest.mark.parametrize(
    "name", ["leader", "township_officer", "village_head", "worker_1", "clerk_medical", "auditor"]
)
def test_others_write_no_rules(rules: World, name: str) -> None:
    with pytest.raises(NotAllowed):
        start_draft(acting=getattr(rules, name), code="MED-01")


def test_the_writer_does_not_publish_and_reads_who_may(rules: World, second: Account) -> None:
    version = submitted(rules)
    with pytest.raises(Refusal, match="可以发布的有：第二专员"):
        publish(rules.county_officer, version)


def test_whoever_changed_a_word_does_not_publish(rules: World, second: Account) -> None:
    version = draft(rules)
    change(second, version, why="补充依据")
    preview_version(acting=second, version=version, version_seen=version.version)
    submit_draft(acting=second, version=version, version_seen=version.version)
    with pytest.raises(Refusal, match="请先任职"):
        publish(second, version)


def test_published_by_a_second_person(rules: World, second: Account) -> None:
    version = submitted(rules)
    publish(second, version)
    assert (version.state, version.published_by) == ("published", second)
    assert AuditEntry.objects.filter(verb="published_rule", actor=second).count() == 1


# ---- one at a time ----


def test_two_editors_at_once(rules: World, second: Account) -> None:
    mine = draft(rules)
    theirs = RuleVersion.objects.get(pk=mine.pk)
    change(rules.county_officer, mine, why="先保存的")
    with pytest.raises(Overtaken):
        change(second, theirs, why="后保存的")
    assert RuleVersion.objects.get(pk=mine.pk).why == "先保存的"


def test_a_rule_has_one_draft(rules: World) -> None:
    draft(rules)
    with pytest.raises(Refusal, match="已有草稿的第 2 版"):
        start_draft(acting=rules.county_officer, code="MED-01")


def test_a_submitted_draft_is_not_changed(rules: World) -> None:
    version = submitted(rules)
    with pytest.raises(Overtaken):
        change(rules.county_officer, version)


def test_a_returned_draft_may_be_changed_again(rules: World, second: Account) -> None:
    version = submitted(rules)
    return_draft(acting=second, version=version, version_seen=version.version, reason="依据不清")
    change(rules.county_officer, version, source="宜防贫〔2026〕5 号")
    assert version.state == "draft"


def test_a_discarded_draft_makes_room(rules: World) -> None:
    version = draft(rules)
    discard_draft(
        acting=rules.county_officer, version=version, version_seen=version.version, reason="不改了"
    )
    assert start_draft(acting=rules.county_officer, code="MED-01").number == 3


def test_a_published_version_is_not_discarded(rules: World) -> None:
    version = RuleVersion.objects.published().get(rule="MED-01")
    with pytest.raises(Overtaken):
        discard_draft(acting=rules.county_officer, version=version, version_seen=1, reason="不要了")


# ---- what publication needs and does ----


def test_the_previous_version_ends_when_the_new_one_begins(rules: World, second: Account) -> None:
    version = submitted(rules)
    publish(second, version)
    tomorrow = timezone.localdate() + timedelta(days=1)
    terms = RuleVersion.objects.published().filter(rule="MED-01").order_by("number")
    assert [(v.number, v.until_on) for v in terms] == [(1, tomorrow), (2, None)]


def test_proposed_figures_become_thresholds_of_that_day(rules: World, second: Account) -> None:
    publish(second, submitted(rules, figures=LOWER))
    tomorrow = timezone.localdate() + timedelta(days=1)
    rows = Threshold.objects.filter(key=KEY).order_by("from_on")
    assert [(t.value, t.until_on) for t in rows] == [
        (Decimal(26000), tomorrow),
        (Decimal(20000), None),
    ]


def test_a_rule_published_from_today_screens_today(rules: World, second: Account) -> None:
    add_settlement(rules.people["蓝甲"], months_ago(2), "21000")
    screen()
    assert fired("MED-01") == {}
    publish(second, submitted(rules, figures=LOWER), days=0)
    screen()
    assert fired("MED-01") == {"蓝甲": 3}


def test_no_publication_in_the_past(rules: World, second: Account) -> None:
    with pytest.raises(Refusal, match="不能早于今天"):
        publish(second, submitted(rules), days=-1)


def test_no_publication_without_a_preview(rules: World, second: Account) -> None:
    version = draft(rules)
    submit_draft(acting=rules.county_officer, version=version, version_seen=version.version)
    with pytest.raises(Refusal, match="还没有预览"):
        publish(second, version)


def test_a_preview_of_other_figures_does_not_count(rules: World, second: Account) -> None:
    version = draft(rules)
    officer = rules.county_officer
    preview_version(acting=officer, version=version, version_seen=version.version)
    change(officer, version, figures=LOWER)
    submit_draft(acting=officer, version=version, version_seen=version.version)
    assert "还没有预览" in why_not_publish(version, second)


def test_a_rule_that_matches_everybody_is_stopped_with_the_count(
    rules: World, second: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screening, "ALWAYS_ALLOWED", 2)
    Threshold.objects.update_or_create(
        key="rule_most_share",
        area=rules.county,
        defaults={
            "label": "一条规则最多命中",
            "value": Decimal("0.2"),
            "unit": "比例",
            "source": "测试",
            "from_on": months_ago(24),
        },
    )
    everybody = medical(
        measures={"size": {"fact": "size"}},
        value="size",
        when={"measure": "size", "op": ">=", "number": 1},
        bands=[{"severity": 4}],
        sentence="全户 {value} 人",
    )
    del everybody["lines"]
    version = submitted(rules, definition=everybody)
    with pytest.raises(Refusal, match="预览命中 5 户，超过可信的上限"):
        publish(second, version)


def test_a_figure_that_begins_later_is_not_overrun(rules: World, second: Account) -> None:
    row = Threshold.objects.get(key=KEY)
    next_week = timezone.localdate() + timedelta(days=7)
    Threshold.objects.filter(pk=row.pk).update(until_on=next_week)
    row.pk, row.from_on = None, next_week
    row.save(force_insert=True)
    with pytest.raises(Refusal, match=f"从 {next_week} 起已有一个数"):
        publish(second, submitted(rules, figures=LOWER))


def test_refused_publication_changes_nothing(rules: World, second: Account) -> None:
    version = submitted(rules, figures=LOWER)
    stale = RuleVersion.objects.get(pk=version.pk)
    stale.version -= 1
    with pytest.raises(Overtaken):
        publish(second, stale)
    assert Threshold.objects.get(key=KEY).until_on is None
    assert RuleVersion.objects.published().get(rule="MED-01").until_on is None


# ---- figures ----


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ({"unit": ""}, "没有单位"),
        ({"source": ""}, "没有依据文件"),
        ({"label": ""}, "名称"),
        ({"value": "一万"}, "应为一个数"),
        ({"value": "1.234"}, "两位小数"),
        ({"value": "9999999999999"}, "应为一个数|两位小数"),
        ({"sql": "x"}, "不认识“sql”"),
    ],
)
def test_a_figure_lacking_a_part_is_refused(
    rules: World, figure: dict[str, str], words: str
) -> None:
    version = start_draft(acting=rules.county_officer, code="MED-01")
    with pytest.raises(Refusal, match=words):
        change(rules.county_officer, version, figures={KEY: LOWER[KEY] | figure})


def test_a_unit_that_does_not_fit_is_refused(rules: World) -> None:
    version = draft(rules, figures={KEY: LOWER[KEY] | {"unit": "天"}})
    with pytest.raises(Refusal, match="单位是“天”"):
        submit_draft(acting=rules.county_officer, version=version, version_seen=version.version)


def test_a_line_nobody_entered_is_refused(rules: World) -> None:
    version = draft(rules, definition=medical(lines=[{"threshold": "unheard_of"}]))
    with pytest.raises(Refusal, match="没有标准线“unheard_of”"):
        submit_draft(acting=rules.county_officer, version=version, version_seen=version.version)


@pytest.mark.parametrize(
    ("unit", "wanted", "right"),
    [
        ("元", "元", True),
        ("元/人", "元", True),
        ("次", "", True),
        ("", "", False),
        ("天", "元", False),
        ("%", "倍", False),
        ("比例", "倍", True),
    ],
)
def test_units(unit: str, wanted: str, right: bool) -> None:
    assert fits(unit, wanted) is right


def test_every_shipped_figure_fits_its_rule(rules: World) -> None:
    from monitoring.actions.figures import lacking

    wrong = {
        v.rule_id: lacking(v.definition, {}, timezone.localdate())
        for v in RuleVersion.objects.published()
    }
    assert {code: said for code, said in wrong.items() if said} == {}


def test_the_fingerprint_forgets_the_order_of_keys() -> None:
    one, other = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert fingerprint(one, {}) == fingerprint(other, {}) != fingerprint({"a": 1}, {})


# ---- bad content ----


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"measures": {"paid": {"feed": "weather", "op": "count"}}}, "没有数据集“weather”"),
        (
            {"measures": {"paid": {"feed": "medical_settlement", "op": "sum", "column": "tax"}}},
            "没有“tax”",
        ),
        (
            {
                "measures": {
                    "paid": {
                        "feed": "medical_settlement",
                        "op": "sum",
                        "column": "self_paid_yuan",
                        "window": {"months": 0},
                    }
                }
            },
            "1 到 120 个月",
        ),
    ],
)
def test_bad_content_is_not_saved(rules: World, parts: dict[str, Any], words: str) -> None:
    version = start_draft(acting=rules.county_officer, code="MED-01")
    with pytest.raises(BadRule, match=words):
        change(rules.county_officer, version, definition=medical(**parts))
    assert RuleVersion.objects.get(pk=version.pk).definition == medical()


@pytest.mark.parametrize("code", ["med-01", "MED", "MED-1 ", "M-01'; --", ""])
def test_a_code_is_letters_and_digits(rules: World, code: str) -> None:
    with pytest.raises(Refusal, match="编号应为"):
        start_rule(
            acting=rules.county_officer, code=code, title="新规则", risk="因病", owner="医保局"
        )


def test_a_new_rule_begins_complete(rules: World) -> None:
    version = start_rule(
        acting=rules.county_officer, code="MED-90", title="新规则", risk="因病", owner="医保局"
    )
    submit_draft(acting=rules.county_officer, version=version, version_seen=version.version)
    assert version.state == "submitted"


# ---- retired ----


def retire(world: World, days: int, reason: str = "指标取消") -> RuleVersion:
    version = RuleVersion.objects.published().get(rule="MED-01")
    retire_rule(
        acting=world.county_officer,
        version=version,
        version_seen=version.version,
        until_on=timezone.localdate() + timedelta(days=days),
        reason=reason,
    )
    return version


def test_a_retired_rule_finds_nothing_from_that_day_on(rules: World) -> None:
    add_settlement(rules.people["韦甲"], months_ago(2), "12000")
    retire(rules, 0)
    screen()
    assert fired("MED-01") == {}


def test_a_rule_is_not_retired_in_the_past(rules: World) -> None:
    with pytest.raises(Refusal, match="不能早于今天"):
        retire(rules, -1)


def test_retiring_needs_a_reason(rules: World) -> None:
    with pytest.raises(Refusal, match="停用原因"):
        retire(rules, 1, reason=" ")


# ---- files ----


def exported(world: World) -> bytes:
    version = RuleVersion.objects.published().get(rule="MED-01")
    return export_rule(acting=world.county_officer, version=version)


def test_a_file_says_the_rule_in_words_with_its_figures(rules: World) -> None:
    given = json.loads(exported(rules))
    assert list(given)[:3] == ["format", "code", "title"]
    assert (
        "原因写法：近 12 个月医疗自付 {value} 元，达到{line_label}监测线 {line} 元"
        in given["in_words"]
    )
    assert {t["key"]: t["unit"] for t in given["thresholds"]} == {
        "medical_self_paid_low_income": "元",
        KEY: "元",
    }


def test_equal_rules_give_equal_files(rules: World) -> None:
    assert exported(rules) == exported(rules)


def test_every_shipped_rule_comes_back_from_its_file(rules: World) -> None:
    for base in RuleVersion.objects.published():
        content = export_rule(acting=rules.county_officer, version=base)
        version = import_rule(acting=rules.county_officer, content=content)
        back = (version.definition, version.figures, version.based_on)
        assert back == (base.definition, {}, base)


def altered(world: World, **parts: Any) -> bytes:
    return json.dumps(json.loads(exported(world)) | parts).encode()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"format": "other"}, "format 应为"),
        ({"extra": 1}, "不认识“extra”"),
        ({"definition": None}, "一组"),
        ({"thresholds": [{"key": KEY, "label": "线线", "value": 1, "source": "x 文"}]}, "没有单位"),
        ({"thresholds": {"a": 1}}, "列表"),
        ({"thresholds": [LOWER[KEY] | {"key": "elsewhere"}]}, "没有用在这条规则里"),
        ({"source": ""}, "依据文件"),
        ({"code": "MED-77", "title": ""}, "名称应为"),
    ],
)
def test_a_bad_file_is_refused_in_words(rules: World, parts: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        import_rule(acting=rules.county_officer, content=altered(rules, **parts))
    assert not RuleVersion.objects.filter(state="draft").exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[1]", b"[" * 100_000, b"x" * 300_000])
def test_what_is_no_rule_file_is_refused(rules: World, content: bytes) -> None:
    with pytest.raises(Refusal, match="JSON|不是规则文件|太大"):
        import_rule(acting=rules.county_officer, content=content)


def test_a_file_may_bring_a_new_rule_and_its_line(rules: World) -> None:
    line = LOWER[KEY] | {"key": "new_line"}
    definition = medical(lines=[{"threshold": "new_line"}])
    content = altered(rules, code="MED-77", title="试行", definition=definition, thresholds=[line])
    version = import_rule(acting=rules.county_officer, content=content)
    assert (version.rule_id, version.number) == ("MED-77", 1)
    assert version.figures == checked_figures({"new_line": LOWER[KEY]})
