"""What coaching may have changed: coached reps before and after, beside reps not coached yet.

Each rep enters with the first talk alone. The talk's week is left out: before are the four weeks
ahead of it, after the four that follow. Beside them stand reps not yet coached by the end of those
four weeks who, like the coached, missed a moment in the week before the talk: who is picked for a
bad week mostly has a better one next, coached or not (regression to the mean). What all reps not
yet coached changed by in the same weeks is taken off both sides, so that a season or a campaign is
no effect. Teams are compared, never reps: those of one manager are alike (METRICS 3.2, X6, X7).

Where talks are drawn by lot among those who missed, this errs a point or two against coaching: who
is not picked for four more weeks had good ones. Where managers pick the worst it errs as much the
other way. Both are smaller than the intervals of a company's first months, and said on the page.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import fsum

from core.calendars import DAY, WEEK_DAYS
from core.stats import Estimate, Share, two_sample

WEEK = WEEK_DAYS * DAY
SPAN = 4
# Fewer moments due than this in four weeks are too coarse to be a share.
FEWEST_DUE = 3
# Below four teams a side even a perfect result happens by chance (METRICS 3.2).
FEWEST_TEAMS = 4
FEWEST_REPS = 5


@dataclass(frozen=True)
class RepHistory:
    """A rep's moments by week, (taken in time, due), the team of each week, and the first talk."""

    person_id: int
    weeks: Mapping[date, tuple[int, int]]
    teams: Mapping[date, int | None]
    coached: date | None = None

    @cached_property
    def _spans(self) -> dict[date, tuple[int, int]]:
        """Every four weeks in which anything fell due, by their first: many talks ask for them."""
        sums: dict[date, tuple[int, int]] = {}
        for week, (on_time, due) in self.weeks.items():
            for number in range(SPAN):
                first = week - number * WEEK
                hits, base = sums.get(first, (0, 0))
                sums[first] = (hits + on_time, base + due)
        return sums

    def over(self, first: date) -> Share:
        """The four weeks from this one."""
        return Share(*self._spans.get(first, (0, 0)))

    def missed_in(self, week: date) -> bool:
        """Whether a moment of that week was missed."""
        on_time, due = self.weeks.get(week, (0, 0))
        return on_time < due


@dataclass(frozen=True)
class Row:
    """One rep around a talk's week: the shares before and after, and earlier where known."""

    person_id: int
    team_id: int
    week: date
    earlier: float | None
    before: float
    after: float

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before


@dataclass(frozen=True)
class Sides:
    """The coached and the not yet coached, each change with the drift of its weeks taken off.

    `past` are the same reps' changes from the four weeks before those: before any talk.
    """

    coached: tuple[Row, ...]
    others: tuple[Row, ...]
    drift: Mapping[date, float]
    past_drift: Mapping[date, float]
    unmatched: int = 0


@dataclass(frozen=True)
class Verdict:
    """What may be said: the raw changes, the difference with its interval, and the past beside it.

    `effect` is X6 with the interval of X7 on teams, `trend` the same difference before any talk.
    None where there is too little.
    """

    reps: int
    teams: int
    other_reps: int
    other_teams: int
    changed: float | None
    others_changed: float | None
    effect: Estimate | None
    trend: Estimate | None
    unmatched: int = 0

    @property
    def tells(self) -> bool:
        """Whether both sides have the teams and reps it takes."""
        return is_enough(self.teams, self.reps) and is_enough(self.other_teams, self.other_reps)

    @property
    def is_clear(self) -> bool:
        """Whether chance alone would hardly give it."""
        found = self.effect
        if not self.tells or found is None or found.lo is None or found.hi is None:
            return False
        return found.lo > 0 or found.hi < 0


def is_enough(teams: int, reps: int) -> bool:
    """Whether a side has enough to be compared."""
    return teams >= FEWEST_TEAMS and reps >= FEWEST_REPS


def sides(histories: Sequence[RepHistory], last: date) -> Sides:
    """Both sides, from weeks up to `last`, the last complete one.

    A rep may stand beside others' talks before an own one, but never with the same weeks twice.
    """
    coached = [row for one in histories if (row := _coached_row(one, last)) is not None]
    weeks = sorted({row.week for row in coached})
    taken = {row.person_id for row in coached}
    pool = {
        week: [
            row
            for one in histories
            if _is_beside(one, week, is_counted=one.person_id in taken)
            and (row := _row(one, week)) is not None
        ]
        for week in weeks
    }
    by_id = {one.person_id: one for one in histories}
    others = [
        row
        for week, rows in pool.items()
        for row in rows
        if by_id[row.person_id].missed_in(week - WEEK)
    ]
    matched = {row.week for row in others}
    kept = tuple(row for row in coached if row.week in matched)
    return Sides(
        kept,
        tuple(others),
        {week: _mean([row.change for row in rows]) for week, rows in pool.items() if rows},
        {
            week: _mean(past)
            for week, rows in pool.items()
            if (past := [row.before - row.earlier for row in rows if row.earlier is not None])
        },
        len(coached) - len(kept),
    )


def _coached_row(one: RepHistory, last: date) -> Row | None:
    week = one.coached
    if week is None or week + SPAN * WEEK > last or not one.missed_in(week - WEEK):
        return None
    return _row(one, week)


def _is_beside(one: RepHistory, week: date, *, is_counted: bool) -> bool:
    """Not coached by the end of the weeks after, and with none of them among the own before."""
    if one.coached is None:
        return True
    free_from = week + (2 * SPAN if is_counted else SPAN) * WEEK
    return one.coached > free_from


def _row(one: RepHistory, week: date) -> Row | None:
    team_id = one.teams.get(week - WEEK)
    if team_id is None:
        team_id = next(
            (
                found
                for number in range(2, SPAN + 1)
                if (found := one.teams.get(week - number * WEEK)) is not None
            ),
            None,
        )
    before, after = one.over(week - SPAN * WEEK), one.over(week + WEEK)
    if team_id is None or min(before.base, after.base) < FEWEST_DUE:
        return None
    earlier = one.over(week - 2 * SPAN * WEEK)
    return Row(
        one.person_id,
        team_id,
        week,
        earlier.hits / earlier.base if earlier.base >= FEWEST_DUE else None,
        before.hits / before.base,
        after.hits / after.base,
    )


def verdict(found: Sides, teams: Collection[int] | None = None) -> Verdict:
    """What the sides say; `teams` are those whose coached reps are asked about, None all.

    Whoever stands beside them is taken from the whole programme.
    """
    coached = [row for row in found.coached if teams is None or row.team_id in teams]
    weeks = {row.week for row in coached}
    others = [row for row in found.others if row.week in weeks]
    effect = compare(
        [(row, row.change - found.drift[row.week]) for row in coached],
        [(row, row.change - found.drift[row.week]) for row in others],
    )
    return Verdict(
        reps=len({row.person_id for row in coached}),
        teams=len({row.team_id for row in coached}),
        other_reps=len({row.person_id for row in others}),
        other_teams=len({row.team_id for row in others}),
        changed=_mean([row.change for row in coached]) if coached else None,
        others_changed=_weighted_change(coached, others),
        effect=effect,
        trend=compare(_past(coached, found.past_drift), _past(others, found.past_drift)),
        unmatched=found.unmatched,
    )


def compare(
    coached: Iterable[tuple[Row, float]], others: Iterable[tuple[Row, float]]
) -> Estimate | None:
    """METRICS X6 and X7: the mean over teams of one side less that of the other.

    A rep who stands beside several talks counts once in the team, with the mean.
    """
    return two_sample(_team_means(coached), _team_means(others))


def _team_means(rows: Iterable[tuple[Row, float]]) -> list[float]:
    by_rep: dict[tuple[int, int], list[float]] = defaultdict(list)
    for row, value in rows:
        by_rep[row.team_id, row.person_id].append(value)
    by_team: dict[int, list[float]] = defaultdict(list)
    for (team_id, _person_id), values in sorted(by_rep.items()):
        by_team[team_id].append(_mean(values))
    return [_mean(values) for _team_id, values in sorted(by_team.items())]


def _past(rows: Iterable[Row], drift: Mapping[date, float]) -> list[tuple[Row, float]]:
    return [
        (row, row.before - row.earlier - drift[row.week])
        for row in rows
        if row.earlier is not None and row.week in drift
    ]


def _weighted_change(coached: Sequence[Row], others: Sequence[Row]) -> float | None:
    """What those beside changed by in the same weeks, each week as often as it has a talk."""
    by_week: dict[date, list[float]] = defaultdict(list)
    for row in others:
        by_week[row.week].append(row.change)
    means = [_mean(by_week[row.week]) for row in coached if row.week in by_week]
    return _mean(means) if means else None


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)


def points(value: float | None) -> str:
    """A difference of shares in whole points: "+8", "-3", "0"."""
    if value is None:
        return "–"
    whole = int(abs(value) * 100 + 0.5)
    if not whole:
        return "0"
    return f"{'+' if value > 0 else '−'}{whole}"


CAREFUL = (
    "Managers pick who had a bad week, and a bad week is mostly followed by a better one, coached "
    "or not. So the comparison is with reps not yet coached who also missed a moment that week. "
    "What managers saw beyond that is not taken out: a comparison, not an experiment."
)


def sentence(found: Verdict) -> str:
    """The finding in plain words (METRICS 9)."""
    if not found.reps:
        return "Nobody has been coached with four full weeks before and after yet."
    own = f"Coached reps went {_moved(found.changed)} in the four weeks after"
    if found.others_changed is None:
        return f"{own}. There is nobody to compare them with yet."
    both = (
        f"{own}; reps not yet coached who also missed a moment went "
        f"{_moved(found.others_changed)} in the same weeks."
    )
    if not found.tells:
        return f"{both} Too few to tell: we show the numbers but draw no conclusion."
    effect = found.effect
    if effect is None or effect.lo is None or effect.hi is None:
        return f"{both} Too few to tell: we show the numbers but draw no conclusion."
    reach = f"{points(effect.effect)} points, likely {points(effect.lo)} to {points(effect.hi)}"
    if not found.is_clear:
        return f"{both} Team by team the difference is {reach}: it could be chance."
    way = "more" if effect.effect > 0 else "less"
    return f"{both} Team by team that is {reach}: {way} than chance alone would give."


def _moved(value: float | None) -> str:
    said = points(value)
    if said == "0":
        return "neither up nor down"
    number = said[1:]
    noun = "point" if number == "1" else "points"
    return f"{'up' if said[0] == '+' else 'down'} {number} {noun}"
