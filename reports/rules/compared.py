"""Those who used it and the others, each beside their own past (METRICS 3.3.4, X5 to X9)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from adoption.rules.gaps import Gap, Seller, UseRule, sellers_gap
from core.calendars import DAY
from core.stats import Change, Estimate, Permutation, adjusted, permute, two_sample
from reports.rules.lift import TEAMS_A_SIDE


@dataclass(frozen=True)
class Split:
    """One way to part the population: the gap, and the same people's gap before.

    `newcomers` were not employed yet when the window before ended.
    """

    gap: Gap
    gap_before: Gap
    newcomers: int

    @property
    def is_fair(self) -> bool:
        """METRICS V4: whether the gap before is known, without which no gap is shown."""
        return self.gap.gap is not None and self.gap_before.gap is not None


def split_of(sellers: Sequence[Seller], min_group: int) -> Split:
    """METRICS V1 with V4 for one split of the population."""
    return Split(
        sellers_gap(sellers, min_group),
        sellers_gap(sellers, min_group, before=True),
        sum(not one.was_here for one in sellers),
    )


# Fewer points show no trend (METRICS section 10, point 3).
FEWEST_STRETCHES = 3
# A team and whether these of its reps used it.
TeamSide = tuple[int | None, bool]


@dataclass(frozen=True)
class AdjustedGap:
    """METRICS X5 in money per rep, and as a share of what the users would have won without it."""

    estimate: Estimate
    base: float | None

    def share(self, value: float) -> float | None:
        """A difference in money as that share."""
        return value / self.base if self.base else None


def adjusted_gap(sellers: Sequence[Seller], min_group: int) -> AdjustedGap | None:
    """METRICS X5: what users won more than their own past let expect; None for a small group."""
    sides = {
        used_it: [Change(one.won_before, one.won) for one in sellers if one.used_it is used_it]
        for used_it in (True, False)
    }
    if min(map(len, sides.values())) < min_group:
        return None
    found = adjusted(sides[True], sides[False])
    if found is None or found.lo is None:
        return None
    base = sum(one.after for one in sides[True]) / len(sides[True]) - found.effect
    return AdjustedGap(found, base if base > 0 else None)


@dataclass(frozen=True)
class GrowthGap:
    """METRICS X6 to X9 on growth: a share of the users' own past, one value a team and side."""

    users: int
    others: int
    estimate: Estimate
    permutation: Permutation


def growth_gap(
    sellers: Sequence[Seller], teams: Mapping[int, int], min_group: int, seed: int
) -> GrowthGap | None:
    """METRICS X6 to X9: how much more those who used it grew than the others.

    None for a small group, for fewer than four teams a side, or where a side has no past to grow
    from. `teams` says each person's team when the window began.
    """
    counts = [sum(one.used_it is side for one in sellers) for side in (True, False)]
    changes = relative_changes(sellers)
    if min(counts) < min_group or changes is None:
        return None
    values: dict[TeamSide, list[float]] = defaultdict(list)
    for one, change in zip(sellers, changes, strict=True):
        values[teams.get(one.person_id), one.used_it].append(change)
    users, others = (
        [sum(group) / len(group) for (_team, used_it), group in values.items() if used_it is side]
        for side in (True, False)
    )
    if min(len(users), len(others)) < TEAMS_A_SIDE:
        return None
    found = two_sample(users, others)
    if found is None:
        return None
    return GrowthGap(len(users), len(others), found, permute(users, others, seed=seed))


def relative_changes(sellers: Sequence[Seller]) -> list[float] | None:
    """Each rep's change as a share of their side's average past, without the others' growth.

    Those who sell more also gain more money in a good quarter, so money is no fair scale: the
    others' growth is taken out of everybody first, and each side is measured against itself. The
    mean of the users is then the ratio of both growths less 1, that of the others 0.
    """
    past: dict[bool, list[float]] = {True: [], False: []}
    won: dict[bool, list[float]] = {True: [], False: []}
    for one in sellers:
        past[one.used_it].append(one.won_before)
        won[one.used_it].append(one.won)
    if not all(sum(side) > 0 for side in (past[True], past[False], won[False])):
        return None
    means = {side: sum(values) / len(values) for side, values in past.items()}
    usual = sum(won[False]) / sum(past[False])
    return [(one.won / usual - one.won_before) / means[one.used_it] for one in sellers]


@dataclass(frozen=True)
class Stretch:
    """One of the equally long stretches before the launch: what each side sold in it, per rep."""

    start: date
    users: float
    others: float


def stretches_before(
    sellers: Sequence[Seller], starts: Sequence[date], won: Sequence[Mapping[int, float]]
) -> tuple[Stretch, ...]:
    """METRICS section 10, point 3: both sides before the launch, to see whether they move alike.

    `won` are the amounts by person in the stretch that begins on each of `starts`. Nothing is
    shown of fewer than three, or where a side sold nothing in all of them.
    """
    sides = {
        side: [one.person_id for one in sellers if one.used_it is side] for side in (True, False)
    }
    if len(starts) < FEWEST_STRETCHES or not all(sides.values()):
        return ()
    users, others = (
        [
            sum(amounts.get(ident, 0.0) for ident in sides[side]) / len(sides[side])
            for amounts in won
        ]
        for side in (True, False)
    )
    if not sum(users) or not sum(others):
        return ()
    return tuple(map(Stretch, starts, users, others))


@dataclass(frozen=True)
class Compared:
    """One window [start, end) by every split asked, and the estimates by the one fixed before it.

    What was before is read in [before, launch), as long as the window.
    """

    start: date
    end: date
    before: date
    launch: date
    splits: Mapping[UseRule, Split]
    adjusted: AdjustedGap | None
    growth: GrowthGap | None
    trend: tuple[Stretch, ...] = ()

    @property
    def of_own_average(self) -> tuple[list[float], list[float]]:
        """Users and others before the launch, each as a share of their own average.

        That is the scale on which growth is compared.
        """
        sides = [one.users for one in self.trend], [one.others for one in self.trend]
        users, others = ([value * len(side) / sum(side) for value in side] for side in sides)
        return users, others

    @property
    def fixed(self) -> Split:
        """The split that was settled before anything was sold."""
        return self.splits[UseRule.LANDMARK]

    @property
    def last_day(self) -> date:
        """The last day of the window."""
        return self.end - DAY

    @property
    def last_before(self) -> date:
        """The eve of the launch."""
        return self.launch - DAY
