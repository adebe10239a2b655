"""Seals open only where they were made; digests are equal exactly for equal text."""

import base64
import json

import pytest

from grid.models import Person
from tests.world import World
from yizhou.sealed import (
    BrokenSeal,
    digest,
    key_ring,
    new_key_ring,
    seal,
    unseal,
    unseal_bytes,
)

COLUMN = "grid_person.id_sealed"


def test_sealed_text_opens_in_its_place() -> None:
    assert unseal(seal("990101", column=COLUMN, row=1), column=COLUMN, row=1) == "990101"


def test_same_text_never_looks_the_same_twice() -> None:
    assert seal("990101", column=COLUMN, row=1) != seal("990101", column=COLUMN, row=1)


def test_sealed_text_holds_nothing_readable() -> None:
    assert b"990101" not in seal("990101", column=COLUMN, row=1)


@pytest.mark.parametrize(
    ("column", "row"),
    [(COLUMN, 2), ("grid_person.phone_sealed", 1), ("grid_person.id_sealed:1", "")],
)
def test_seal_does_not_open_elsewhere(column: str, row: object) -> None:
    with pytest.raises(BrokenSeal):
        unseal(seal("990101", column=COLUMN, row=1), column=column, row=row)


def test_seal_copied_to_another_row_of_the_table_does_not_open(world: World) -> None:
    one, other = world.people["韦甲"], world.people["覃乙"]
    Person.objects.filter(pk=other.pk).update(id_sealed=bytes(one.id_sealed))
    other.refresh_from_db()
    with pytest.raises(BrokenSeal):
        unseal(other.id_sealed, column=COLUMN, row=other.pk)


@pytest.mark.parametrize("place", range(-1, -30, -7))
def test_one_changed_bit_breaks_the_seal(place: int) -> None:
    sealed = bytearray(seal("990101199005061234", column=COLUMN, row=1))
    sealed[place] ^= 1
    with pytest.raises(BrokenSeal):
        unseal(bytes(sealed), column=COLUMN, row=1)


def test_unknown_version_is_said() -> None:
    with pytest.raises(BrokenSeal, match="unknown version"):
        unseal(b"\x02" + seal("x", column=COLUMN, row=1)[1:], column=COLUMN, row=1)


def test_empty_value_is_no_seal() -> None:
    with pytest.raises(BrokenSeal):
        unseal(b"", column=COLUMN, row=1)


def test_bytes_may_be_sealed_too() -> None:
    sealed = seal(b"\x00\xff", column="t.c", row="a/1")
    assert unseal_bytes(memoryview(sealed), column="t.c", row="a/1") == b"\x00\xff"


@pytest.fixture
def ring_of(settings: object) -> object:
    """Install another key ring for one test."""

    def install(ring: dict[str, object]) -> None:
        settings.KEY_RING = json.dumps(ring)
        key_ring.cache_clear()

    yield install
    key_ring.cache_clear()


def test_old_key_still_opens_after_a_new_one_seals(ring_of: object) -> None:
    ring = json.loads(new_key_ring())
    ring_of(ring)
    sealed = seal("990101", column=COLUMN, row=1)
    ring["keys"]["k2"] = base64.b64encode(b"2" * 32).decode()
    ring["current"] = "k2"
    ring_of(ring)
    assert unseal(sealed, column=COLUMN, row=1) == "990101"
    assert b"k2" in seal("990101", column=COLUMN, row=1)[:4]


def test_value_of_a_lost_key_says_which_is_missing(ring_of: object) -> None:
    ring_of(json.loads(new_key_ring()))
    sealed = seal("990101", column=COLUMN, row=1)
    ring_of(
        {
            **json.loads(new_key_ring()),
            "current": "k9",
            "keys": {"k9": base64.b64encode(b"9" * 32).decode()},
        }
    )
    with pytest.raises(BrokenSeal, match="unknown key id"):
        unseal(sealed, column=COLUMN, row=1)


def test_ring_without_its_current_key_is_refused(ring_of: object) -> None:
    ring = json.loads(new_key_ring())
    ring_of(ring | {"current": "k7"})
    with pytest.raises(ValueError, match="current key id"):
        key_ring()


def test_ring_may_be_a_file(settings: object, tmp_path: object) -> None:
    path = tmp_path / "ring.json"
    path.write_text(new_key_ring(), encoding="utf-8")
    settings.KEY_RING = str(path)
    key_ring.cache_clear()
    try:
        assert key_ring().current == "k1"
    finally:
        key_ring.cache_clear()


def test_digest_is_equal_for_equal_text() -> None:
    assert digest("990101", kind="id") == digest("990101", kind="id")


def test_digest_is_sixteen_bytes() -> None:
    assert len(digest("990101", kind="id")) == 16


@pytest.mark.parametrize(("text", "kind"), [("990102", "id"), ("990101", "phone")])
def test_digest_differs_by_text_and_kind(text: str, kind: str) -> None:
    assert digest(text, kind=kind) != digest("990101", kind="id")


def test_digest_depends_on_its_key(ring_of: object) -> None:
    before = digest("990101", kind="id")
    ring_of(json.loads(new_key_ring()))
    assert digest("990101", kind="id") != before
