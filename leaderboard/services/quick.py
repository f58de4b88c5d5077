"""The quick road of a fold: single dates of reps whose place inside the window never changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core.bulkload import TextRow, replace_rows, stamp
from leaderboard.models import MemberRow, ScoreEntry
from leaderboard.queries import touched as asked
from leaderboard.queries.facts import Spec
from leaderboard.queries.touched import Touched
from leaderboard.rules.quick import DayScore, day_scores, moved, needs_every_date
from leaderboard.rules.standing import MemberScore
from programme import queries as programmes

PART = (
    "board_id",
    "person_id",
    "unit_id",
    "points",
    "active_days",
    "available_days",
    "asked_days",
    "on_roster",
    "reached_at",
    "is_whole",
)
ENTRY = (
    "board_id",
    "person_id",
    "local_day",
    "unit_id",
    "points",
    "counted",
    "uncounted",
    "reached_at",
)
# A file that touches more dates of people than this is quicker counted by whole people.
MOST_DATES = 20_000


@dataclass(frozen=True)
class Settled:
    """Whose parts are still to be worked out from everything, and which moved: before, after."""

    rest: frozenset[int]
    changed: Sequence[tuple[MemberScore, MemberScore]]


def settle(board_id: int, spec: Spec, cutoff: datetime, found: Touched) -> Settled:
    """Follow what touched single dates, as far as that can be done.

    Left are people who changed; who are not of one unit, employed and enabled all the time; whose
    own zone says which date an event is of; and those of whom `rules.quick.moved` says nothing.
    """
    dates = _ordinary(spec, found.dates)
    whole = asked.whole_scores(board_id, dates)
    dates = {who: days for who, days in dates.items() if who in whole}
    if needs_every_date(spec.rules):
        dates = dict.fromkeys(dates, frozenset(spec.days))
    before = asked.entries_on(board_id, dates)
    events = asked.events_on(spec, cutoff, dates)
    settled: dict[int, MemberScore] = {}
    entries: list[TextRow] = []
    for who, days in dates.items():
        then, now = before.get(who, {}), day_scores(spec.rules, events.get(who, ()), days)
        score = moved(whole[who], then, now)
        if score is None:
            continue
        settled[who] = score
        entries += [
            entry(board_id, who, score.unit_id, day, came_to)
            for day, came_to in now.items()
            if came_to != then.get(day)
        ]
    changed = [(whole[who], score) for who, score in settled.items() if score != whole[who]]
    replace_rows(ScoreEntry, ENTRY, entries)
    replace_rows(MemberRow, PART, [part(board_id, score, is_whole=True) for _, score in changed])
    return Settled(found.people | (found.dates.keys() - settled.keys()), changed)


def _ordinary(spec: Spec, dates: Mapping[int, frozenset[date]]) -> dict[int, frozenset[date]]:
    """The people whose touched dates all lie in the window and are what the events say."""
    is_own_zone = programmes.by_id(spec.programme_id).tz_mode == "user"
    if is_own_zone or sum(map(len, dates.values())) > MOST_DATES:
        return {}
    window = frozenset(spec.days)
    return {who: days for who, days in dates.items() if days <= window}


def part(board_id: int, score: MemberScore, *, is_whole: bool) -> TextRow:
    """A rep's part as its table keeps it: the columns of `PART`."""
    return (
        str(board_id),
        str(score.person_id),
        str(score.unit_id),
        str(score.points),
        str(score.active_days),
        str(score.available_days),
        str(score.asked_days),
        str(int(score.on_roster)),
        _moment(score.reached_at),
        str(int(is_whole)),
    )


def entry(
    board_id: int, person_id: int, unit_id: int | None, day: date, came_to: DayScore
) -> TextRow:
    """A rep's date as its table keeps it, the columns of `ENTRY`; a date may be of no unit."""
    return (
        str(board_id),
        str(person_id),
        day.isoformat(),
        "" if unit_id is None else str(unit_id),
        str(came_to.points),
        str(came_to.counted),
        str(came_to.uncounted),
        _moment(came_to.reached_at),
    )


def _moment(instant: datetime | None) -> str:
    return "" if instant is None else stamp(instant)
