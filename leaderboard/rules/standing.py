"""From points a day to places: headcount, roster, score, shrinkage, rank (METRICS C4-C9)."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from math import ceil, inf
from typing import NamedTuple

from leaderboard.rules.units import TieBreak

BASELINE_WEIGHT = 50
BASELINE_FLOOR = Fraction(1, 4)
HANDICAP_LOW, HANDICAP_HIGH = Fraction(67, 100), Fraction(3, 2)
WORKING_WEEK = 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# Later than any moment: nothing was ever scored.
NEVER = Fraction(-(10**18))


class Mode(StrEnum):
    """How a team's score is made (C6)."""

    PARTICIPATION = "participation"
    PER_CAPITA = "per_capita"
    TOTAL = "total"
    IMPROVEMENT = "improvement"
    HANDICAP = "handicap"


class Unranked(StrEnum):
    """Why a team has no place."""

    TOO_SMALL = "too_small"
    NO_ROSTER = "no_roster"
    NO_BASELINE = "no_baseline"
    NO_DIVISION = "no_division"


@dataclass(frozen=True)
class Terms:
    """What a race is scored by, apart from the points of its events.

    `asks_presence`: who was available on no day has no place, however small a unit may be.
    """

    mode: Mode = Mode.PARTICIPATION
    target_days: Fraction = Fraction(2)
    working_days: int = 10
    min_team_size: Fraction = Fraction(3)
    shrink_k: Fraction = Fraction(10)
    tie_break: tuple[TieBreak, ...] = ()
    asks_presence: bool = False


@dataclass(frozen=True)
class Member:
    """One rep's dates inside the race: the unit of each, the days here, the days available."""

    person_id: int
    unit_of: Mapping[date, int]
    current: frozenset[date]
    available: frozenset[date]


class MemberScore(NamedTuple):
    """What one rep brought to one unit; `reached_at` is when their last point was made.

    Every fold reads one for each rep, so it is a plain tuple.
    """

    person_id: int
    unit_id: int
    points: Fraction
    active_days: int
    available_days: int
    asked_days: int
    on_roster: bool
    reached_at: datetime | None = None

    @property
    def met(self) -> bool:
        """Met their own target (C6); only those on the roster are asked."""
        return self.on_roster and self.active_days >= self.asked_days


class UnitSum(NamedTuple):
    """What the reps of one unit brought together: all a row of the standings is made of."""

    points: Fraction = Fraction(0)
    available_days: int = 0
    roster: int = 0
    participants: int = 0
    reached_at: datetime | None = None


@dataclass(frozen=True)
class Baseline:
    """Points and available days before the start, for the modes that compare with them."""

    points: Fraction = Fraction(0)
    days: int = 0


@dataclass(frozen=True)
class Around:
    """What a table needs beside scores: each unit's division, and measures that part ties.

    `divisions` None: one race of all. `improves_on`: the baselines a "most improved" award compares
    with beside any mode. A unit without a measure has the least.
    """

    divisions: Mapping[int, str] | None = None
    improves_on: Mapping[int, Baseline] | None = None
    measures: Mapping[TieBreak, Mapping[int, Fraction]] = field(default_factory=dict)


class Line(NamedTuple):
    """One unit's row: raw score, the score it is ranked by, and what both are made of.

    `tie` holds what parts equal scores, the first declared first, more being better (case 20).
    """

    unit_id: int
    points: Fraction
    headcount: Fraction
    roster: int
    participants: int
    member_days: int
    score: Fraction | None = None
    rank_score: Fraction | None = None
    rank: int | None = None
    reason: Unranked | None = None
    division: str | None = None
    tie: tuple[Fraction, ...] = ()
    improvement: Fraction | None = None

    @property
    def ranked(self) -> bool:
        """Has a place."""
        return self.rank is not None


def asked_days(target_days: Fraction, available_days: int) -> int:
    """C6: ceil(target * available / 5), so leave and a late start lower what is asked."""
    return ceil(target_days * available_days / WORKING_WEEK)


def is_on_roster(available_days: int, working_days: int) -> bool:
    """C5: available on that team at least half of the contest's working days."""
    return working_days > 0 and 2 * available_days >= working_days


def member_scores(
    terms: Terms,
    member: Member,
    points: Mapping[date, Fraction],
    reached: Mapping[date, datetime] | None = None,
) -> tuple[MemberScore, ...]:
    """One rep's part in each unit they stood for: points follow the date's one (P8, case 13).

    `reached` says when the last point of a date was made.
    """
    available: dict[int, int] = defaultdict(int)
    earned: dict[int, Fraction] = defaultdict(Fraction)
    active: dict[int, int] = defaultdict(int)
    last: dict[int, datetime] = {}
    for day in member.available:
        unit_id = member.unit_of.get(day)
        if unit_id is not None:
            available[unit_id] += 1
    for day, amount in points.items():
        unit_id = member.unit_of.get(day)
        if unit_id is not None:
            earned[unit_id] += amount
            active[unit_id] += amount >= 1
            if reached and day in reached:
                last[unit_id] = max(last.get(unit_id, reached[day]), reached[day])
    return tuple(
        MemberScore(
            person_id=member.person_id,
            unit_id=unit_id,
            points=earned[unit_id],
            active_days=active[unit_id],
            available_days=available[unit_id],
            asked_days=asked_days(terms.target_days, available[unit_id]),
            on_roster=is_on_roster(available[unit_id], terms.working_days),
            reached_at=last.get(unit_id),
        )
        for unit_id in sorted({*available, *earned})
    )


def lines(
    terms: Terms,
    scores: Iterable[MemberScore],
    unit_ids: Iterable[int],
    baselines: Mapping[int, Baseline] | None = None,
    around: Around | None = None,
) -> tuple[Line, ...]:
    """Every unit's row with its place: ranked first, then the others by id.

    With divisions each is a race of its own: own pooled value, own places (CONTESTS, Settled).
    """
    return lines_of(terms, summed(scores, unit_ids), baselines, around)


def summed(scores: Iterable[MemberScore], unit_ids: Iterable[int]) -> dict[int, UnitSum]:
    """What these units' reps brought together; a unit without any has nothing."""
    mine: dict[int, list[MemberScore]] = {unit_id: [] for unit_id in unit_ids}
    for score in scores:
        if score.unit_id in mine:
            mine[score.unit_id].append(score)
    return {unit_id: _sum(found) for unit_id, found in mine.items()}


def _sum(scores: Sequence[MemberScore]) -> UnitSum:
    moments = [score.reached_at for score in scores if score.reached_at is not None]
    return UnitSum(
        points=sum((score.points for score in scores), Fraction(0)),
        available_days=sum(score.available_days for score in scores),
        roster=sum(score.on_roster for score in scores),
        participants=sum(score.met for score in scores),
        reached_at=max(moments, default=None),
    )


def lines_of(
    terms: Terms,
    sums: Mapping[int, UnitSum],
    baselines: Mapping[int, Baseline] | None = None,
    around: Around | None = None,
) -> tuple[Line, ...]:
    """`lines` from what each unit brought together."""
    beside, bases = around or Around(), baselines or {}
    rows = [_scored(terms, _line(terms, unit_id, sums[unit_id]), bases) for unit_id in sorted(sums)]
    rows = [_beside(terms, row, sums[row.unit_id], beside) for row in rows]
    if beside.divisions is None:
        return _placed(terms, rows)
    return _placed_apart(terms, rows, beside.divisions)


def _placed_apart(
    terms: Terms, rows: Sequence[Line], divisions: Mapping[int, str]
) -> tuple[Line, ...]:
    """Places within each division; a unit that came after they were cut has none."""
    apart: dict[str, list[Line]] = {name: [] for name in dict.fromkeys(divisions.values())}
    rest = []
    for row in rows:
        name = divisions.get(row.unit_id)
        if name is None:
            rest.append(row._replace(reason=row.reason or Unranked.NO_DIVISION))
        else:
            apart[name].append(row._replace(division=name))
    placed = [line for found in apart.values() for line in _placed(terms, found)]
    racing = [line for line in placed if line.ranked]
    return (*racing, *(line for line in placed if not line.ranked), *rest)


def _beside(terms: Terms, line: Line, brought: UnitSum, around: Around) -> Line:
    """The row with what parts it from its equals, in the declared order, and how it improved."""
    if around.improves_on is not None and line.headcount and line.headcount >= terms.min_team_size:
        compared = replace(terms, mode=Mode.IMPROVEMENT)
        better = _against_baseline(compared, line, around.improves_on)
        line = line._replace(improvement=better)
    if not terms.tie_break:
        return line
    ties = tuple(_tie_value(each, brought, line, around) for each in terms.tie_break)
    return line._replace(tie=ties)


def _tie_value(rule: TieBreak, brought: UnitSum, line: Line, beside: Around) -> Fraction:
    if rule is TieBreak.TIME:
        moment = brought.reached_at
        return NEVER if moment is None else earlier_is_more(moment)
    return beside.measures.get(rule, {}).get(line.unit_id, Fraction(0))


def earlier_is_more(moment: datetime) -> Fraction:
    """A moment as a number that is larger the earlier it lies, exact to the microsecond."""
    return Fraction(-((moment - EPOCH) // MICROSECOND))


def _line(terms: Terms, unit_id: int, brought: UnitSum) -> Line:
    days = brought.available_days
    return Line(
        unit_id=unit_id,
        points=brought.points,
        headcount=Fraction(days, terms.working_days) if terms.working_days else Fraction(0),
        roster=brought.roster,
        participants=brought.participants,
        member_days=days,
    )


def _scored(terms: Terms, line: Line, baselines: Mapping[int, Baseline]) -> Line:
    """C6 for one team, and C9's reason when it can have no place."""
    score = _raw_score(terms, line, baselines)
    reason = None
    if line.headcount < terms.min_team_size or (terms.asks_presence and not line.headcount):
        reason = Unranked.TOO_SMALL
    elif score is None:
        compares = terms.mode in {Mode.IMPROVEMENT, Mode.HANDICAP}
        reason = Unranked.NO_BASELINE if compares else Unranked.NO_ROSTER
    return line._replace(score=score, reason=reason)


def _raw_score(terms: Terms, line: Line, baselines: Mapping[int, Baseline]) -> Fraction | None:
    if terms.mode is Mode.TOTAL:
        return line.points
    if terms.mode is Mode.PARTICIPATION:
        return Fraction(line.participants, line.roster) if line.roster else None
    if not line.headcount:
        return None
    if terms.mode is Mode.PER_CAPITA:
        return line.points / line.headcount
    return _against_baseline(terms, line, baselines)


def _against_baseline(
    terms: Terms, line: Line, baselines: Mapping[int, Baseline]
) -> Fraction | None:
    """Improvement and handicap (C6)."""
    average, steady = pooled(baselines), steadied(baselines, line.unit_id)
    if not steady:
        return None
    if terms.mode is Mode.HANDICAP:
        help_ = min(max(average / steady, HANDICAP_LOW), HANDICAP_HIGH)
        return line.points / line.headcount * help_
    now = line.points / line.member_days
    return 100 * (now - steady) / max(steady, BASELINE_FLOOR * average)


def pooled(baselines: Mapping[int, Baseline]) -> Fraction:
    """C6's B_org: points a rep-day of everybody before the start; 0 where nobody was there."""
    days = sum(base.days for base in baselines.values())
    total = sum((base.points for base in baselines.values()), Fraction(0))
    return total / days if days else Fraction(0)


def steadied(baselines: Mapping[int, Baseline], unit_id: int) -> Fraction:
    """C6's Bs: the unit's own past, steadied by 50 average rep-days."""
    own = baselines.get(unit_id, Baseline())
    return (own.points + BASELINE_WEIGHT * pooled(baselines)) / (own.days + BASELINE_WEIGHT)


def weight_of(terms: Terms, line: Line) -> Fraction:
    """C8's n: the roster where participation is scored, the headcount for points per head."""
    return Fraction(line.roster) if terms.mode is Mode.PARTICIPATION else line.headcount


def shrunk(score: Fraction, weight: Fraction, league: Fraction, k: Fraction) -> Fraction:
    """C8: the score with `k` average colleagues added to the team."""
    return (weight * score + k * league) / (weight + k)


def league_value(terms: Terms, rows: Iterable[Line]) -> Fraction | None:
    """C8: the pooled value of the ranked teams; None where scores are not shrunk or none ranks."""
    if terms.mode not in {Mode.PARTICIPATION, Mode.PER_CAPITA}:
        return None
    placed = [row for row in rows if row.reason is None]
    weight = sum((weight_of(terms, row) for row in placed), Fraction(0))
    if not weight:
        return None
    if terms.mode is Mode.PARTICIPATION:
        return sum(row.participants for row in placed) / weight
    return sum((row.points for row in placed), Fraction(0)) / weight


def _placed(terms: Terms, rows: Sequence[Line]) -> tuple[Line, ...]:
    league = league_value(terms, rows)
    # Many units have the same score and weight, and fractions are slow to work with.
    known: dict[tuple[object, ...], Fraction | None] = {}

    def ranked_by(row: Line) -> Fraction | None:
        if row.score is None or league is None:
            return row.score
        made_of = (row.score.numerator, row.score.denominator, row.roster, row.member_days)
        if made_of not in known:
            known[made_of] = shrunk(row.score, weight_of(terms, row), league, terms.shrink_k)
        return known[made_of]

    scored = [row._replace(rank_score=ranked_by(row)) for row in rows]
    racing = [row for row in scored if row.reason is None]
    racing.sort(key=lambda row: (_about(row), _merit(row), -row.unit_id), reverse=True)
    places = competition_ranks([_merit(row) for row in racing])
    placed = [row._replace(rank=place) for row, place in zip(racing, places, strict=True)]
    return (*placed, *(row for row in scored if row.reason is not None))


def _about(row: Line) -> float:
    """The score rounded: it never orders otherwise than the exact one, and compares quickly."""
    try:
        return float(row.rank_score or 0)
    except OverflowError:
        return inf if (row.rank_score or 0) > 0 else -inf


def _merit(row: Line) -> tuple[Fraction, ...]:
    """What a place goes by: the score, then what the contest declared for ties (case 20)."""
    return (row.rank_score or Fraction(0), *row.tie)


def competition_ranks(scores_best_first: Sequence[object]) -> list[int]:
    """C9, case 19: 1-2-2-4 on exact values; equal ones share the place."""
    ranks: list[int] = []
    for position, score in enumerate(scores_best_first, start=1):
        is_tie = position > 1 and score == scores_best_first[position - 2]
        ranks.append(ranks[-1] if is_tie else position)
    return ranks


def text_of(number: Fraction | None) -> str | None:
    """An exact number as stored: "3/5", "4"."""
    return None if number is None else str(number)


def result_hash(rows: Iterable[Line]) -> str:
    """One fingerprint of a whole result, whatever order the rows come in (TRUST I12)."""
    canonical = sorted(
        [
            row.unit_id,
            row.rank,
            text_of(row.score),
            text_of(row.rank_score),
            text_of(row.points),
            text_of(row.headcount),
            row.roster,
            row.participants,
            row.reason,
            *([row.division] if row.division is not None else ()),
            *([text_of(row.improvement)] if row.improvement is not None else ()),
        ]
        for row in rows
    )
    return hashlib.sha256(json.dumps(canonical).encode()).hexdigest()
