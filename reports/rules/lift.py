"""The lift of an experiment (METRICS section 7, last bullet): arms, effect, and its sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import fmean

from core.calendars import DAY
from core.stats import Change, Estimate, adjusted, holm, mean_change, permute, two_sample
from reports.rules.words import LEVEL, NO_CONCLUSION, experiment_sentence, too_few_sentence

DAYS_BEFORE = 28
TEAMS_A_SIDE = 4
WEEK = 7
BY_REP = "difference adjusted for the 28 days before (X5), t interval"
BY_TEAM = "difference in differences of teams (X6), t interval (X7), permutation p (X8)"


class Verdict(StrEnum):
    """What may be said of an experiment in two words."""

    MORE = "more"
    LESS = "less"
    UNCLEAR = "unclear"
    TOO_FEW = "too_few"
    NOT_STARTED = "not_started"


@dataclass(frozen=True)
class Arm:
    """One side: how many reps or teams it has, and their mean active days a week."""

    arm: str
    n: int
    mean: float | None


@dataclass(frozen=True)
class Lift:
    """What an experiment showed. Without a judgement, effect, interval and p are None."""

    arms: tuple[Arm, ...]
    estimate: Estimate | None
    method: str
    verdict: Verdict
    sentence: str

    def keys(self) -> dict[str, object]:
        """The value of the figure `lift` (CONTRACT section 5)."""
        found = self.estimate
        return {
            "arms": [{"arm": one.arm, "n": one.n, "mean": one.mean} for one in self.arms],
            "effect": found.effect if found else None,
            "lo": found.lo if found else None,
            "hi": found.hi if found else None,
            "p": found.p if found else None,
            "method": self.method,
            "sentence": self.sentence,
        }


def days_a_week(used: int, window: int) -> float:
    """Active days a week: the bits of `used` that lie in the window, per seven days of it."""
    days = window.bit_count()
    return (used & window).bit_count() * WEEK / days if days else 0.0


def not_started(names: tuple[str, str], sizes: tuple[int, int], method: str) -> Lift:
    """An experiment without a whole day behind it: who is in it, and nothing to say."""
    arms = tuple(Arm(name, size, None) for name, size in zip(names, sizes, strict=True))
    return Lift(arms, None, method, Verdict.NOT_STARTED, "It has not run for a whole day yet.")


def lift_of_reps(
    treated: Sequence[Change], held: Sequence[Change], names: tuple[str, str], min_group: int
) -> Lift:
    """METRICS X5 over reps, those given it against those held out; V2: no mean of a small arm."""
    sides = (treated, held)
    arms = tuple(
        Arm(name, len(side), fmean(one.after for one in side) if len(side) >= min_group else None)
        for name, side in zip(names, sides, strict=True)
    )
    if min(map(len, sides)) < min_group:
        words = f"{len(treated):,} {_reps(len(treated))} against {len(held):,}: under "
        words += f"{min_group} on a side we show no average and draw no conclusion."
        return Lift(arms, None, BY_REP, Verdict.TOO_FEW, words)
    found = adjusted(treated, held)
    who = "Reps drawn to get it"
    return _judged(arms, found, BY_REP, who)


def _reps(count: int) -> str:
    return "rep" if count == 1 else "reps"


def lift_of_teams(
    early: Sequence[Sequence[Change]],
    late: Sequence[Sequence[Change]],
    names: tuple[str, str],
    seed: int,
) -> Lift:
    """METRICS X6 to X8 over teams, each the changes of its reps; nothing below four a side."""
    sides = (early, late)
    arms = tuple(
        Arm(name, len(side), fmean(_level(team) for team in side) if side else None)
        for name, side in zip(names, sides, strict=True)
    )
    if min(map(len, sides)) < TEAMS_A_SIDE:
        words = too_few_sentence(len(early), len(late))
        return Lift(arms, None, BY_TEAM, Verdict.TOO_FEW, words)
    changed = [mean_change(team) for team in early], [mean_change(team) for team in late]
    found = two_sample(*changed)
    if found is not None:
        p = permute(changed[0], changed[1], seed).p
        found = Estimate(found.effect, found.lo, found.hi, p)
    return _judged(arms, found, BY_TEAM, "Teams drawn for the early start")


def _level(team: Sequence[Change]) -> float:
    return fmean(one.after for one in team)


def _judged(arms: tuple[Arm, ...], found: Estimate | None, method: str, who: str) -> Lift:
    if found is None or found.lo is None or found.hi is None or found.p is None:
        return Lift(arms, None, method, Verdict.TOO_FEW, f"Too few to tell. {NO_CONCLUSION}")
    words = experiment_sentence(who, found.effect, found.lo, found.hi, found.p)
    verdict = Verdict.MORE if found.effect > 0 else Verdict.LESS
    return Lift(arms, found, method, verdict if found.p <= LEVEL else Verdict.UNCLEAR, words)


def clearest(lifts: Sequence[Lift]) -> Lift | None:
    """The experiment to speak of first: the smallest p, if it stays clear among all of them (X13).

    Whoever picks the best of many must ask more of it.
    """
    judged = [(one.estimate.p, one) for one in lifts if one.estimate and one.estimate.p is not None]
    claims = holm([p for p, _one in judged])
    clear = [pair for pair, claim in zip(judged, claims, strict=True) if claim <= LEVEL]
    return min(clear, key=lambda pair: pair[0])[1] if clear else None


@dataclass(frozen=True)
class Trial:
    """An experiment with its days [start, end) so far and what it showed."""

    slug: str
    unit: str
    start: date
    end: date
    lift: Lift

    @property
    def title(self) -> str:
        """Its name as people read it."""
        return self.slug.replace("-", " ").replace("_", " ").capitalize()

    @property
    def last_day(self) -> date:
        """The last whole day counted."""
        return self.end - DAY
