"""What the parts of a race were at the close of an earlier date."""

from collections.abc import Iterable
from datetime import date, datetime
from fractions import Fraction

from leaderboard.rules.standing import MemberScore


def as_of_day(
    scores: Iterable[MemberScore],
    earned: Iterable[tuple[int, int, date, Fraction]],
    until: date,
) -> tuple[MemberScore, ...]:
    """The same parts at the close of one date: what later dates earned is taken off again.

    When the last point was made then is not known from it; `reached_by` says so where it is wanted.
    """
    points: dict[tuple[int, int], Fraction] = {}
    active: dict[tuple[int, int], int] = {}
    for person_id, unit_id, day, amount in earned:
        if day > until:
            key = (person_id, unit_id)
            points[key] = points[key] + amount if key in points else amount
            active[key] = active.get(key, 0) + (amount >= 1)
    return tuple(
        score._replace(
            points=score.points - points[key],
            active_days=score.active_days - active[key],
            reached_at=None,
        )
        if (key := (score.person_id, score.unit_id)) in points
        else score
        for score in scores
    )


def reached_by(
    scores: Iterable[MemberScore],
    moments: Iterable[tuple[int, int, date, datetime]],
    until: date,
) -> tuple[MemberScore, ...]:
    """The same parts with the moment of their last point up to the close of one date."""
    last: dict[tuple[int, int], datetime] = {}
    for person_id, unit_id, day, moment in moments:
        if day <= until:
            key = (person_id, unit_id)
            last[key] = max(last.get(key, moment), moment)
    return tuple(
        score._replace(reached_at=last.get((score.person_id, score.unit_id))) for score in scores
    )
