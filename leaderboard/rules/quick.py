"""Following a few dates of one rep whose place is known: their part moves by the difference."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple

from leaderboard.rules.scoring import Entry, Event, PointRule, Unique, fold
from leaderboard.rules.standing import MemberScore, UnitSum


class DayScore(NamedTuple):
    """What one rep's events of one date came to; `reached_at` is when its last point was made."""

    points: Fraction
    counted: int
    uncounted: int
    reached_at: datetime | None = None


NOTHING = DayScore(Fraction(0), 0, 0)


def needs_every_date(rules: Mapping[str, PointRule]) -> bool:
    """Whether what a date earns hangs on other dates: an object that scores once per contest."""
    return any(rule.unique is Unique.OBJECT for rule in rules.values())


def day_scores(
    rules: Mapping[str, PointRule], events: Iterable[Event], dates: Collection[date]
) -> dict[date, DayScore]:
    """Each date's score of one rep who was employed and enabled on all of `dates`."""
    return by_day(fold(rules, events, dates))


def by_day(judged: Iterable[Entry]) -> dict[date, DayScore]:
    """What judged events come to on each date."""
    points: dict[date, Fraction] = {}
    counted: dict[date, int] = {}
    seen: dict[date, int] = {}
    reached: dict[date, datetime] = {}
    for entry in judged:
        day = entry.event.day
        seen[day] = seen.get(day, 0) + 1
        if entry.is_counted:
            counted[day] = counted.get(day, 0) + 1
        if entry.points:
            points[day] = points[day] + entry.points if day in points else entry.points
            moment = entry.event.occurred_at
            reached[day] = max(reached.get(day, moment), moment)
    return {
        day: DayScore(
            points.get(day, NOTHING.points),
            counted.get(day, 0),
            count - counted.get(day, 0),
            reached.get(day),
        )
        for day, count in seen.items()
    }


def moved(
    score: MemberScore, before: Mapping[date, DayScore], after: Mapping[date, DayScore]
) -> MemberScore | None:
    """A rep's part after these dates' scores changed; None where more must be known to say it.

    That is so for a rep available on no day, a date that lost its last event, and a date whose last
    point was the last of all and is not any more.
    """
    if not score.available_days or before.keys() - after.keys():
        return None
    points, active, last = score.points, score.active_days, score.reached_at
    for day, now in after.items():
        then = before.get(day, NOTHING)
        if now == then:
            continue
        if now.points != then.points:
            points += now.points - then.points
            active += (now.points >= 1) - (then.points >= 1)
        was_last = then.reached_at if then.reached_at == score.reached_at else None
        if was_last and (now.reached_at is None or now.reached_at < was_last):
            return None
        if now.reached_at is not None and (last is None or now.reached_at > last):
            last = now.reached_at
    return score._replace(points=points, active_days=active, reached_at=last)


def shifted(
    sums: Mapping[int, UnitSum], changed: Iterable[tuple[MemberScore, MemberScore]]
) -> dict[int, UnitSum]:
    """What units brought together after reps' parts moved (before, after) through events alone.

    Without the moment of the last point: that one is asked for where it counts.
    """
    found = dict(sums)
    for before, after in changed:
        own = found.get(after.unit_id)
        if own is not None:
            found[after.unit_id] = own._replace(
                points=own.points + after.points - before.points,
                participants=own.participants + after.met - before.met,
            )
    return found
