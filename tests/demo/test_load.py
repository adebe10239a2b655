"""The demo registry in PostgreSQL: complete, built once, and every guard back in place."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from grid.models import (
    Account,
    Department,
    DepartmentKey,
    Household,
    Membership,
    Person,
    Post,
    Region,
)
from grid.roles import Act, Role
from monitoring.feeds import FEEDS
from yizhou.demo.county import ONE_TOWNSHIP, county, featured_grids
from yizhou.demo.keys import department_keys
from yizhou.demo.load import build, built
from yizhou.demo.posts import LOGINS, PASSWORD
from yizhou.id_number import read_id_number
from yizhou.sealed import digest, unseal

# The mark is what makes pytest-django create the database when this file runs alone.
pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 24)
PEOPLE = 36_020


def quiet(text: str) -> None:
    pass


def guards() -> list[tuple[Any, ...]]:
    """Every constraint, index, trigger and policy switch of the loaded tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH loaded AS (
                SELECT oid, relname, relrowsecurity, relforcerowsecurity FROM pg_class
                WHERE relname IN ('grid_household', 'grid_person', 'grid_membership')
            )
            SELECT 'constraint', conname::text, pg_get_constraintdef(c.oid)
            FROM pg_constraint c JOIN loaded ON loaded.oid = c.conrelid
            UNION ALL
            SELECT 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
            FROM pg_index i JOIN loaded ON loaded.oid = i.indrelid
            UNION ALL
            SELECT 'trigger', tgname::text, tgenabled::text
            FROM pg_trigger JOIN loaded ON loaded.oid = tgrelid WHERE NOT tgisinternal
            UNION ALL
            SELECT 'wall', relname::text, (relrowsecurity AND relforcerowsecurity)::text FROM loaded
            ORDER BY 1, 2
            """
        )
        return list(cursor.fetchall())


@transaction.atomic
def leave_without_head(household: Household) -> None:
    Membership.objects.filter(household=household).delete()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture(scope="module")
def guards_before(django_db_setup: None, django_db_blocker: Any) -> list[tuple[Any, ...]]:
    with django_db_blocker.unblock():
        return guards()


@pytest.fixture(scope="module")
def demo(guards_before: Any, django_db_blocker: Any) -> Iterator[None]:
    """The county of one township, built once for the module and rolled back at its end."""
    with django_db_blocker.unblock(), transaction.atomic():
        build(scale="one", today=TODAY, say=quiet)
        yield
        transaction.set_rollback(True)


def test_everybody_is_there(demo: None) -> None:
    assert Person.objects.living().count() == PEOPLE


def test_all_townships_and_villages_are_there(demo: None) -> None:
    held = {level: Region.objects.filter(level=level).count() for level in ("township", "village")}
    assert held == {"township": 16, "village": 211}


def test_only_the_populated_township_has_grids(demo: None) -> None:
    codes = set(Region.objects.filter(level="grid").values_list("code", flat=True))
    assert codes == {g.code for t in county() if t.code == ONE_TOWNSHIP for g in t.grids}


def test_a_name_given_by_sound_is_marked_and_shown_without_the_remark(demo: None) -> None:
    region = Region.objects.filter(parent=ONE_TOWNSHIP, name_to_confirm=True).get()
    assert region.name == "楞底村"


def test_size_and_head_agree_with_the_memberships(demo: None) -> None:
    household = Household.objects.order_by("-size").first()
    assert household is not None
    members = Membership.objects.filter(household=household).open()
    assert members.count() == household.size
    assert members.get(relation="head").person_id == household.head_id


def test_the_dead_are_in_no_household(demo: None) -> None:
    dead = Person.objects.exclude(died_on=None)
    assert dead.exists()
    assert not dead.exclude(household=None).exists()
    assert Membership.objects.filter(person__in=dead).exclude(leave_reason="died").count() == 0


def test_sealed_identity_numbers_open_at_their_own_row(demo: None) -> None:
    for person in Person.objects.order_by("id")[:50]:
        text = unseal(person.id_sealed, column="grid_person.id_sealed", row=person.pk)
        assert read_id_number(text, today=TODAY).born_on == person.born_on
        assert bytes(person.id_digest) == digest(text, kind="id")


def test_sealed_phones_and_accounts_open_at_their_own_row(demo: None) -> None:
    household = Household.objects.order_by("id")[7]
    phone = unseal(household.phone_sealed, column="grid_household.phone_sealed", row=household.pk)
    bank = unseal(household.bank_sealed, column="grid_household.bank_sealed", row=household.pk)
    assert (phone[-4:], bank[-4:]) == (household.phone_tail, household.bank_tail)


def test_the_next_household_gets_a_free_id(demo: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('grid_household', 'id'))")
        (following,) = cursor.fetchone()
    assert not Household.objects.filter(pk__gte=following).exists()


def test_every_guard_is_back_in_place(guards_before: Any, demo: None) -> None:
    assert guards() == guards_before


def test_guards_really_hold_after_the_load(demo: None) -> None:
    household = Household.objects.order_by("id")[3]
    with pytest.raises(IntegrityError, match="no living head"):
        leave_without_head(household)


def test_building_again_changes_nothing(demo: None) -> None:
    before = (Person.objects.count(), Account.objects.count(), Post.objects.count())
    build(scale="one", today=date(2027, 3, 1), say=quiet)
    assert (Person.objects.count(), Account.objects.count(), Post.objects.count()) == before


def test_the_anchor_stays_what_it_was(demo: None) -> None:
    held = built()
    assert held is not None
    assert held.anchor == date(2026, 10, 1)


@pytest.mark.parametrize("username", [name for name, _ in LOGINS])
def test_everybody_of_the_table_can_sign_in_and_has_a_post(demo: None, username: str) -> None:
    account = Account.objects.get(username=username)
    assert account.check_password(PASSWORD)
    assert Post.objects.filter(account=account).current(TODAY).exists()


def test_a_county_built_before_a_department_was_known_gets_its_clerk(demo: None) -> None:
    clerk = Account.objects.get(username="insurance")
    Post.objects.filter(account=clerk).delete()
    clerk.delete()
    Department.objects.filter(pk="insurance").delete()
    for _ in range(2):
        build(scale="one", today=TODAY, say=quiet)
    (post,) = Post.objects.filter(account__username="insurance")
    assert (post.role, post.department_id) == (Role.DEPARTMENT_CLERK, "insurance")


def test_every_department_with_a_data_set_has_a_clerk(demo: None) -> None:
    clerks = Post.objects.current(TODAY).filter(role=Role.DEPARTMENT_CLERK)
    wanted = {feed.department for feed in FEEDS.values()}
    assert wanted <= set(clerks.values_list("department_id", flat=True))


def test_the_table_has_every_role(demo: None) -> None:
    posts = Post.objects.filter(account__username__in=[name for name, _ in LOGINS])
    assert {Role(role) for role in posts.values_list("role", flat=True)} == set(Role) - {
        Role.TOWNSHIP_HEAD
    }


def test_the_first_level_worker_sees_one_grid_of_households(demo: None) -> None:
    township = next(t for t in county() if t.code == ONE_TOWNSHIP)
    shown = featured_grids(township)[0]
    worker = Account.objects.get(username="worker1")
    assert set(worker.sees(Household).values_list("cell", flat=True)) == {shown.code}
    assert worker.may(Act.RECORD_VISIT, code=shown.code)


def test_the_village_without_anybody_is_vacant(demo: None) -> None:
    township = next(t for t in county() if t.code == ONE_TOWNSHIP)
    alone = featured_grids(township)[2].code
    chain = Post.objects.current(TODAY).filter(region__in=[alone, alone[:15], alone[:12]])
    assert not chain.exclude(role=Role.GRID_WORKER_2).exists()


def test_keys_are_kept_for_their_owner_only(demo: None, settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path
    department_keys(["education"], today=TODAY)
    assert (tmp_path / "demo/keys.json").stat().st_mode & 0o777 == 0o600


def test_a_usable_key_is_used_again(demo: None, settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path
    first = department_keys(["education"], today=TODAY)
    assert department_keys(["education"], today=TODAY) == first


def test_a_revoked_key_is_replaced(demo: None, settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path
    first = department_keys(["education"], today=TODAY)
    DepartmentKey.objects.filter(department="education").update(revoked_at="2026-11-24T00:00Z")
    assert department_keys(["education"], today=TODAY) != first
