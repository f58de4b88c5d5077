"""Every letter of contests, rendered and held against stored text (tests/data/letters)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.outbox import Letter
from incentives import notices
from incentives.notices import ContestWords, News, ResultWords

pytestmark = pytest.mark.sqlite_only
STORED = Path(__file__).resolve().parent.parent / "data" / "letters" / "incentives"
NOW = datetime(2026, 3, 18, 5, tzinfo=UTC)
CONTEST = ContestWords(
    id=7,
    slug="spring",
    title="Spring race",
    starts_at=datetime(2026, 3, 2, 5, tzinfo=UTC),
    ends_at=datetime(2026, 3, 16, 4, tzinfo=UTC),
    time_zone="America/New_York",
    teams=6,
    rules=("10 points: guided use, at most 3 a day",),
    prizes=("First place: Team dinner", "Every team that reaches 60% taking part: Cake"),
    target_days="2",
    mode="participation",
)
SOLO = replace(CONTEST, teams=36, mode="per_capita", is_solo=True)
FIRST = ResultWords("Harbour", 1, 6, 9, 12)
WINS = ("Team dinner", "Cake")
WHOLE_NAMES = {"approval_asked", "called_off", "award_news"}
DEED = "On 6 days you did what this contest was about (4 were asked of you), 60 points."
MAYA = {5: "Maya Lindqvist"}
AMENDED = News(
    key="amended:2",
    subject="The result of Spring race was amended",
    lines=(
        "The final result of Spring race was amended. The reason: Leave was missing.",
        "Harbour had 1st place and now has 2nd place.",
        (
            "A prize that was announced stays with whom it was announced for, unless "
            "somebody cheated. The first version of the result stays on record."
        ),
    ),
    why="You get this because your place or an award of your team changed.",
)
GRANTED = News(
    key="award_granted:3",
    subject="You won: A day off",
    lines=("Closed the Ferro deal in a day and showed two colleagues how.",),
    why="You get this because the award is yours.",
)


def written() -> dict[str, Letter]:
    """One of each."""
    plain = replace(CONTEST, prizes=(), mode="total")
    return {
        "announced": next(notices.announced(CONTEST, {5: "Harbour"}, MAYA, NOW)),
        "announced_plain": next(notices.announced(plain, {5: "Harbour"}, MAYA, NOW)),
        "approval_asked": next(notices.approval_asked(CONTEST, MAYA, "$2,700", 1)),
        "provisional": next(notices.provisional(CONTEST, MAYA, NOW + timedelta(hours=72), 1)),
        "won": notices.won(CONTEST, (5, "Maya Lindqvist"), FIRST, WINS, DEED, 1),
        "won_goal": notices.won(
            CONTEST, (5, "Maya Lindqvist"), replace(FIRST, place=None), WINS[1:], DEED, 1
        ),
        "led": notices.led(CONTEST, (5, "Dana Whitfield"), FIRST, WINS, 1),
        "result": next(notices.result(CONTEST, {5: replace(FIRST, place=4)}, MAYA, NOW, 1)),
        "announced_solo": next(notices.announced(SOLO, {5: "Harbour"}, MAYA, NOW)),
        "won_solo": notices.won(
            SOLO, (5, "Maya Lindqvist"), ResultWords("Maya Lindqvist", 2, 36, 1, 1), WINS, DEED, 1
        ),
        "result_solo": next(
            notices.result(SOLO, {5: ResultWords("Not listed", 9, 36, 0, 1)}, MAYA, NOW, 1)
        ),
        "called_off": next(notices.called_off(CONTEST, MAYA, "The tool was down for a week.")),
        "news": next(notices.news(CONTEST, MAYA, AMENDED)),
        "award_news": next(notices.award_news(MAYA, GRANTED)),
    }


@pytest.mark.parametrize(
    "name",
    [
        *("announced", "announced_plain", "approval_asked", "provisional"),
        *("won", "won_goal", "led", "result", "called_off"),
        *("announced_solo", "won_solo", "result_solo"),
        *("news", "award_news"),
    ],
)
def test_a_letter_reads_as_stored(app, name):
    letter = written()[name]
    token = letter.text.rsplit("/", 1)[-1].strip()
    text = f"{letter.subject}\n\n{letter.text.replace(token, 'TOKEN')}"
    assert text == (STORED / f"{name}.txt").read_text(encoding="utf-8")
    assert "None" not in text
    assert "\n\n\n" not in text


def test_who_gets_letters_when_and_how_long_they_are_of_use(app):
    letters = written()
    assert {letter.person_id for letter in letters.values()} == {5}
    variants = [name for name in letters if "_" in name and name not in WHOLE_NAMES]
    assert len({letter.dedupe_key for letter in letters.values()}) == len(letters) - len(variants)
    early = next(notices.announced(CONTEST, {5: "Harbour"}, MAYA, NOW - timedelta(days=60)))
    assert early.not_before == CONTEST.starts_at - timedelta(days=3)
    assert early.use_by == CONTEST.ends_at
    assert letters["won"].important
    assert letters["won"].use_by is None


def test_names_that_are_markup_stay_text(app):
    letter = notices.won(CONTEST, (5, "<b>Maya</b> X"), FIRST, WINS, DEED, 1)
    assert "<b>Maya</b>" not in letter.html
    assert "&lt;b&gt;Maya&lt;/b&gt;" in letter.html
    assert letter.text.startswith("Hi <b>Maya</b>,")


def test_somebody_without_a_name_is_still_greeted(app):
    letter = notices.led(CONTEST, (5, "  "), FIRST, WINS, 1)
    assert letter.text.startswith("Hi there,")
