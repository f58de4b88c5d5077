"""When a deal counts as quiet (decision note 0023): what our own detector of stalled deals goes by.

A quiet stretch begins on a date: that of the proposal (or the creation) and every later date with
a step on the deal, or only the dates with a step. It falls due so many calendar days later, at that
date's first instant, unless there was a step on a date between. A step on the first date breaks
nothing, for a date cannot say what came first.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from core.calendars import DAY

SLUG_LENGTH = 40
LONGEST_KEY, LONGEST_DEAL = 120, 60
# What comes in later than a rule looked still fires, but not about a date further back than this.
LATE_DAYS = 7


class Since(StrEnum):
    """From when a rule watches a deal."""

    PROPOSAL = "proposal"
    CREATED = "created"
    LAST_USE = "last_use"


@dataclass(frozen=True)
class QuietRule:
    """A rule: so many days without a step of these kinds (none named: of any kind)."""

    slug: str
    title: str
    quiet_days: int
    since: Since
    kinds: frozenset[str] = frozenset()
    least_amount: Decimal | None = None

    def is_step(self, kind: str, due_action: str) -> bool:
        """Whether usage of a kind breaks the quiet; what answers a signal always does."""
        return not self.kinds or kind in self.kinds or kind == due_action


class WatchedDeal(NamedTuple):
    """A deal as a rule sees it; `closed_on` only where it is closed."""

    key: str
    person_id: int
    amount: Decimal | None
    created_on: date | None
    proposal_on: date | None
    closed_on: date | None


class Watch(NamedTuple):
    """The dates a run looks at: what fell due on `first`..`today`.

    What fell due by `seen_through` was looked at before; where it comes in only now it is dated
    today, so that nobody is late for something they could not know.
    """

    first: date
    today: date
    seen_through: date


class Firing(NamedTuple):
    """A signal to fire at the first instant of `on`, about the stretch that began on `since`."""

    deal: WatchedDeal
    since: date
    on: date


class Stretch(NamedTuple):
    """Dates without a step: from one, until (not including) the next step, if there was one."""

    since: date
    until: date | None


def watch_of(fires_from: date, seen_through: date, today: date) -> Watch | None:
    """What a run at `today` looks at; None when a later date was looked at already."""
    if today < seen_through or today < fires_from:
        return None
    late = today - (LATE_DAYS - 1) * DAY
    return Watch(max(fires_from, min(seen_through + DAY, late)), today, seen_through)


def stretches(rule: QuietRule, deal: WatchedDeal, steps: Sequence[date]) -> Iterator[Stretch]:
    """Every quiet stretch of a deal; `steps` are dates with a step, oldest first, each once."""
    starts = list(steps)
    if rule.since is not Since.LAST_USE:
        begin = deal.proposal_on if rule.since is Since.PROPOSAL else deal.created_on
        if begin is None:
            return
        starts = [begin, *(day for day in steps if day > begin)]
    for place, since in enumerate(starts):
        yield Stretch(since, starts[place + 1] if place + 1 < len(starts) else None)


def due_firings(
    rule: QuietRule, deal: WatchedDeal, steps: Sequence[date], watch: Watch
) -> list[Firing]:
    """The signals the deal's stretches call for within the watch, oldest first.

    None for a deal that is too small, or was closed before the date the signal would bear.
    """
    if rule.least_amount is not None and (deal.amount is None or deal.amount < rule.least_amount):
        return []
    found = []
    for stretch in stretches(rule, deal, steps):
        due = stretch.since + rule.quiet_days * DAY
        if not watch.first <= due <= watch.today:
            continue
        on = due if due > watch.seen_through else watch.today
        was_broken = stretch.until is not None and stretch.until < on
        was_closed = deal.closed_on is not None and deal.closed_on < on
        if not was_broken and not was_closed:
            found.append(Firing(deal, stretch.since, on))
    return found


def without_open(
    firings: Sequence[Firing],
    fired: Sequence[datetime],
    answers: Collection[datetime],
    start_of: Callable[[date], datetime],
) -> list[Firing]:
    """Those of one deal's firings for which the rule's signal before them was answered.

    `fired` are the instants of the rule's earlier signals on the deal. What is still open and
    unanswered is one occasion; another signal would only merge into it (METRICS S1).
    """
    kept: list[Firing] = []
    earlier = sorted(fired)
    for firing in sorted(firings, key=lambda each: each.on):
        moment = start_of(firing.on)
        before = [instant for instant in earlier if instant <= moment]
        if before and not any(before[-1] <= answer < moment for answer in answers):
            continue
        kept.append(firing)
        earlier.append(moment)
        earlier.sort()
    return kept


def signal_key(slug: str, deal_key: str, since: date) -> str:
    """The signal's own name: the same stretch under the same rule is never fired twice.

    A long deal_id is cut and told apart by its hash.
    """
    named = deal_key
    if len(deal_key) > LONGEST_DEAL:
        digest = hashlib.sha256(deal_key.encode()).hexdigest()[:16]
        named = f"{deal_key[: LONGEST_DEAL - 17]}~{digest}"
    return f"{key_prefix(slug)}{named}:{since.isoformat()}"


def key_prefix(slug: str) -> str:
    """What all signals of a rule begin with."""
    return f"quiet:{slug}:"
