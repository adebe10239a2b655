"""The pages of department data: list, form, steps, faults, decisions; all without JavaScript."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from grid.models import Account
from monitoring.models import Upload
from tests.monitoring.batches import as_csv, dibao, send, titles, work
from tests.world import World

pytestmark = pytest.mark.django_db
CONTENT = as_csv([titles(), dibao(0), dibao(1, people="零"), dibao(2, id_number="12")])
FORM = "/data/dibao_payment/"


@pytest.fixture
def clerk(world: World, signed_in: Callable[[Account], Client]) -> Client:
    return signed_in(world.clerk_civil)


@pytest.fixture
def deciding(world: World) -> Upload:
    return work(send(world.clerk_civil, CONTENT, on_faults="ask"))


def text(answer: Any) -> str:
    return answer.content.decode()


def test_the_clerk_sees_the_own_data_set(clerk: Client) -> None:
    page = text(clerk.get("/data/"))
    assert ("低保金发放" in page, "残疾人证" in page) == (True, False)


def test_the_county_officer_sees_all_data_sets(
    world: World, signed_in: Callable[[Account], Client]
) -> None:
    page = text(signed_in(world.county_officer).get("/data/"))
    assert all(
        title in page for title in ("低保金发放", "残疾人证", "医疗费用结算", "学生就学状态")
    )


@pytest.mark.parametrize("name", ["worker_1", "township_officer", "auditor", "stranger"])
def test_who_sends_no_data_is_refused(
    world: World, signed_in: Callable[[Account], Client], name: str
) -> None:
    assert signed_in(getattr(world, name)).get("/data/").status_code == 403


def test_a_file_sent_by_the_form_leads_to_its_steps(clerk: Client) -> None:
    file = SimpleUploadedFile("数据.csv", CONTENT)
    answer = clerk.post(FORM, {"file": file, "on_faults": "ask"})
    assert answer.headers["Location"] == f"/data/uploads/{Upload.objects.get().pk}/"


def test_an_unreadable_file_is_refused_on_the_form(clerk: Client) -> None:
    file = SimpleUploadedFile("a.pdf", b"%PDF-1.7")
    answer = clerk.post(FORM, {"file": file, "on_faults": "ask"})
    assert (answer.status_code, "这不是表格文件" in text(answer)) == (415, True)


def test_an_empty_file_is_refused_on_the_form(clerk: Client) -> None:
    file = SimpleUploadedFile("a.csv", b"")
    answer = clerk.post(FORM, {"file": file, "on_faults": "ask"})
    assert "文件是空的" in text(answer)


def test_no_file_is_asked_for(clerk: Client) -> None:
    answer = clerk.post(FORM, {"on_faults": "ask"})
    assert (answer.status_code, "请先选择文件" in text(answer)) == (422, True)


def test_the_form_of_another_department_is_not_found(clerk: Client) -> None:
    assert clerk.get("/data/medical_settlement/").status_code == 404


def test_the_steps_page_names_the_faults_by_kind(clerk: Client, deciding: Upload) -> None:
    assert "保障人数不是整数：1 行" in text(clerk.get(f"/data/uploads/{deciding.pk}/"))


def test_the_steps_page_looks_again_while_work_goes_on(clerk: Client, world: World) -> None:
    upload = send(world.clerk_civil, CONTENT)
    assert 'hx-trigger="every 2s"' in text(clerk.get(f"/data/uploads/{upload.pk}/"))


def test_the_steps_page_is_at_rest_when_a_decision_is_due(clerk: Client, deciding: Upload) -> None:
    assert "every 2s" not in text(clerk.get(f"/data/uploads/{deciding.pk}/"))


def test_htmx_gets_only_the_live_part(clerk: Client, deciding: Upload) -> None:
    answer = clerk.get(f"/data/uploads/{deciding.pk}/", headers={"HX-Request": "true"})
    assert text(answer).lstrip().startswith('<div id="live"')


def test_faults_can_be_narrowed_to_one_kind(clerk: Client, deciding: Upload) -> None:
    query = {"code": "id_length", "column": "身份证号"}
    page = text(clerk.get(f"/data/uploads/{deciding.pk}/", query))
    assert ("应为 18 位" in page, "不是整数</td>" in page) == (True, False)


def test_a_narrowed_list_says_what_it_shows(clerk: Client, deciding: Upload) -> None:
    query = {"code": "id_length", "column": "身份证号"}
    page = f"/data/uploads/{deciding.pk}/"
    assert "只看：身份证号不是 18 位" in text(clerk.get(page, query))
    assert "只看：" not in text(clerk.get(page, {"code": "nothing"}))


def test_a_repeated_row_is_told_as_a_whole_row(clerk: Client, world: World) -> None:
    upload = work(send(world.clerk_civil, as_csv([titles(), dibao(0), dibao(0)])))
    page = text(clerk.get(f"/data/uploads/{upload.pk}/"))
    assert ">与前面的行完全相同：1 行</a>" in page
    assert '<td data-label="列">整行</td>' in page


def test_the_form_says_when_a_quarterly_data_set_is_due(
    world: World, signed_in: Callable[[Account], Client]
) -> None:
    page = text(signed_in(world.county_officer).get("/data/water_supply/"))
    assert "每 3 个月（1、4、7、10 月）15 日前报送" in page


def test_the_decision_merges(clerk: Client, deciding: Upload) -> None:
    clerk.post(f"/data/uploads/{deciding.pk}/decide/", {"take": "good"})
    assert work(deciding).accepted == 1


def test_a_late_decision_is_told_on_the_page(clerk: Client, deciding: Upload) -> None:
    address = f"/data/uploads/{deciding.pk}/decide/"
    clerk.post(address, {"take": "nothing"})
    assert "状态已经变了" in text(clerk.post(address, {"take": "good"}, follow=True))


def test_discarding_ends_the_batch(clerk: Client, deciding: Upload) -> None:
    clerk.post(f"/data/uploads/{deciding.pk}/discard/")
    deciding.refresh_from_db()
    assert deciding.stage == Upload.Stage.DISCARDED


def test_a_failed_batch_shows_the_retry_button(clerk: Client, deciding: Upload) -> None:
    Upload.objects.filter(pk=deciding.pk).update(job_state="failed", stage="checking")
    assert f"/data/uploads/{deciding.pk}/retry/" in text(clerk.get(f"/data/uploads/{deciding.pk}/"))


def test_the_fault_file_is_a_workbook_with_a_chinese_name(clerk: Client, deciding: Upload) -> None:
    answer = clerk.get(f"/data/uploads/{deciding.pk}/faults.xlsx")
    assert answer.content[:2] == b"PK"
    assert "filename*=utf-8''%E4%BD%8E" in answer.headers["Content-Disposition"]


def test_the_template_is_a_workbook(clerk: Client) -> None:
    assert clerk.get("/data/dibao_payment/template.xlsx").content[:2] == b"PK"


@pytest.mark.parametrize("path", ["", "faults.xlsx"])
def test_a_batch_of_another_department_is_not_found(
    world: World, signed_in: Callable[[Account], Client], deciding: Upload, path: str
) -> None:
    client = signed_in(world.clerk_medical)
    assert client.get(f"/data/uploads/{deciding.pk}/{path}").status_code == 404


def test_the_page_shows_no_whole_identity_number(clerk: Client, world: World) -> None:
    wrong = "99010119800101123A"
    upload = work(send(world.clerk_civil, as_csv([titles(), dibao(id_number=wrong), dibao(1)])))
    assert wrong not in text(clerk.get(f"/data/uploads/{upload.pk}/"))


def test_a_curl_example_with_the_real_address_stands_on_the_form(clerk: Client) -> None:
    assert "http://testserver/api/uploads/" in text(clerk.get(FORM))


@pytest.mark.parametrize(("path", "most"), [("/data/", 16), ("/data/dibao_payment/", 10)])
def test_a_page_asks_the_database_few_times(
    clerk: Client,
    deciding: Upload,
    django_assert_max_num_queries: Any,
    path: str,
    most: int,
) -> None:
    with django_assert_max_num_queries(most):
        clerk.get(path)
