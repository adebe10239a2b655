"""Divisions and tun brought in from files."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from grid.actions.installation import shipped_divisions as divisions
from grid.actions.regions import import_divisions, import_tuns
from grid.models import Region
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Refusal

VILLAGE = "451203104207"


def tun(name: str, code: str = "", village: str = VILLAGE) -> dict[str, str]:
    return {"村（社区）代码": village, "屯代码": code, "屯名称": name}


@pytest.fixture
def places(db: None) -> None:
    import_divisions(acting=SYSTEM, divisions=divisions())


def tuns() -> list[tuple[str, str]]:
    return list(Region.objects.filter(level="tun").values_list("code", "name"))


def test_the_file_has_228_places(db: None) -> None:
    assert import_divisions(acting=SYSTEM, divisions=divisions()).added == 1 + 16 + 211


def test_importing_again_changes_nothing(places: None) -> None:
    counts = import_divisions(acting=SYSTEM, divisions=divisions())
    assert (counts.added, counts.changed, counts.unchanged) == (0, 0, 228)


def test_a_corrected_name_is_not_set_back(places: None) -> None:
    Region.objects.filter(name="楞底村").update(name="塄底村", name_to_confirm=False)
    import_divisions(acting=SYSTEM, divisions=divisions())
    assert Region.objects.filter(name="塄底村").exists()


def test_a_renamed_township_is_updated(places: None) -> None:
    changed = divisions()
    changed["townships"][0]["name"] = "新庆远镇"
    assert import_divisions(acting=SYSTEM, divisions=changed).changed == 1


def test_communities_are_told_from_villages(places: None) -> None:
    assert Region.objects.filter(is_community=True).count() == 31


def test_codes_that_do_not_nest_are_refused(db: None) -> None:
    broken = divisions()
    broken["townships"][0]["units"][0]["code"] = "451299100001"
    with pytest.raises(Refusal, match="没有导入任何行"):
        import_divisions(acting=SYSTEM, divisions=broken)
    assert not Region.objects.exists()


def test_somebody_without_a_post_may_not_import(db: None, django_user_model: Any) -> None:
    nobody = django_user_model.objects.create(username="nobody", name="路人")
    with pytest.raises(NotAllowed):
        import_divisions(acting=nobody, divisions=divisions())


def test_a_tun_without_code_gets_the_next_number(places: None) -> None:
    import_tuns(acting=SYSTEM, rows=[tun("拉敢屯"), tun("下里屯")])
    assert tuns() == [(f"{VILLAGE}001", "拉敢屯"), (f"{VILLAGE}002", "下里屯")]


def test_a_known_name_keeps_its_code(places: None) -> None:
    import_tuns(acting=SYSTEM, rows=[tun("拉敢屯")])
    counts = import_tuns(acting=SYSTEM, rows=[tun("下里屯"), tun("拉敢屯")])
    assert (counts.added, counts.unchanged) == (1, 1)


def test_a_code_of_its_own_renames_the_tun(places: None) -> None:
    import_tuns(acting=SYSTEM, rows=[tun("拉敢屯", f"{VILLAGE}007")])
    import_tuns(acting=SYSTEM, rows=[tun("上拉敢屯", f"{VILLAGE}007")])
    assert tuns() == [(f"{VILLAGE}007", "上拉敢屯")]


def test_numbers_go_on_behind_a_code_given_in_the_same_file(places: None) -> None:
    import_tuns(acting=SYSTEM, rows=[tun("甲屯", f"{VILLAGE}004"), tun("乙屯")])
    assert (f"{VILLAGE}005", "乙屯") in tuns()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (tun("甲屯", village="999999999999"), "第 3 行：没有代码为“999999999999”"),
        (tun(""), "第 3 行：屯名称没有填"),
        (tun("甲屯", "12345"), "第 3 行：屯代码“12345”不是 15 位数字"),
        (tun("甲屯", "451203105200001"), "不以村代码"),
        (tun("拉敢屯"), "第 3 行：屯“拉敢屯”重复出现"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_imported(
    places: None, row: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Refusal, match=sentence):
        import_tuns(acting=SYSTEM, rows=[tun("拉敢屯"), row])
    assert tuns() == []


def test_importing_tun_is_audited(places: None) -> None:
    import_tuns(acting=SYSTEM, rows=[tun("拉敢屯")])
    assert AuditEntry.objects.get(verb="import_tuns").detail["added"] == 1


def test_the_command_reads_a_gb18030_file(places: None, tmp_path: Path) -> None:
    file = tmp_path / "tun.csv"
    file.write_text(f"村（社区）代码,屯名称\n{VILLAGE},拉敢屯\n", encoding="gb18030")
    call_command("import_tuns", file)
    assert tuns() == [(f"{VILLAGE}001", "拉敢屯")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("代码,名称\n1,2\n", "表头里没有"), ("村（社区）代码,屯名称\n", "文件里没有屯")],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    places: None, tmp_path: Path, content: str, sentence: str
) -> None:
    file = tmp_path / "tun.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CommandError, match=sentence):
        call_command("import_tuns", file)


def test_a_missing_file_is_one_sentence(places: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="打不开"):
        call_command("import_tuns", tmp_path / "none.csv")
