"""Whole weeks as sets of people (METRICS A3, A4): everybody judged at once.

Bit p of every integer here is person p, so one operation on two integers is that operation on
everybody. A year of a company of any size is judged in a few thousand of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adoption.rules.states import AdoptionState
from adoption.rules.weeks import AdoptionRule


@dataclass(frozen=True)
class WeekSets:
    """Who was eligible, met, active (A1, P6) and still there at the end of one complete week."""

    eligible: int = 0
    met: int = 0
    active: int = 0
    current: int = 0

    def without(self, people: int) -> "WeekSets":
        """The same week but for these people."""
        kept = ~people
        return WeekSets(
            self.eligible & kept, self.met & kept, self.active & kept, self.current & kept
        )

    def joined(self, others: "WeekSets") -> "WeekSets":
        """The same week with these people too."""
        return WeekSets(
            self.eligible | others.eligible,
            self.met | others.met,
            self.active | others.active,
            self.current | others.current,
        )


@dataclass(frozen=True)
class WeekCounts:
    """One week of everybody: rep-weeks (A2), and reps by state at its end (A4), leavers apart."""

    eligible: int
    met: int
    active: int
    sustained: int
    not_measurable: int
    lapsed: int
    trying: int
    not_started: int

    @property
    def measurable(self) -> int:
        """METRICS A4: the base of the rate."""
        return self.sustained + self.lapsed + self.trying + self.not_started

    def of(self, state: AdoptionState, members: int) -> int:
        """How many of so many members are in the state; who is in no other one has left."""
        if state is AdoptionState.LEFT:
            return members - self.measurable - self.not_measurable
        return int(getattr(self, state.value))


def set_of(people: Iterable[int]) -> int:
    """People as one integer."""
    members = list(people)
    bits = bytearray(max(members, default=0) // 8 + 1)
    for place in members:
        bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def members_of(people: int) -> list[int]:
    """The people of a set, in order."""
    digits = bin(people)[:1:-1]
    found: list[int] = []
    place = digits.find("1")
    while place >= 0:
        found.append(place)
        place = digits.find("1", place + 1)
    return found


def sustained_sets(weeks: Sequence[WeekSets], index: int, rule: AdoptionRule) -> tuple[int, int]:
    """METRICS A3 at the end of week `index`: who is measurable, and who of them sustained.

    `seen[q]` holds those with more than q eligible weeks so far, going back from the latest;
    `hits[q]` those with more than q met ones among them.
    """
    seen, hits = [0] * rule.n, [0] * rule.k
    for place in range(index, max(index - rule.lookback, -1), -1):
        taken = weeks[place].eligible & ~seen[-1]
        hit = taken & weeks[place].met
        for level in range(rule.n - 1, 0, -1):
            seen[level] |= seen[level - 1] & taken
        seen[0] |= taken
        for level in range(rule.k - 1, 0, -1):
            hits[level] |= hits[level - 1] & hit
        hits[0] |= hit
    return seen[-1], seen[-1] & hits[-1]


def judged(weeks: Sequence[WeekSets], rule: AdoptionRule) -> list[WeekCounts]:
    """METRICS A2 to A4 for every week of everybody; `weeks` are consecutive, from the first on."""
    counts: list[WeekCounts] = []
    ever_sustained = ever_used = 0
    for index, week in enumerate(weeks):
        measurable, sustained = sustained_sets(weeks, index, rule)
        ever_used |= week.active
        here = week.current & measurable
        others = here & ~sustained
        fallen = others & ever_sustained
        never = others & ~ever_sustained
        counts.append(
            WeekCounts(
                eligible=week.eligible.bit_count(),
                met=week.met.bit_count(),
                active=week.active.bit_count(),
                sustained=(here & sustained).bit_count(),
                not_measurable=(week.current & ~measurable).bit_count(),
                lapsed=fallen.bit_count(),
                trying=(never & ever_used).bit_count(),
                not_started=(never & ~ever_used).bit_count(),
            )
        )
        ever_sustained |= sustained
    return counts
