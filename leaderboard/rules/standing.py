"""From points a day to places: headcount, roster, score, shrinkage, rank (METRICS C4-C9)."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from math import ceil

BASELINE_WEIGHT = 50
BASELINE_FLOOR = Fraction(1, 4)
HANDICAP_LOW, HANDICAP_HIGH = Fraction(67, 100), Fraction(3, 2)
WORKING_WEEK = 5


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


@dataclass(frozen=True)
class Terms:
    """What a race is scored by, apart from the points of its events."""

    mode: Mode = Mode.PARTICIPATION
    target_days: Fraction = Fraction(2)
    working_days: int = 10
    min_team_size: Fraction = Fraction(3)
    shrink_k: Fraction = Fraction(10)


@dataclass(frozen=True)
class Member:
    """One rep's dates inside the race: the team of each, the days here, the days available."""

    person_id: int
    team_of: Mapping[date, int]
    current: frozenset[date]
    available: frozenset[date]


@dataclass(frozen=True)
class MemberScore:
    """What one rep brought to one team."""

    person_id: int
    team_id: int
    points: Fraction
    active_days: int
    available_days: int
    asked_days: int
    on_roster: bool

    @property
    def met(self) -> bool:
        """Met their own target (C6); only those on the roster are asked."""
        return self.on_roster and self.active_days >= self.asked_days


@dataclass(frozen=True)
class Baseline:
    """Points and available days before the start, for the modes that compare with them."""

    points: Fraction = Fraction(0)
    days: int = 0


@dataclass(frozen=True)
class Line:
    """One team's row: raw score, the score it is ranked by, and what both are made of."""

    team_id: int
    points: Fraction
    headcount: Fraction
    roster: int
    participants: int
    member_days: int
    score: Fraction | None = None
    rank_score: Fraction | None = None
    rank: int | None = None
    reason: Unranked | None = None

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
    terms: Terms, member: Member, points: Mapping[date, Fraction]
) -> tuple[MemberScore, ...]:
    """One rep's part in each team they were on: points follow the date's team (P8, case 13)."""
    available: dict[int, int] = defaultdict(int)
    earned: dict[int, Fraction] = defaultdict(Fraction)
    active: dict[int, int] = defaultdict(int)
    for day in member.available:
        team_id = member.team_of.get(day)
        if team_id is not None:
            available[team_id] += 1
    for day, amount in points.items():
        team_id = member.team_of.get(day)
        if team_id is not None:
            earned[team_id] += amount
            active[team_id] += amount >= 1
    return tuple(
        MemberScore(
            person_id=member.person_id,
            team_id=team_id,
            points=earned[team_id],
            active_days=active[team_id],
            available_days=available[team_id],
            asked_days=asked_days(terms.target_days, available[team_id]),
            on_roster=is_on_roster(available[team_id], terms.working_days),
        )
        for team_id in sorted({*available, *earned})
    )


def as_of_day(
    scores: Iterable[MemberScore],
    earned: Iterable[tuple[int, int, date, Fraction]],
    until: date,
) -> tuple[MemberScore, ...]:
    """The same parts at the close of one date: what later dates earned is taken off again."""
    points: dict[tuple[int, int], Fraction] = {}
    active: dict[tuple[int, int], int] = {}
    for person_id, team_id, day, amount in earned:
        if day > until:
            key = (person_id, team_id)
            points[key] = points[key] + amount if key in points else amount
            active[key] = active.get(key, 0) + (amount >= 1)
    return tuple(
        replace(
            score, points=score.points - points[key], active_days=score.active_days - active[key]
        )
        if (key := (score.person_id, score.team_id)) in points
        else score
        for score in scores
    )


def lines(
    terms: Terms,
    scores: Iterable[MemberScore],
    team_ids: Iterable[int],
    baselines: Mapping[int, Baseline] | None = None,
) -> tuple[Line, ...]:
    """Every team's row with its place: ranked first, then the others by id."""
    mine: dict[int, list[MemberScore]] = {team_id: [] for team_id in team_ids}
    for score in scores:
        if score.team_id in mine:
            mine[score.team_id].append(score)
    rows = [_line(terms, team_id, mine[team_id]) for team_id in sorted(mine)]
    bases = baselines or {}
    rows = [_scored(terms, row, bases) for row in rows]
    return _placed(terms, rows)


def _line(terms: Terms, team_id: int, scores: Sequence[MemberScore]) -> Line:
    days = sum(score.available_days for score in scores)
    return Line(
        team_id=team_id,
        points=sum((score.points for score in scores), Fraction(0)),
        headcount=Fraction(days, terms.working_days) if terms.working_days else Fraction(0),
        roster=sum(score.on_roster for score in scores),
        participants=sum(score.met for score in scores),
        member_days=days,
    )


def _scored(terms: Terms, line: Line, baselines: Mapping[int, Baseline]) -> Line:
    """C6 for one team, and C9's reason when it can have no place."""
    score = _raw_score(terms, line, baselines)
    reason = None
    if line.headcount < terms.min_team_size:
        reason = Unranked.TOO_SMALL
    elif score is None:
        compares = terms.mode in {Mode.IMPROVEMENT, Mode.HANDICAP}
        reason = Unranked.NO_BASELINE if compares else Unranked.NO_ROSTER
    return replace(line, score=score, reason=reason)


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
    """Improvement and handicap (C6): the team's own past, steadied by 50 average rep-days."""
    all_days = sum(base.days for base in baselines.values())
    if not all_days:
        return None
    total = sum((base.points for base in baselines.values()), Fraction(0))
    average = total / all_days
    own = baselines.get(line.team_id, Baseline())
    steady = (own.points + BASELINE_WEIGHT * average) / (own.days + BASELINE_WEIGHT)
    if not steady:
        return None
    if terms.mode is Mode.HANDICAP:
        help_ = min(max(average / steady, HANDICAP_LOW), HANDICAP_HIGH)
        return line.points / line.headcount * help_
    now = line.points / line.member_days
    return 100 * (now - steady) / max(steady, BASELINE_FLOOR * average)


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

    def ranked_by(row: Line) -> Fraction | None:
        if row.score is None or league is None:
            return row.score
        return shrunk(row.score, weight_of(terms, row), league, terms.shrink_k)

    scored = [replace(row, rank_score=ranked_by(row)) for row in rows]
    racing = [row for row in scored if row.reason is None]
    racing.sort(key=lambda row: (-(row.rank_score or 0), row.team_id))
    places = competition_ranks([row.rank_score or Fraction(0) for row in racing])
    placed = [replace(row, rank=place) for row, place in zip(racing, places, strict=True)]
    return (*placed, *(row for row in scored if row.reason is not None))


def competition_ranks(scores_best_first: Sequence[Fraction]) -> list[int]:
    """C9, case 19: 1-2-2-4 on exact values; equal scores share the place."""
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
            row.team_id,
            row.rank,
            text_of(row.score),
            text_of(row.rank_score),
            text_of(row.points),
            text_of(row.headcount),
            row.roster,
            row.participants,
            row.reason,
        ]
        for row in rows
    )
    return hashlib.sha256(json.dumps(canonical).encode()).hexdigest()
