"""How a missed moment, its price and a week's number are told. Plain functions, plain words.

Everything is told as of the day the item was made: what was shown on the set day stays as it was.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from math import floor

from adoption.rules.occasions import Occasion, OccasionStatus
from coaching.rules.outcome import Outcome
from core.calendars import WEEK_DAYS
from core.money import SYMBOLS
from core.stats import Share

# Below this a rate says nothing that the counts do not say better.
LEAST_FOR_A_RATE = 5
# A gap on the timeline is at most this many times as wide as a day.
WIDEST_GAP = 9
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Told:
    """The facts of one missed moment as they were shown, and the date they were known to.

    `rate`, `decay` and `cost` are None together with the price.
    """

    status: str
    fired_on: date
    delay_days: int
    through: date
    amount: Decimal | None = None
    currency: str = "USD"
    proposal_on: date | None = None
    due_on: date | None = None
    dismissed_on: date | None = None
    acted_on: date | None = None
    closed_on: date | None = None
    rate: float | None = None
    decay: float | None = None
    cost: float | None = None

    @property
    def began_on(self) -> date:
        """Where the clock of this deal starts: its proposal, else the signal."""
        if self.proposal_on is None or self.proposal_on > self.fired_on:
            return self.fired_on
        return self.proposal_on

    @property
    def ended_on(self) -> date:
        """Where the silence ends: the answer, the close, or as far as is known."""
        return self.acted_on or self.closed_on or self.through

    @property
    def signal_day(self) -> int:
        """The day of the deal's silence on which the signal came."""
        return (self.fired_on - self.began_on).days

    @property
    def quiet_days(self) -> int:
        """How long the deal was quiet altogether."""
        return (self.ended_on - self.began_on).days


def money(amount: Decimal | float | None, currency: str) -> str:
    """An amount in whole units: `$42,000`, `42,000 CHF`; nothing known is `no amount`."""
    if amount is None:
        return "no amount"
    text = f"{_half_up(float(amount)):,}"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{text}" if symbol else f"{text} {currency}"


def days(count: int) -> str:
    """`1 day`, `5 days`."""
    return f"{count} day" if count == 1 else f"{count} days"


def summary(told: Told) -> str:
    """The line under a deal in the shortlist: `Quiet 10 days. Signal on day 3, dismissed.`"""
    signal = f"Signal on day {told.signal_day}" if told.signal_day else "Signal"
    ends = {
        OccasionStatus.DISMISSED: "dismissed",
        OccasionStatus.LATE: f"answered {days(told.delay_days)} later",
    }
    end = ends.get(OccasionStatus(told.status))
    if end is None:
        end = "closed unanswered" if told.closed_on else "not answered"
    return f"Quiet {days(told.quiet_days)}. {signal}, {end}."


class Leg(StrEnum):
    """What follows a point on the timeline: time that was all right, silence, or nothing more."""

    CALM = "calm"
    SILENT = "silent"
    END = "end"


@dataclass(frozen=True)
class Point:
    """One event on a deal's timeline and how wide the time after it is drawn."""

    title: str
    on: date
    day: int
    leg: Leg
    width: int = 1
    is_signal: bool = False
    note: str = ""


def timeline(told: Told) -> tuple[Point, ...]:
    """Proposal, signal, dismissal, silence and its end, oldest first, one point a date."""
    events = list(_events(told))
    points = []
    for place, (on, title, is_signal) in enumerate(events):
        last = place == len(events) - 1
        gap = 0 if last else (events[place + 1][0] - on).days
        leg = Leg.END if last else Leg.SILENT if on >= told.fired_on else Leg.CALM
        is_longest = leg is Leg.SILENT and place == len(events) - 2
        points.append(
            Point(
                title,
                on,
                (on - told.began_on).days,
                leg,
                min(max(gap, 1), WIDEST_GAP),
                is_signal,
                f"then {days(gap)} of silence" if is_longest and gap else "",
            )
        )
    return tuple(points)


def _events(told: Told) -> Iterator[tuple[date, str, bool]]:
    """(date, title, whether it is the signal), oldest first; events of one date as one."""
    found: list[tuple[date, str, bool]] = []
    if told.proposal_on is not None and told.proposal_on < told.fired_on:
        found.append((told.proposal_on, "Proposal sent", False))
    gone = told.dismissed_on
    if gone is not None and gone <= told.fired_on:
        found.append((told.fired_on, "Signal dismissed", True))
    else:
        found.append((told.fired_on, "Signal", True))
        if gone is not None:
            found.append((gone, "Dismissed", False))
    if told.acted_on is not None:
        found.append((told.acted_on, "Answered, late", False))
    elif told.closed_on is not None:
        found.append((told.closed_on, "Deal closed", False))
    else:
        found.append((told.through, "Still quiet", False))
    *earlier, end = sorted(found, key=lambda each: each[0])
    yield from (each for each in earlier if each[0] < end[0] or each[2])
    yield end


def in_words(count: int) -> str:
    """Small numbers as words, as people write them in a sentence."""
    return _WORDS[count] if count < len(_WORDS) else str(count)


def sentence(told: Told, whose: str) -> str:
    """METRICS 9, "Coaching": the moment and, where it has one, its price with what it rests on.

    `whose` is the rep in the possessive: `your`, `Isaac's`.
    """
    opening = f"{money(told.amount, told.currency)} deal" if told.amount is not None else "A deal"
    parts = [opening]
    is_over = told.acted_on is not None or told.closed_on is not None
    if told.began_on < told.fired_on:
        ago = (told.through - told.began_on).days
        earlier = f"{in_words(ago)} {'day' if ago == 1 else 'days'} earlier"
        parts.append(f"proposal {f'on {_on(told.began_on)}' if is_over else earlier}")
        parts.append(f"signal fired on day {told.signal_day}")
    else:
        parts.append("signal fired")
    if told.dismissed_on is not None:
        parts.append("dismissed")
    if told.acted_on is not None:
        parts.append(f"first step {days(told.delay_days)} later")
    elif told.closed_on is not None:
        parts.append(f"closed {days(told.delay_days)} later without a step")
    else:
        parts.append(f"no step for {days(told.delay_days)}")
    said = ", ".join(parts) + "."
    if not is_priced(told):
        return said
    return (
        f"{said} At {whose} {_pct(told.rate)} close rate and the {_pct(told.decay)} weekly loss "
        f"your company assumes, that is about {money(told.cost, told.currency)}."
    )


def is_priced(told: Told) -> bool:
    """Whether money may be named: never without the rate and the loss it was worked out with."""
    return None not in {told.amount, told.rate, told.decay, told.cost}


def arithmetic(told: Told) -> str | None:
    """The price as it can be typed into a calculator; None without a price."""
    if not is_priced(told) or told.decay is None:
        return None
    kept = f"{1 - told.decay:.3f}".rstrip("0").rstrip(".")
    return (
        f"{money(told.amount, told.currency)} × {_pct(told.rate)} × "
        f"(1 \N{MINUS SIGN} {kept}^({told.delay_days}/{WEEK_DAYS})) = "
        f"{money(told.cost, told.currency)}"
    )


def waiting(told: Told) -> str:
    """What is said where no loss is assumed: the amount and how long it waits."""
    if told.amount is None:
        return f"waiting {days(told.delay_days)}"
    return f"{money(told.amount, told.currency)} waiting {days(told.delay_days)}"


def _pct(rate: float | None) -> str:
    return "" if rate is None else f"{_half_up(rate * 100)}%"


def weight(told: Told) -> float:
    """What a team's shortlist is ordered by (METRICS S7): the cost, else amount × rate × delay."""
    if told.cost is not None:
        return told.cost
    if told.amount is None:
        return -1.0
    return float(told.amount) * (told.rate if told.rate is not None else 1.0) * told.delay_days


def plate(share: Share, least: int = LEAST_FOR_A_RATE) -> str:
    """A week's number on a plate: a whole percentage, counts while they are few, a dash."""
    if share.base == 0:
        return "–"
    if share.base < least:
        return f"{share.hits}/{share.base}"
    return f"{_half_up(100 * share.hits / share.base)}"


def trend(now: Share, before: Share, least: int = LEAST_FOR_A_RATE) -> str:
    """How a week compares with the one before it, in points; counts where either is too small."""
    if now.base == 0 or before.base == 0:
        return "Nothing fell due the week before." if now.base else ""
    if min(now.base, before.base) < least:
        return f"The week before: {before.hits} of {before.base}."
    moved = _half_up(100 * now.hits / now.base) - _half_up(100 * before.hits / before.base)
    if moved == 0:
        return "As the week before."
    way = "Up" if moved > 0 else "Down"
    return f"{way} {abs(moved)} {'point' if abs(moved) == 1 else 'points'}."


def _half_up(value: float) -> int:
    """METRICS G6, for numbers that are not negative."""
    return floor(value + 0.5)


def possessive(name: str) -> str:
    """`Isaac's`, `James'`."""
    first = next(iter(name.split()), "their")
    return f"{first}'" if first.endswith("s") else f"{first}'s"


def evidence(fact: Mapping[str, object]) -> str:
    """One fact a verdict rests on: `Calder Freight, signal Tue 17 Nov, answered Wed 18 Nov.`"""
    name = fact.get("account") or fact.get("deal") or fact.get("deal_key") or "A deal"
    parts = [str(name)]
    for key, word in _FACT_WORDS:
        if fact.get(key):
            parts.append(f"{word} {_day(str(fact[key]))}")
    return ", ".join(parts) + "."


_FACT_WORDS = (
    ("fired_on", "signal"),
    ("due_on", "answer due by"),
    ("dismissed_on", "dismissed"),
    ("acted_on", "answered"),
)


def _day(text: str) -> str:
    try:
        on = date.fromisoformat(text[:10])
    except ValueError:
        return text
    return _on(on)


def ending(
    state: str,
    outcome: str | None,
    proof: str | None,
    missed_by: str | None,
    review_on: date | None,
) -> str:
    """How a rep's week ended, or what it waits for, in a few words."""
    if proof == "statement":
        return "Said, not seen"
    if outcome is not None:
        return {"done": "Done", "not_done": "Not done"}.get(outcome, "No chance yet")
    if missed_by is not None:
        ends = {"manager": "Skipped by the manager", "system": "Our outage"}
        return ends.get(missed_by, "Another rep was picked")
    if review_on is not None:
        return f"Review {_on(review_on)}"
    return "Closed" if state == "closed" else "Not picked yet"


@dataclass(frozen=True)
class Verdict:
    """What a review would find now, in words."""

    outcome: str
    title: str
    words: str


def verdict(chance: Occasion | None, account: str, since: date) -> Verdict:
    """What the data says of a fix: the rep's next chance after the talk, or that none came."""
    if chance is None:
        return Verdict(
            Outcome.NO_CHANCE,
            "No chance yet.",
            f"No signal has fallen due since {_on(since)}. It counts for nobody.",
        )
    opener, episode = chance.opener, chance.episode
    told = f"{account}: signal {_on(opener.fired_on)}"
    if chance.is_on_time:
        done = f", done {_on(episode.acted_on)}" if episode.acted_on else ""
        return Verdict(Outcome.DONE, "Done at the next chance.", f"{told}{done}.")
    parts = [told]
    if chance.due is not None:
        parts.append(f"due by {_on(chance.due)}")
    if episode.acted_on is not None:
        parts.append(f"done {_on(episode.acted_on)}")
    elif episode.dismissed_on is not None:
        parts.append("dismissed")
    else:
        parts.append("no step so far")
    return Verdict(Outcome.NOT_DONE, "Not done at the next chance.", ", ".join(parts) + ".")


def _on(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"
