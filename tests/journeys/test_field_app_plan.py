"""What the phone tells of clocks that stand still, of the plan, and what every visit asks anew."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from grid.actions.deadlines import pause_clock
from grid.models import Household, PlanEntry, Visit, WorkItem
from grid.visit_form import FORM, FORM_VERSION, Question
from tests.grid.field_phone import answers
from tests.journeys.phone import HEADS, Handset, check, fill_visit
from tests.world import World
from yizhou.workdays import add_workdays

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Take = Callable[..., Handset]


def planned(morning: World) -> None:
    """The three households of the morning: overdue, due this week by phone, visited today."""
    today = timezone.localdate()
    state, mode = PlanEntry.State, PlanEntry.Mode
    begun = today - timedelta(days=30)
    for head, until, changes in (
        (HEADS[0], today, {}),
        (HEADS[1], today + timedelta(days=40), {"mode": mode.PHONE, "week_on": today}),
        (HEADS[2], today + timedelta(days=40), {"state": state.DONE, "done_on": today}),
    ):
        household = Household.objects.get(head__name=head)
        given = {"week_on": begun, "months": 1} | changes
        PlanEntry.objects.create(
            household=household,
            code=household.cell_id,
            period_from=begun,
            period_until=until,
            **given,
        )


def test_the_plan_tells_who_is_due_by_when_and_how(morning: World, take: Take) -> None:
    # Given a plan of the month, on a phone without signal
    planned(morning)
    WorkItem.objects.exclude(household=morning.household).update(state="cancelled")
    phone = take()
    phone.off_line()

    # When it is opened from the tasks
    assert "还有 2 户：入户 1 户，电话 1 户" in phone.page.inner_text("#to-plan")
    phone.page.click("#to-plan")
    phone.at("plan")

    # Then households stand under what is to be done, with the day and the way
    said = phone.said()
    order = ["已过期 1 户", "韦甲 户", "这周要走 1 户", "覃甲 户", "本月已走访 1 户", "莫甲 户"]
    places = [said.index(text) for text in order]
    assert places == sorted(places)
    call = phone.page.locator("a.task:has-text('覃甲 户')")
    assert call.locator("[aria-label=电话走访]").count() == 1
    last = timezone.localdate() + timedelta(days=39)
    assert f"{last.month} 月 {last.day} 日前" in call.inner_text()
    assert "本期已走访" in phone.page.inner_text("a.task:has-text('莫甲 户')")

    # And the household's own page says it in a sentence
    call.click()
    phone.at("household")
    assert "可以打电话走访" in phone.page.inner_text("[aria-label=走访计划]")

    # And a visit made without signal is no longer due
    phone.page.click("[aria-label=返回]")
    fill_visit(phone, HEADS[0])
    check(phone)
    phone.finish()
    phone.tab("任务")
    assert "还有 1 户：电话 1 户" in phone.page.inner_text("#to-plan")
    phone.page.click("#to-plan")
    phone.at("plan")
    assert "已过期" not in phone.said()
    assert "已走访，待上传" in phone.page.inner_text("a.task:has-text('韦甲 户')")


def test_a_clock_that_stands_still_is_told_calmly(morning: World, take: Take) -> None:
    # Given a visit whose clock the township stopped today
    today = timezone.localdate()
    item = WorkItem.objects.get(household=morning.household)
    until = add_workdays(today, 5)
    pause_clock(
        acting=morning.township_officer,
        item=item,
        version_seen=item.version,
        until_on=until,
        reason="户主住院，家里没有人",
    )
    phone = take()
    phone.off_line()
    phone.page.evaluate("() => { location.hash = '#/tasks/all'; }")

    # Then the card and the page say since when, until when and why, and count no days
    card = phone.page.locator("a.task:has-text('韦甲 户')")
    days = f"{today.month} 月 {today.day} 日起暂停，{until.month} 月 {until.day} 日恢复"
    assert days in card.inner_text()
    assert "户主住院，家里没有人" in card.inner_text()
    assert card.locator(".due").inner_text() == "计时暂停"
    card.click()
    phone.at("household")
    assert days in phone.page.inner_text("main .message")
    assert "不算超期" in phone.page.inner_text("main .message")
    assert phone.page.inner_text(".who .due") == "计时暂停"

    # And on its day the pause ends by itself, without signal too
    phone.page.evaluate(
        "() => { field.pack.now().households.find((h) => h.pause).pause.until = field.words.day();"
        " location.hash = '#/tasks/all'; }"
    )
    card.wait_for()
    assert card.locator(".due").inner_text() != "计时暂停"


# ---- what every visit asks anew ----


def led_to_anew(question: Question, questions: tuple[Question, ...]) -> bool:
    """Asked anew, or shown by an answer that is."""
    if question.anew or question.shown_when is None:
        return question.anew
    return led_to_anew(next(q for q in questions if q.name == question.shown_when[0]), questions)


def test_one_tap_takes_nothing_that_is_asked_anew(morning: World, take: Take) -> None:
    phone = take()
    taken = phone.page.evaluate(
        """() => {
          const {form} = field.pack.now();
          const any = (q) => ({
            chips: () => [q.options[0][0]],
            lines: () => [{item: q.options[0][0], month: '', yuan: '5'}],
          }[q.kind] || (() => (q.options.length ? q.options[0][0] : '3')))();
          return form.steps.concat(Object.values(form.sections)).map((step) => {
            const last = Object.fromEntries(step.questions.map((q) => [q.name, any(q)]));
            return Object.keys(field.questions.sameAsLast(step, last, {})).sort();
          });
        }"""
    )
    parts = [*FORM.steps, *FORM.sections.values()]
    assert taken == [
        sorted(q.name for q in part.questions if not led_to_anew(q, part.questions))
        for part in parts
    ]
    assert any(q.anew for part in parts for q in part.questions)


def test_the_change_told_last_time_is_no_change_of_today(morning: World, take: Take) -> None:
    # Given a visit at which somebody had been born
    Visit.objects.create(
        household=morning.household,
        code=morning.household.cell_id,
        by=morning.worker_1,
        visited_at=timezone.now() - timedelta(days=90),
        form_version=FORM_VERSION,
        answers=answers(away=3, members_right="no", members_change="添了一个孩子"),
    )
    phone = take()
    phone.start_visit(HEADS[0])
    phone.next()

    # When one tap takes the rest of the step
    assert "每次都要重新问的 1 题除外" in phone.said()
    phone.page.click("#same")
    phone.until("document.querySelector('#q_away').value === '3'")

    # Then neither the answer nor what it led to is filled in
    assert phone.page.locator("[name=q_members_right]:checked").count() == 0
    phone.pick("members_right", "no")
    assert phone.page.input_value("#q_members_change") == ""
    assert "添了一个孩子" in phone.page.inner_text("[data-question=members_right]")
