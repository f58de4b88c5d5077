"""How complete and how fresh the records of deals are: data quality as a behaviour.

A record nobody keeps up says less than no record. So a deal's fields and signs of life are counted
per rep like any other behaviour, and contests and coaching may use the counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from core.stats import Share

# An open deal without any sign of life for longer than this has a stale stage.
STALE_AFTER = timedelta(days=30)
# Deals count while they are open and for as long as this after their close.
CLOSED_WITHIN = timedelta(days=28)
ALWAYS_ASKED = ("account", "product", "amount", "created_on")


@dataclass(frozen=True, slots=True)
class DealState:
    """What counting needs of a deal; `changed_on` is the local date of its last change here."""

    stage: str
    account: str | None
    product: str | None
    amount: Decimal | None
    created_on: date | None
    proposal_on: date | None
    closed_on: date | None
    changed_on: date | None = None

    def is_open_on(self, day: date) -> bool:
        """Begun by the day and not closed by then; a deal without dates is as its stage says."""
        if self.created_on is not None and self.created_on > day:
            return False
        if self.stage == "open":
            return True
        return self.closed_on is not None and self.closed_on > day

    def counts_on(self, day: date) -> bool:
        """Open on the day, or closed in the 28 days up to it, or closed nobody says when."""
        if self.is_open_on(day):
            return True
        if self.created_on is not None and self.created_on > day:
            return False
        return self.closed_on is None or day - CLOSED_WITHIN < self.closed_on <= day


def missing_fields(deal: DealState, day: date) -> tuple[str, ...]:
    """The fields a deal should have by the day and has not; a closed deal owes its closing date."""
    asked = ALWAYS_ASKED if deal.is_open_on(day) else (*ALWAYS_ASKED, "closed_on")
    return tuple(name for name in asked if getattr(deal, name) is None)


def fields_asked(deal: DealState, day: date) -> int:
    """How many fields a deal should have by the day."""
    return len(ALWAYS_ASKED) + (not deal.is_open_on(day))


def last_sign(deal: DealState, day: date) -> date | None:
    """The latest date up to `day` on which anything happened to the deal; None: never."""
    known = (deal.created_on, deal.proposal_on, deal.changed_on)
    return max((on for on in known if on is not None and on <= day), default=None)


def is_stale(deal: DealState, day: date) -> bool:
    """Open on the day, and nothing happened to it for more than 30 days."""
    if not deal.is_open_on(day):
        return False
    last = last_sign(deal, day)
    return last is None or day - last > STALE_AFTER


@dataclass
class RecordCount:
    """How well a group's deals are recorded."""

    reps: int = 0
    deals: int = 0
    asked: int = 0
    filled: int = 0
    open: int = 0
    stale: int = 0
    missing: dict[str, int] = field(default_factory=dict)

    @property
    def fields(self) -> Share:
        """Fields filled in, of those asked for."""
        return Share(self.filled, self.asked)

    @property
    def stages(self) -> Share:
        """Open deals with a stale stage, of the open ones."""
        return Share(self.stale, self.open)

    def add(self, deal: DealState, day: date) -> None:
        """Count one deal that `counts_on` the day."""
        lacking = missing_fields(deal, day)
        asked = fields_asked(deal, day)
        self.deals += 1
        self.asked += asked
        self.filled += asked - len(lacking)
        self.open += deal.is_open_on(day)
        self.stale += is_stale(deal, day)
        for name in lacking:
            self.missing[name] = self.missing.get(name, 0) + 1


def count_records(deals: Iterable[DealState], day: date) -> RecordCount:
    """The counts over one rep's deals that count on the day."""
    count = RecordCount(reps=1)
    for deal in deals:
        if deal.counts_on(day):
            count.add(deal, day)
    return count
