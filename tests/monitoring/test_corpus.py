"""Every kind of the corpus through the real child process, and one of a family end to end."""

import io

import pytest

from monitoring.intake import reading
from monitoring.models import Upload
from tests.monitoring import corpus_attacks, corpus_books, corpus_cells, corpus_packed, corpus_text
from tests.monitoring.batches import Outcome, counts, send, work
from tests.monitoring.corpus import KINDS, Kind
from tests.world import World
from yizhou.refusals import Refusal

Stage = Upload.Stage
FILES = (corpus_attacks, corpus_books, corpus_cells, corpus_packed, corpus_text)
PASSED_OVER = ("totals_lines", "signature_lines", "repeated_headings")
FAMILIES = sorted({kind.family for kind in KINDS})


def test_the_corpus_has_at_least_120_kinds() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 120


@pytest.mark.parametrize("kind", [k for k in KINDS if k.refused], ids=lambda k: k.name)
def test_it_is_refused_with_its_code(kind: Kind) -> None:
    with pytest.raises(Refusal) as caught:
        Outcome(kind.build(), kind.feed)
    assert caught.value.code in kind.refused
    assert caught.value.sentence.endswith("。")


@pytest.mark.parametrize("kind", [k for k in KINDS if not k.refused], ids=lambda k: k.name)
def test_every_row_of_it_is_accounted_for(kind: Kind) -> None:
    outcome = Outcome(kind.build(), kind.feed)
    end = outcome.end
    passed = sum(outcome.notes.get(why, {"count": 0})["count"] for why in PASSED_OVER)
    found = (len(outcome.rows), end["good"], end["faulty"], end["blank"], passed)
    assert found == (kind.good, kind.good, kind.faulty, kind.blank, kind.passed)
    assert tuple(code for _, code in outcome.codes) == kind.codes
    if kind.good:
        row = outcome.rows[kind.at]
        assert {name: row[name] for name in kind.reads} == kind.reads
    assert len(outcome.people) == kind.faulty


def refused_at_the_door(content: bytes) -> str:
    try:
        reading.sniff(io.BytesIO(content))
    except Refusal as refusal:
        return refusal.code
    return ""


@pytest.mark.django_db
@pytest.mark.parametrize("family", FAMILIES)
def test_one_of_each_family_ends_in_a_receipt(world: World, family: str) -> None:
    kind = next((k for k in KINDS if k.family == family and k.faulty), None) or next(
        k for k in KINDS if k.family == family
    )
    content = kind.build()
    sender = world.clerk_civil if kind.feed == "dibao_payment" else world.clerk_medical
    if code := refused_at_the_door(content):
        assert code in kind.refused
        return
    upload = work(send(sender, content, feed=kind.feed))
    if kind.refused or not kind.good:
        assert upload.stage == Stage.REFUSED
        assert upload.refusal.endswith("。")
    else:
        assert upload.stage in (Stage.MERGED, Stage.HELD)
        assert counts(upload)["rows_in"] == kind.sent - kind.passed
        assert upload.faulty == kind.faulty
