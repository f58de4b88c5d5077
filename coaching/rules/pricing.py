"""What a missed moment costs, which one to coach, and what adoption is worth (METRICS S5-S7, L).

Money is in whole units of the programme's currency, as files, playbook and figures have it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from adoption.rules.occasions import Occasion
from core.calendars import WEEK_DAYS
from core.stats import per, shrink

STEADYING_DEALS = 10
MONTHS_IN_A_YEAR = 12


def close_rate(won: int, closed: int, organisation: float | None) -> float | None:
    """METRICS S6: an owner's share of deals won, steadied by ten deals of the whole organisation.

    None while nobody has closed a deal.
    """
    if organisation is None:
        return None
    return shrink(won, closed, organisation, STEADYING_DEALS)


def cost_of_moment(
    amount: Decimal | None, rate: float | None, weekly_decay: float | None, days: int
) -> float | None:
    """METRICS S5: what `days` of silence cost; a stalled week is seven.

    None while the company has not said what share of the chance a silent week loses, where the
    deal has no amount, or before anybody has closed a deal.
    """
    if amount is None or rate is None or weekly_decay is None:
        return None
    lost: float = 1 - (1 - weekly_decay) ** (days / WEEK_DAYS)
    return float(amount) * rate * lost


@dataclass(frozen=True)
class Moment:
    """A missed occasion with its price: what one may coach."""

    occasion: Occasion
    rate: float | None
    cost: float | None

    @property
    def weight(self) -> Fraction | float | None:
        """METRICS S7: the cost, or while no decay is set how much has waited how long.

        Exact where it is a product, so that 30,000 for 5 days ties with 50,000 for 3.
        """
        amount = self.occasion.amount
        if self.cost is not None or amount is None or self.rate is None:
            return self.cost
        return Fraction(amount) * Fraction(self.rate) * self.occasion.delay_days


def pick_moment(moments: Iterable[Moment]) -> Moment | None:
    """METRICS S7: the one moment of a rep to coach; what has no price comes after what has one.

    The heaviest; ties go to the longer delay, then the earlier signal, then the lower id.
    """
    return min(moments, key=_order, default=None)


def dearest_first(moments: Iterable[Moment]) -> list[Moment]:
    """Moments in the order in which METRICS S7 would pick them."""
    return sorted(moments, key=_order)


def _order(moment: Moment) -> tuple[bool, Fraction | float, int, datetime, str]:
    weight, occasion = moment.weight, moment.occasion
    opener = occasion.opener
    return (weight is None, -(weight or 0), -occasion.delay_days, opener.fired_at, opener.key)


@dataclass(frozen=True)
class Leak:
    """What stalled deals lose a year, what the remedy cost, and how much of it works.

    `effectiveness` is the share of worked deals that is recovered: an assumption, shown as one.
    """

    per_year: float | None
    build_cost: float | None
    effectiveness: float

    def recovered(self, adoption: float | None) -> float | None:
        """METRICS L1: what a share of adoption brings back in a year."""
        if self.per_year is None or adoption is None:
            return None
        return self.per_year * adoption * self.effectiveness

    def still_leaking(self, adoption: float | None) -> float | None:
        """METRICS L1: the rest of the leak."""
        back = self.recovered(adoption)
        return None if back is None or self.per_year is None else self.per_year - back

    def net(self, adoption: float | None) -> float | None:
        """METRICS L2: recovered in the first year, less what was built for it."""
        back = self.recovered(adoption)
        return None if back is None or self.build_cost is None else back - self.build_cost

    def roi(self, adoption: float | None) -> float | None:
        """METRICS L3: the net by the cost; None where nothing was spent."""
        net = self.net(adoption)
        return None if net is None or self.build_cost is None else per(net, self.build_cost)

    @property
    def break_even(self) -> float | None:
        """METRICS L4: the adoption at which the first year pays for itself."""
        if self.per_year is None or self.build_cost is None:
            return None
        return per(self.build_cost, self.per_year * self.effectiveness)

    def payback_months(self, adoption: float | None) -> float | None:
        """METRICS L4: when the cost is earned back; None when nothing is recovered."""
        back = self.recovered(adoption)
        if back is None or self.build_cost is None:
            return None
        return per(MONTHS_IN_A_YEAR * self.build_cost, back)

    def gap(self, low: float, high: float) -> float | None:
        """METRICS L5: what lies between two adoption rates."""
        if self.per_year is None:
            return None
        return self.per_year * self.effectiveness * (high - low)
