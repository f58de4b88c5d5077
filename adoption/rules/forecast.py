"""Where reps stand on their way to their own day 60, and where that will end (METRICS A5).

The forecast extrapolates nothing: it says how reps who were where these are now ended up. See
docs/decisions/0011-forecast-to-day-60.md.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from adoption.rules.states import AdoptionState, Day60
from adoption.rules.weeks import AdoptionRule
from core.calendars import WEEK_DAYS
from core.stats.shares import Z_95

# METRICS section 1: the usual share of reps who made a tool a habit in 60 days, for comparison.
TYPICAL = (0.15, 0.25)
# Fewer reps than this at their day 60 say too little about those who are still to come.
FEWEST_FINISHED = 30
# A place on the way that fewer finished reps passed is judged by all who finished.
FEWEST_ALIKE = 10

LETTERS: Mapping[AdoptionState, str] = {
    AdoptionState.LEFT: "x",
    AdoptionState.NOT_MEASURABLE: "m",
    AdoptionState.SUSTAINED: "s",
    AdoptionState.LAPSED: "l",
    AdoptionState.TRYING: "t",
    AdoptionState.NOT_STARTED: "o",
}
MEASURED = frozenset("slto")
SUSTAINED = "s"


def own_days(rule: AdoptionRule) -> tuple[int, ...]:
    """The own days a rep's way is looked at: weekly from the first that can be measured, the last.

    After n weeks a rep has n eligible ones at best, so nothing can be said before.
    """
    first = rule.n * WEEK_DAYS
    return (*range(first, rule.horizon_days, WEEK_DAYS), rule.horizon_days)


def day60_by(path: str, rule: AdoptionRule) -> Day60:
    """METRICS A5 from a rep's path."""
    if len(path) < len(own_days(rule)):
        return Day60.NOT_REACHED
    return {
        "x": Day60.LEFT,
        "m": Day60.NOT_MEASURABLE,
        SUSTAINED: Day60.SUSTAINED,
    }.get(path[-1], Day60.NOT_SUSTAINED)


@dataclass(frozen=True)
class OwnDay:
    """How many of the reps who got to one of their own days, and could be measured, had it."""

    day: int
    sustained: int
    measurable: int


def way(rule: AdoptionRule, paths: Iterable[str]) -> list[OwnDay]:
    """The share by own day. A path has one letter for each of `own_days` a rep has reached."""
    days = own_days(rule)
    hits, base = [0] * len(days), [0] * len(days)
    for path in paths:
        for place, letter in enumerate(path):
            base[place] += letter in MEASURED
            hits[place] += letter == SUSTAINED
    return [OwnDay(*found) for found in zip(days, hits, base, strict=True)]


@dataclass(frozen=True)
class Outlook:
    """Where the share at day 60 will be once everybody who has started gets there.

    `finished` reps have been judged at their day 60, `sustained` of them had it; `under_way` are
    still to be. The three shares are None while it is too early to say.
    """

    finished: int
    sustained: int
    under_way: int
    low: float | None = None
    middle: float | None = None
    high: float | None = None

    @property
    def is_told(self) -> bool:
        """Whether anything is said about those who are under way."""
        return self.middle is not None


def outlook(rule: AdoptionRule, paths: Sequence[str]) -> Outlook:
    """METRICS A5 for everybody who has started, from how earlier reps went on.

    A rep under way is expected to end as the finished reps did who stood where the rep stands: the
    same own day, the same state (Jeffreys' mean, k + 1/2 of n + 1). The interval holds both doubts:
    how sure that share is, and how so many reps may fall around it. What is finished is no doubt,
    so the interval never leaves what is still possible. None of it is said with fewer than
    `FEWEST_FINISHED` finished reps.
    """
    length = len(own_days(rule))
    done = [path for path in paths if len(path) == length and path[-1] in MEASURED]
    coming = [path for path in paths if len(path) < length and not path.endswith("x")]
    hits = sum(path[-1] == SUSTAINED for path in done)
    total = len(done) + len(coming)
    plain = Outlook(len(done), hits, len(coming))
    if len(done) < FEWEST_FINISHED:
        return plain
    if not coming:
        share = hits / total
        return Outlook(len(done), hits, 0, share, share, share)
    expected, spread = _coming(done, hits, coming)
    middle = (hits + expected) / total
    reach = Z_95 * sqrt(spread) / total
    return Outlook(
        len(done),
        hits,
        len(coming),
        max(middle - reach, hits / total),
        middle,
        min(middle + reach, (hits + len(coming)) / total),
    )


def _coming(done: Sequence[str], hits: int, coming: Sequence[str]) -> tuple[float, float]:
    """How many of those under way will have it, and the variance of that number."""
    passed: dict[int, Counter[str]] = defaultdict(Counter)
    ended: dict[int, Counter[str]] = defaultdict(Counter)
    for path in done:
        for place, letter in enumerate(path[:-1]):
            passed[place][letter] += 1
            ended[place][letter] += path[-1] == SUSTAINED
    expected = spread = 0.0
    # Reps judged by the same earlier ones share that doubt: it counts by their number squared.
    alike: Counter[tuple[int, int]] = Counter()
    for (place, letter), count in Counter((len(path) - 1, path[-1:]) for path in coming).items():
        base = passed[place][letter] if place >= 0 else 0
        cell = (ended[place][letter], base) if base >= FEWEST_ALIKE else (hits, len(done))
        alike[cell] += count
    for (k, n), count in alike.items():
        share = (k + 0.5) / (n + 1)
        expected += count * share
        spread += share * (1 - share) * (count + count * count / (n + 2))
    return expected, spread
