"""What coaching may have changed: coached reps before and after, beside reps not coached yet.

Each rep enters with the first talk alone. The talk's week is left out: before are the four weeks
ahead of it, after the four that follow. Beside them stand reps not coached yet who, like the
coached, missed as many moments in the week before the talk: who is picked for a bad week mostly
has a better one next, coached or not (regression to the mean). Such a rep counts week by week for
as long as no own talk comes: were only those taken who stay without one to the end, they would be
those whose weeks happened to go well. What they changed by is taken off both sides, so that a
season or a campaign is no effect. Teams are compared, never reps: those of one manager are alike
(METRICS 3.2, X6, X7).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import fsum, sqrt

from core.calendars import DAY, WEEK_DAYS
from core.stats import Estimate, Share, two_sample

WEEK = WEEK_DAYS * DAY
SPAN = 4
# Fewer moments due than this in four weeks are too coarse to be a share.
FEWEST_DUE = 3
# Below four teams a side even a perfect result happens by chance (METRICS 3.2).
FEWEST_TEAMS = 4
FEWEST_REPS = 5
MANY_MISSED = 3
# Beside one rep alone nobody can stand: there is no spread to judge by.
FEWEST_BESIDE = 2
Cell = tuple[date, int]


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

    def after(self, week: date) -> Share:
        """The four weeks after this one, or those of them before the own first talk."""
        free = SPAN if self.coached is None or self.coached <= week else _weeks(self.coached, week)
        if free >= SPAN:
            return self.over(week + WEEK)
        found = [self.weeks.get(week + n * WEEK, (0, 0)) for n in range(1, free + 1)]
        return Share(sum(hits for hits, _due in found), sum(due for _hits, due in found))

    def missed_in(self, week: date) -> int:
        """How many moments of that week were missed; three and more are one kind."""
        on_time, due = self.weeks.get(week, (0, 0))
        return min(due - on_time, MANY_MISSED)


def _weeks(later: date, week: date) -> int:
    """How many weeks lie between two."""
    return (later - week) // WEEK - 1


@dataclass(frozen=True)
class Row:
    """One rep around a talk's week: the shares before and after, and earlier where known.

    `weight` is how many moments fell due after: weeks count alike, whoever has more of them.
    `missed` are those of the week before the talk.
    """

    person_id: int
    team_id: int
    week: date
    earlier: float | None
    before: float
    after: float
    weight: int = 1
    missed: int = 1

    @property
    def cell(self) -> Cell:
        """Whom the rep may stand beside: the same week, with as many missed ahead of it."""
        return self.week, self.missed

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def past(self) -> float | None:
        """The same before any talk: before less earlier."""
        return None if self.earlier is None else self.before - self.earlier


@dataclass(frozen=True)
class Sides:
    """The coached and the not yet coached, with what those not coached yet changed by in each cell.

    `past_drift` is the same from the four weeks before those: before any talk.
    """

    coached: tuple[Row, ...]
    others: tuple[Row, ...]
    drift: Mapping[Cell, float]
    past_drift: Mapping[Cell, float]
    unmatched: int = 0


@dataclass(frozen=True)
class Verdict:
    """What may be said: both changes team by team, their difference, and that of the past.

    `others_changed` is what those beside changed by in the very weeks of the coached.
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
    """Both sides, from weeks up to `last`, the last complete one."""
    coached = [row for one in histories if (row := _coached_row(one, last)) is not None]
    wanted = {row.cell for row in coached}
    beside: dict[Cell, list[Row]] = defaultdict(list)
    for week in sorted({week for week, _missed in wanted}):
        for one in histories:
            is_free = one.coached is None or one.coached > week
            if is_free and (week, one.missed_in(week - WEEK)) in wanted:
                row = _row(one, week, least=1)
                if row is not None:
                    beside[row.cell].append(row)
    cells = {cell: rows for cell, rows in beside.items() if len(rows) >= FEWEST_BESIDE}
    kept = tuple(row for row in coached if row.cell in cells)
    return Sides(
        kept,
        tuple(row for rows in cells.values() for row in rows),
        {cell: _mean_of((row.change, row.weight) for row in rows) for cell, rows in cells.items()},
        {
            cell: _mean_of(past)
            for cell, rows in cells.items()
            if len(past := [(row.past, 1) for row in rows if row.past is not None]) >= FEWEST_BESIDE
        },
        len(coached) - len(kept),
    )


def _coached_row(one: RepHistory, last: date) -> Row | None:
    week = one.coached
    if week is None or week + SPAN * WEEK > last or one.missed_in(week - WEEK) < 1:
        return None
    return _row(one, week, least=FEWEST_DUE)


def _row(one: RepHistory, week: date, least: int) -> Row | None:
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
    before, after = one.over(week - SPAN * WEEK), one.after(week)
    if team_id is None or before.base < FEWEST_DUE or after.base < least:
        return None
    earlier = one.over(week - 2 * SPAN * WEEK)
    return Row(
        one.person_id,
        team_id,
        week,
        earlier.hits / earlier.base if earlier.base >= FEWEST_DUE else None,
        before.hits / before.base,
        after.hits / after.base,
        after.base,
        one.missed_in(week - WEEK),
    )


def verdict(found: Sides, teams: Collection[int] | None = None) -> Verdict:
    """What the sides say; `teams` are those whose coached reps are asked about, None all.

    Whoever stands beside them is taken from the whole programme.
    """
    coached = [row for row in found.coached if teams is None or row.team_id in teams]
    cells = {row.cell for row in coached}
    others = [row for row in found.others if row.cell in cells]
    beside = Counter(row.cell for row in others)
    effect = compare(
        [(row, row.change - found.drift[row.cell]) for row in coached],
        [
            (row, (row.change - found.drift[row.cell]) * _widened(beside[row.cell]))
            for row in others
        ],
    )
    means = _team_means((row, row.change) for row in coached)
    changed = fsum(means) / len(means) if means else None
    return Verdict(
        reps=len({row.person_id for row in coached}),
        teams=len({row.team_id for row in coached}),
        other_reps=len({row.person_id for row in others}),
        other_teams=len({row.team_id for row in others}),
        changed=changed,
        others_changed=None if changed is None or effect is None else changed - effect.effect,
        effect=effect,
        trend=compare(_past(coached, found.past_drift), _past(others, found.past_drift)),
        unmatched=found.unmatched,
    )


def compare(
    coached: Iterable[tuple[Row, float]], others: Iterable[tuple[Row, float]]
) -> Estimate | None:
    """METRICS X6 and X7: the mean over teams of one side less that of the other."""
    return two_sample(_team_means(coached), _team_means(others))


def _team_means(rows: Iterable[tuple[Row, float]]) -> list[float]:
    by_team: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for row, value in rows:
        by_team[row.team_id].append((value, row.weight))
    return [_mean_of(values) for _team_id, values in sorted(by_team.items())]


def _widened(count: int) -> float:
    """How much further than from its own mean a value of so many lies from the true one."""
    return sqrt(count / (count - 1)) if count > 1 else 1.0


def _past(rows: Iterable[Row], drift: Mapping[Cell, float]) -> list[tuple[Row, float]]:
    return [
        (row, row.past - drift[row.cell])
        for row in rows
        if row.past is not None and row.cell in drift
    ]


def _mean_of(values: Iterable[tuple[float, int]]) -> float:
    """The mean of (value, weight)."""
    given = list(values)
    return fsum(value * weight for value, weight in given) / sum(weight for _value, weight in given)


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
    "or not. So the comparison is with reps not coached yet who missed as many moments that week. "
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
        f"{own}; reps not coached yet who had missed as many went "
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
