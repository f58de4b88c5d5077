"""The training letters against stored text: every word a person reads is looked at here."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.outbox import Letter
from training_tracker import notices
from training_tracker.notices import OverdueLine, PracticeLine

pytestmark = [pytest.mark.sqlite_only, pytest.mark.usefixtures("app")]

STORED = Path(__file__).parent.parent / "data" / "letters"
NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)
DAY = date(2026, 3, 20)
LINES = [
    OverdueLine("Maya Lindqvist", "Introduction", "intro", date(2026, 3, 16), 4),
    OverdueLine("Owen Gallagher", "Quotes & prices", "quotes", date(2026, 3, 17), 3),
]
PRACTICE = PracticeLine("Live: first sequence", "sequence_run", 2, 1, date(2026, 3, 27), 168)
TO = {"to": 7, "name": "Dana Whitfield"}

LETTERS = {
    "now_try_it": lambda: notices.now_try_it(
        **TO, line=PRACTICE, check_id=3, now=NOW, until=NOW + timedelta(hours=168)
    ),
    "hands_on_due": lambda: notices.hands_on_due(**TO, line=PRACTICE, check_id=3, now=NOW),
    "overdue_rep": lambda: notices.overdue_rep(**TO, lines=LINES[:1], day=DAY, now=NOW),
    "overdue_manager": lambda: notices.overdue_manager(**TO, lines=LINES, day=DAY, now=NOW),
    "overdue_director": lambda: notices.overdue_director(**TO, lines=LINES[:1], day=DAY, now=NOW),
}


def written(letter: Letter) -> str:
    """Subject and text as stored; the signed link part differs with the key of the house."""
    link = letter.text[letter.text.index("/unsubscribe/") + 13 :].split()[0]
    return f"Subject: {letter.subject}\n\n{letter.text}".replace(link, "TOKEN")


@pytest.mark.parametrize("name", LETTERS)
def test_the_letter_reads_as_stored(name: str) -> None:
    assert written(LETTERS[name]()) == (STORED / f"training_{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("name", LETTERS)
def test_the_twin_says_the_same_and_loads_nothing(name: str) -> None:
    letter = LETTERS[name]()
    assert letter.html is not None
    for word in ("Dana", "/unsubscribe/7.training.", "http://localhost/training"):
        assert word in letter.html
    for remote in ("<img", "<script", "<link", "url("):
        assert remote not in letter.html
    assert "None" not in letter.html + letter.text + letter.subject
    assert letter.list_name == "training"
    assert letter.use_by is not None


@pytest.mark.parametrize("name", ["", "   ", "\u200fمها", "X" * 60, "O'Neil <b>"])
def test_awkward_names_are_greeted(name: str) -> None:
    letter = notices.overdue_rep(to=7, name=name, lines=LINES[:1], day=DAY, now=NOW)
    assert "Hi ," not in letter.text
    assert "<b>" not in (letter.html or "").replace("<b>Your", "")


def test_each_letter_has_its_own_key() -> None:
    keys = {make().dedupe_key for make in LETTERS.values()}
    assert keys == {
        "hands-on:open:3",
        "hands-on:missed:3",
        "overdue:rep:7:2026-03-20",
        "overdue:manager:7:2026-03-20",
        "overdue:director:7:2026-03-20",
    }
