"""Fair: how often teams of each size win when everybody behaves alike (METRICS 5.2).

No time is measured: 2,000 contests are simulated and judged by the product's own rules.
"""

from collections.abc import Sequence
from fractions import Fraction
from random import Random

from benchmarks.ground import Ground, Line
from leaderboard.rules.standing import MemberScore, Mode, Terms, asked_days, lines

SIZES = (3, 4, 5, 5, 6, 8, 8, 10, 12, 15)
CONTESTS, QUICK_CONTESTS = 2_000, 200
SEED = 20_260_302
WORKING_DAYS = 10
GOAL = 1.3
DAILY_USE = 0.42
SPREAD = 0.18
"""Reps differ (each has a daily chance of use around the same middle), teams do not."""


def measure(ground: Ground) -> list[Line]:
    """The default, and beside it what it was chosen over; once, since no database is asked."""
    if ground.engine != "sqlite":
        return []
    contests = QUICK_CONTESTS if ground.quick else CONTESTS
    return [
        *size_lines(contests),
        compared(contests, "no adjustment for size", Terms(shrink_k=Fraction(0))),
        compared(contests, "team total", Terms(mode=Mode.TOTAL)),
    ]


def size_lines(contests: int) -> list[Line]:
    """One line for each size under the default terms, and the worst of them against the goal."""
    shares = won_by_size(Terms(), contests)
    worst = max(shares, key=lambda size: shares[size])
    listed = ", ".join(f"{size}: {share:.2f}" for size, share in sorted(shares.items()))
    return [
        Line(
            "FAIR",
            "rules",
            f"{contests:,} equal contests, wins of teams of {worst} / their fair share",
            f"{shares[worst]:.2f} x",
            f"<= {GOAL} x",
            shares[worst] <= GOAL,
        ),
        Line("FAIR", "rules", f"by size {listed}", "", ""),
    ]


def compared(contests: int, name: str, terms: Terms) -> Line:
    """The most favoured size under other terms, for comparison."""
    shares = won_by_size(terms, contests)
    best = max(shares, key=lambda size: shares[size])
    return Line("FAIR", "rules", f"{name}: teams of {best}", f"{shares[best]:.2f} x", "")


def won_by_size(terms: Terms, contests: int, seed: int = SEED) -> dict[int, float]:
    """Size -> first places of its teams over what is fair; a shared one counts in parts."""
    lot = Random(seed)
    wins = dict.fromkeys(SIZES, 0.0)
    for _ in range(contests):
        winners = [
            row.unit_id
            for row in lines(terms, one_contest(lot, terms, SIZES), range(len(SIZES)))
            if row.rank == 1
        ]
        for winner in winners:
            wins[SIZES[winner]] += 1 / len(winners)
    fair = contests / len(SIZES)
    return {size: wins[size] / SIZES.count(size) / fair for size in wins}


def one_contest(lot: Random, terms: Terms, sizes: Sequence[int]) -> list[MemberScore]:
    """Two weeks of every rep, each with a daily chance of use drawn from the same lot."""
    return [
        one_rep(lot, terms, number * 1000 + rep, number)
        for number, size in enumerate(sizes)
        for rep in range(size)
    ]


def one_rep(lot: Random, terms: Terms, person_id: int, unit_id: int) -> MemberScore:
    """Days of use out of ten; a point each."""
    chance = min(max(lot.gauss(DAILY_USE, SPREAD), 0.02), 0.98)
    days = sum(lot.random() < chance for _ in range(WORKING_DAYS))
    return MemberScore(
        person_id=person_id,
        unit_id=unit_id,
        points=Fraction(days),
        active_days=days,
        available_days=WORKING_DAYS,
        asked_days=asked_days(terms.target_days, WORKING_DAYS),
        on_roster=True,
    )
