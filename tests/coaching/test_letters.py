"""Every letter of the loop, rendered and held against stored text (tests/data/letters/coaching)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from coaching import notices
from coaching.notices import MissedCount, NumberWords, Reader, TalkWords
from core import outbox
from core.db import transaction
from core.outbox import Letter, LetterState
from tests.factories.people import make_person

pytestmark = pytest.mark.sqlite_only
STORED = Path(__file__).resolve().parent.parent / "data" / "letters" / "coaching"
NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
USE_BY = NOW + timedelta(days=8)
REP = Reader(5, "Isaac Osei", "America/Chicago")
LEAD = Reader(6, "Dana Whitfield", "America/New_York")
ABOVE = Reader(7, "Ines Albrecht", "Europe/Berlin")
WORDS = "Run the sequence on Quill Marsh today.\n\nThen ask for a date, not for interest."
TALK = TalkWords(
    id=41,
    uid="f" * 32,
    rep="Isaac",
    author="Dana Whitfield",
    deal="Quill Marsh",
    moment="$42,000 deal, signal fired, no step for 10 days.",
    review_at=datetime(2026, 11, 23, 14, 30, tzinfo=UTC),
    review_on=date(2026, 11, 23),
    number=(3, 8),
)
NUMBER = NumberWords(
    loop_id=12,
    team="Harbour",
    on_time=23,
    due=38,
    missed=9,
    first=date(2026, 11, 9),
    last=date(2026, 11, 15),
    is_complete=True,
)


def number(**given) -> Letter:
    return notices.number_ready(replace(NUMBER, **given), LEAD, not_before=NOW, use_by=USE_BY)


def today(reader, *, is_rep) -> Letter:
    return notices.review_today(TALK, reader, WORDS, is_rep=is_rep, use_by=USE_BY)


def written() -> dict[str, Letter]:
    """One of each."""
    by_deputy = replace(TALK, author="Ravi Menon", deputy_for="Dana Whitfield")
    counts = [MissedCount("Dana Whitfield", 2), MissedCount("Ravi Menon", 1)]
    return {
        "your_next_step": notices.your_next_step(TALK, REP, WORDS, change=3, use_by=USE_BY),
        "your_next_step_deputy": notices.your_next_step(
            by_deputy, REP, WORDS, change=3, use_by=USE_BY
        ),
        "review_today_rep": today(REP, is_rep=True),
        "review_today_author": today(LEAD, is_rep=False),
        "review_missed": notices.review_missed(TALK, LEAD, use_by=USE_BY),
        "reviews_missed": notices.reviews_missed(ABOVE, date(2026, 11, 16), counts, use_by=USE_BY),
        "number_ready": number(),
        "number_ready_incomplete": number(is_complete=False, missed=1),
        "number_ready_nothing_due": number(on_time=0, due=0),
    }


NAMES = (
    "your_next_step",
    "your_next_step_deputy",
    "review_today_rep",
    "review_today_author",
    "review_missed",
    "reviews_missed",
    "number_ready",
    "number_ready_incomplete",
    "number_ready_nothing_due",
)
# Of these one goes to two people.
KINDS = ("your_next_step", "review_today", "review_missed", "reviews_missed", "number_ready")


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_reads_as_stored(app, name):
    letter = written()[name]
    token = letter.text.rsplit("/", 1)[-1].strip()
    text = f"{letter.subject}\n\n{letter.text.replace(token, 'TOKEN')}"
    assert text == (STORED / f"{name}.txt").read_text(encoding="utf-8")
    assert "None" not in text
    assert "\n\n\n" not in text


def test_every_letter_is_on_the_list_and_has_a_last_moment(app):
    letters = written()
    assert {letter.list_name for letter in letters.values()} == {"coaching"}
    assert {letter.use_by for letter in letters.values()} == {USE_BY}
    assert len({letter.dedupe_key for letter in letters.values()}) == len(KINDS) + 1
    assert {letter.kind for letter in letters.values()} == {f"coaching.{kind}" for kind in KINDS}


def test_changed_words_are_another_letter_and_the_same_words_are_not(app):
    first = notices.your_next_step(TALK, REP, WORDS, change=3, use_by=USE_BY)
    again = notices.your_next_step(TALK, REP, "Else.", change=3, use_by=USE_BY)
    later = notices.your_next_step(TALK, REP, "Else.", change=4, use_by=USE_BY)
    assert first.dedupe_key == again.dedupe_key != later.dedupe_key


def test_a_director_reads_counts_and_a_manager_no_reps(app):
    letters = written()
    above = letters["reviews_missed"]
    for words in ("Isaac", "Quill Marsh", "sequence"):
        assert words not in above.text + above.subject
        assert words not in letters["number_ready"].text + letters["number_ready"].subject


@pytest.mark.parametrize(
    ("wish", "moment", "state", "reason"),
    [
        ("coaching", NOW, LetterState.SUPPRESSED, "stopped"),
        (None, USE_BY + timedelta(hours=1), LetterState.EXPIRED, "use"),
        (None, datetime(2026, 11, 16, 15, tzinfo=UTC), LetterState.CAPTURED, ""),
    ],
)
def test_who_left_the_list_and_what_is_late_gets_nothing(app, wish, moment, state, reason):
    rep = make_person(time_zone="America/Chicago")
    reader = Reader(rep.id, rep.name, "America/Chicago")
    letter = notices.your_next_step(TALK, reader, WORDS, change=3, use_by=USE_BY)
    with transaction():
        if wish:
            outbox.suppress(reader.person_id, wish, reason="own wish", now=NOW)
        assert outbox.post(letter, NOW)
        assert not outbox.post(letter, NOW)
    with transaction():
        outbox.claim(moment, 10)
    [found] = outbox.letters(kind="coaching.your_next_step")
    assert (found.person_id, found.state) == (rep.id, state)
    assert reason in (found.reason or "")
