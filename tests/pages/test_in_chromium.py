"""The pages as people use them: keyboard, phone steps, large type, and without a script."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from django.utils import timezone

from grid.models import Household, Visit
from tests.world import World

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
Opener = Callable[..., "Page"]


def shown_forms(page: "Page") -> list[str]:
    return page.eval_on_selector_all(
        ".decision > form", "forms => forms.filter(f => f.offsetParent).map(f => f.className)"
    )


def test_j_moves_to_the_next_household_and_shows_it(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **DESK)
    page.keyboard.press("j")
    page.locator("#panel h2", has_text="罗甲 户").wait_for()
    assert "selected=" in page.url


def test_enter_opens_the_file_of_the_chosen_household(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **DESK)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/households/{world.household.pk}/")


def test_letters_typed_into_a_field_are_no_commands(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **DESK)
    page.focus("#assign-note")
    page.keyboard.type("j?1")
    assert page.input_value("#assign-note") == "j?1"
    assert page.inner_text("#panel h2") == "韦甲 户"


def test_question_mark_opens_the_keyboard_help(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **DESK)
    page.keyboard.press("?")
    assert page.is_visible("#keys")


def test_single_keys_can_be_switched_off(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **DESK)
    page.keyboard.press("?")
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("?")
    assert not page.is_visible("#keys")


def test_control_enter_sends_the_decision(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **DESK)
    page.fill("#assign-note", "带上住院票据原件")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".message-success")
    assert "已派给" in page.inner_text(".message-success")


def test_large_type_keeps_what_was_typed(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **DESK)
    page.fill("#assign-note", "带上票据")
    page.click("#big-type")
    page.wait_for_selector("html.big")
    assert page.input_value("#assign-note") == "带上票据"
    page.reload()
    assert page.evaluate("document.documentElement.className") == "big"


def test_large_type_causes_no_sideways_scrolling(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **DESK)
    page.click("#big-type")
    page.wait_for_selector("html.big")
    assert page.evaluate("document.documentElement.scrollWidth") == 1440


def test_the_decision_works_without_a_script(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", java_script_enabled=False, **DESK)
    page.fill("#assign-note", "带上票据")
    page.click("form.form-1 [type=submit]")
    assert "已派给" in page.inner_text(".message-success")


def test_an_expired_session_leads_to_the_sign_in_page(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **DESK)
    page.context.clear_cookies()
    page.keyboard.press("j")
    page.wait_for_url("**/signin/**")


def fill_visit(page: "Page") -> None:
    """Answer every step; the check page stays open."""
    page.click("#forward")
    page.click("label[for=q_members_right-yes]")
    page.click("#q_away ~ button[data-by='1']")
    page.click("#q_away ~ button[data-by='1']")
    page.click("#forward")
    page.click("label[for=q_water_safe-no]")
    page.click("label[for=q_water_problems-distance]")
    page.fill("#q_water_evidence", "每天到屯口挑水两趟")
    page.click("label[for=q_house_safe-yes]")
    page.click("#forward")
    for name in ("school_ok-yes", "insured-yes"):
        page.click(f"label[for=q_{name}]")
    page.click("#forward")
    page.click("label[for=q_income_change-same]")
    add_line(page, "income", "wages", "18,000")
    page.click("#forward")
    for name in ("risk-no", "need_help-no"):
        page.click(f"label[for=q_{name}]")
    page.click("#forward")
    for name in ("alert_right-yes", "alert_seen-papers"):
        page.click(f"label[for=q_{name}]")
    page.click("[id^=outcome_] label:has-text('有返贫致贫风险')")
    page.fill("textarea[name^=outcome_note]", "票据齐全，当面核实")
    page.click("#forward")


def add_line(page: "Page", list_name: str, item: str, yuan: str) -> None:
    page.click(f"#q_{list_name} [data-add-line]")
    line = page.locator(f"#q_{list_name} .money:visible").last
    line.locator("select").first.select_option(item)
    line.locator("input").fill(yuan)


def test_the_visit_is_filed_step_by_step(world: World, open_page: Opener) -> None:
    page = open_page(world.worker_1, "/my-work/", **PHONE)
    page.click(".task")
    fill_visit(page)
    page.check("#confirmed")
    page.click("#send")
    page.wait_for_url("**/done/")
    answers = Visit.objects.get().answers
    assert (answers["away"], answers["water_problems"]) == (2, ["distance"])
    assert answers["income"] == [{"item": "wages", "month": "", "yuan": "18000.00"}]


def test_the_check_page_repeats_the_answers(world: World, open_page: Opener) -> None:
    page = open_page(world.worker_1, "/my-work/", **PHONE)
    page.click(".task")
    fill_visit(page)
    assert "来回超过 20 分钟" in page.inner_text("#answers")
    assert "务工工资 12 个月合计 18,000 元" in page.inner_text("#answers")


def test_an_answer_that_reveals_a_question_shows_it(world: World, open_page: Opener) -> None:
    page = open_page(world.worker_1, "/my-work/", **PHONE)
    page.click(".task")
    page.click("#forward")
    assert not page.is_visible("#q_members_change")
    page.click("label[for=q_members_right-no]")
    assert page.is_visible("#q_members_change")


def test_nobody_met_skips_the_questions_about_the_home(world: World, open_page: Opener) -> None:
    page = open_page(world.worker_1, "/my-work/", **PHONE)
    page.click(".task")
    page.click("label[for=mode-not_met]")
    assert page.inner_text("#step-count") == "共 3 步"


def test_an_error_link_opens_its_step(world: World, open_page: Opener) -> None:
    page = open_page(world.worker_1, "/my-work/", **PHONE)
    page.click(".task")
    fill_visit(page)
    page.evaluate("document.getElementById('q_away').value = '99'")
    page.check("#confirmed")
    page.click("#send")
    page.click(".error-summary a")
    assert page.is_visible("#q_away")


def test_the_visit_is_filed_without_a_script(world: World, open_page: Opener) -> None:
    page = open_page(world.worker_1, "/my-work/", java_script_enabled=False, **PHONE)
    page.click(".task")
    for name in ("members_right-yes", "water_safe-yes", "house_safe-yes", "school_ok-none"):
        page.check(f"#q_{name}")
    for name in ("insured-yes", "income_change-same", "risk-no", "need_help-no"):
        page.check(f"#q_{name}")
    for name in ("alert_right-yes", "alert_seen-head"):
        page.check(f"#q_{name}")
    page.fill("#q_away", "0")
    page.select_option("[name=q_spending_item] >> nth=0", "medical")
    page.fill("[name=q_spending_yuan] >> nth=0", "46820")
    page.check("[id^=outcome_][value=no_risk_self_solved]")
    page.fill("textarea[name^=outcome_note]", "家庭收入足以支付")
    page.check("#confirmed")
    page.click("#send")
    page.wait_for_url("**/done/")
    visit = Visit.objects.get()
    assert visit.by == world.worker_1
    assert visit.answers["spending"] == [{"item": "medical", "month": "", "yuan": "46820.00"}]


KNOWN = {
    "members_right": "yes",
    "away": 1,
    "water_safe": "yes",
    "house_safe": "yes",
    "school_ok": "yes",
    "insured": "yes",
    "income_change": "same",
    "income": [{"item": "wages", "month": "", "yuan": "18000.00"}],
    "spending": [{"item": "medical", "month": "", "yuan": "900.00"}],
    "risk": "no",
    "need_help": "no",
}


def visited_before(world: World, household: Household) -> None:
    Visit.objects.create(
        household=household,
        code=household.cell_id,
        by=world.worker_1,
        visited_at=timezone.now() - timedelta(days=90),
        form_version=2,
        answers=KNOWN,
    )


def test_an_unchanged_visit_takes_eight_taps_and_no_typing(world: World, open_page: Opener) -> None:
    """The promise is ten at most; this one verifies an alert as well."""
    visited_before(world, world.household)
    page = open_page(world.worker_1, "/my-work/", **PHONE)
    page.click(".task")
    taps = [
        "label[for=q_members_right-yes]",
        "label[for=q_income_change-same]",
        "label[for=q_risk-no]",
        "label[for=q_need_help-no]",
        "label[for=q_alert_right-yes]",
        "label[for=q_alert_seen-head]",
        "label[for$='-no_risk_self_solved']",
        "label[for=confirmed]",
    ]
    page.wait_for_selector("#forward")  # the script has begun
    for tap in taps:
        while not page.is_visible(tap):
            page.click("#forward")
        page.click(tap)
    page.click("#send")
    page.wait_for_url("**/done/")
    fresh = Visit.objects.latest("received_at")
    assert len(taps) <= 10
    assert {name: fresh.answers[name] for name in KNOWN} == KNOWN


def test_what_was_changed_is_marked(world: World, open_page: Opener) -> None:
    visited_before(world, world.household)
    page = open_page(world.worker_1, "/my-work/", **PHONE)
    page.click(".task")
    page.click("#forward")
    mark = page.locator("label[for=q_away] [data-changed]")
    assert not mark.is_visible()
    page.click("#q_away ~ button[data-by='1']")
    assert mark.is_visible()
    page.fill("#q_away", "1")
    assert not mark.is_visible()


def test_a_wrong_amount_leads_to_its_list(world: World, open_page: Opener) -> None:
    page = open_page(world.worker_1, "/my-work/", **PHONE)
    page.click(".task")
    fill_visit(page)
    page.evaluate("document.querySelector('[name=q_income_yuan]').value = '很多'")
    page.check("#confirmed")
    page.click("#send")
    page.click(".error-summary a")
    assert page.is_visible("#q_income")
    assert "的金额请填数字" in page.inner_text("#q_income")


def test_correction_step_by_step(world: World, open_page: Opener) -> None:
    visited_before(world, world.household)
    visit = Visit.objects.get()
    page = open_page(world.worker_1, f"/visits/{visit.pk}/correct/", **PHONE)
    page.fill("#reason", "外出务工的人数记错了")
    page.click("#forward")
    page.fill("#q_away", "2")
    while page.is_visible("#forward"):
        page.click("#forward")
    page.click("#send")
    page.wait_for_selector(".message-success")
    assert Visit.objects.get(corrects=visit).answers == KNOWN | {"away": 2}


def test_the_phone_never_scrolls_sideways(world: World, open_page: Opener) -> None:
    page = open_page(world.worker_1, "/my-work/", **PHONE)
    page.click(".task")
    fill_visit(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize(
    ("who", "paths"),
    [
        (
            "township_officer",
            ("/", "/queue/", "/households/", "/households/{household}/", "/staffing/"),
        ),
        ("clerk_medical", ("/data/", "/data/medical_settlement/")),
        ("auditor", ("/audit/",)),
        ("worker_1", ("/my-work/", "/households/")),
    ],
)
def test_no_page_is_wider_than_a_phone(
    world: World, open_page: Opener, who: str, paths: tuple[str, ...]
) -> None:
    page = open_page(getattr(world, who), paths[0], **PHONE)
    wide = []
    for path in paths:
        page.goto(urljoin(page.url, path.format(household=world.household.pk)))
        if page.evaluate("document.documentElement.scrollWidth") > PHONE["viewport"]["width"]:
            wide.append(path)
    assert wide == []
