"""Who is new, comes back, pauses or has gone, period by period (METRICS U4)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from adoption.rules.weeks import RepDays


class Phase(StrEnum):
    """What a period is to a rep who was active in it or in the one before."""

    NEW = "new"
    RETURNING = "returning"
    RESURRECTING = "resurrecting"
    DORMANT = "dormant"
    DEPARTED = "departed"


def marked(bits: int, windows: Sequence[int]) -> int:
    """Bit i is set when any of `bits` lies in the i-th window."""
    found = 0
    for place, window in enumerate(windows):
        if bits & window:
            found |= 1 << place
    return found


def places(bits: int) -> Iterator[int]:
    """The places of the set bits, lowest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def phases(rep: RepDays, windows: Sequence[int]) -> Mapping[Phase, int]:
    """METRICS U4 for one rep: each phase as bits of the windows; the first window has none.

    Windows follow each other without a gap. "New" looks at the rep's whole history, so `used` must
    hold it. A rep who was active and is not any more has departed when no day of the period finds
    them employed and enabled, and is dormant otherwise.
    """
    if not rep.used:
        return {}
    asked = (1 << len(windows)) - 2
    active = marked(rep.used, windows)
    before = active << 1
    new = marked(rep.used & -rep.used, windows)
    missing = before & ~active & asked
    there = marked(rep.current, windows) if missing else 0
    return {
        Phase.NEW: new & asked,
        Phase.RETURNING: active & before & asked,
        Phase.RESURRECTING: active & ~before & ~new & asked,
        Phase.DORMANT: missing & there,
        Phase.DEPARTED: missing & ~there,
    }


def phase_counts(reps: Iterable[RepDays], windows: Sequence[int]) -> list[dict[Phase, int]]:
    """METRICS U4: how many reps are in each phase, for every window but the first.

    active = new + returning + resurrecting; active before = returning + dormant + departed.
    """
    counts = [dict.fromkeys(Phase, 0) for _window in windows]
    for rep in reps:
        for phase, bits in phases(rep, windows).items():
            for place in places(bits):
                counts[place][phase] += 1
    return counts[1:]
