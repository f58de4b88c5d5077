"""What reps sell: deals with known truth, signals on stalled deals, and proposals.

Using the tool in a week multiplies that week's won deals by 1.15 and nothing else: the far larger
gap between people who use it and people who do not comes from who they are (METRICS 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import exp
from random import Random

from demo.behaviour import Use
from demo.calibration import bisect, thin
from demo.dates import GENERAL, LAUNCH, PILOT, Timeline
from demo.names import ACCOUNT_FIRST, ACCOUNT_LAST, PRODUCTS
from demo.parameters import (
    DEAL_AMOUNT,
    DEAL_NOISE,
    DEALS_PER_WEEK,
    LOST_PER_WON,
    PROPOSAL_VALUE_GAP,
    PROPOSALS_GROWTH,
    REVENUE_GAP,
    SIGNAL_SHARE,
    TOOL_LIFT,
)
from demo.people import MARCUS, PRIYA, Rep

STORY_AMOUNT = 30000
"""The deal of the weekly loop's story: signal on day 3, nothing until day 8."""


@dataclass(slots=True)
class Deal:
    """A deal with its days as indexes; its amount follows from the calibrated weight of skill."""

    rep: Rep
    account: str
    product: str
    noise: float
    created: int
    proposed: int
    closed: int
    won: bool
    fixed_amount: int = 0
    key: str = ""

    def amount(self, beta: float) -> int:
        """Whole dollars."""
        return self.fixed_amount or max(50, int(self.amount_exactly(beta)))

    def amount_exactly(self, beta: float) -> float:
        """The amount before rounding."""
        return DEAL_AMOUNT * exp(beta * self.rep.skill + DEAL_NOISE * self.noise)


@dataclass(slots=True)
class Signal:
    """A stalled deal noticed, and what its owner did about it."""

    deal: Deal
    fired: int
    acted: int | None = None
    dismissed: int | None = None


@dataclass(slots=True)
class Proposal:
    """A proposal made with the tool (then it is also a usage event) or without it."""

    rep: Rep
    day: int
    value: float | None
    with_tool: bool
    deal: Deal | None = None
    key: str = ""


def _account(random: Random) -> str:
    return f"{random.choice(ACCOUNT_FIRST)} {random.choice(ACCOUNT_LAST)}"


def _deal(rep: Rep, week: int, random: Random, *, won: bool) -> Deal:
    closed = week + int(random.random() * 5)
    proposed = closed - 9 - int(random.random() * 24)
    return Deal(
        rep=rep,
        account=_account(random),
        product=PRODUCTS[int(random.random() * len(PRODUCTS))],
        noise=random.gauss(0, 1),
        created=proposed - 5 - int(random.random() * 20),
        proposed=proposed,
        closed=closed,
        won=won,
    )


def draw_deals(reps: list[Rep], uses: list[Use], seed: int, timeline: Timeline) -> list[Deal]:
    """All deals of all reps, by rep, from the history to some weeks past the horizon.

    Deals ripen: each week adds to a rep's pipeline, and whenever it is full one closes. So counts
    are steadier than by lot, and the tool's true lift is not drowned in luck.
    """
    rate = {True: DEALS_PER_WEEK * TOOL_LIFT, False: DEALS_PER_WEEK}
    deals = []
    for rep, use in zip(reps, uses, strict=True):
        if rep.is_test:
            continue
        random = Random(f"{seed}:deals:{rep.key}")
        used_weeks = {day // 7 for day in use.days}
        first = max(0, (rep.hired + 27) // 7)
        ripe = {True: random.random(), False: random.random()}
        for week in range(first, min(timeline.length + 35, rep.left) // 7):
            ripe[True] += rate[week in used_weeks]
            ripe[False] += DEALS_PER_WEEK * LOST_PER_WON
            for won in (True, False):
                if ripe[won] >= 1:
                    ripe[won] -= 1
                    deals.append(_deal(rep, week * 7, random, won=won))
    return deals


def _halfway_there(rep: Rep, start: int, end: int, timeline: Timeline) -> bool:
    """METRICS V1: available on at least half of the window's working days."""
    working = [day for day in range(start, end) if timeline.working[day]]
    there = sum(rep.start <= day <= rep.left and day not in rep.away for day in working)
    return 2 * there >= len(working)


def fit_skill_weight(
    reps: list[Rep], uses: list[Use], deals: list[Deal], timeline: Timeline
) -> float:
    """The weight of skill in amounts at which users sell 209 % more than others (V1, any use)."""
    start, end = timeline.index(date(2026, 8, 1)), timeline.index(date(2026, 11, 1))
    end = min(end, timeline.cut)
    users: dict[str, bool] = {}
    for rep, use in zip(reps, uses, strict=True):
        if not rep.is_test and _halfway_there(rep, start, end, timeline):
            users[rep.key] = any(start <= day < end for day in use.days)
    heads = {side: max(1, sum(value is side for value in users.values())) for side in (True, False)}
    counted = [
        deal for deal in deals if deal.won and start <= deal.closed < end and deal.rep.key in users
    ]

    def gap(beta: float) -> float:
        total = {True: 0.0, False: 0.0}
        for deal in counted:
            total[users[deal.rep.key]] += deal.fixed_amount or deal.amount_exactly(beta)
        return (total[True] / heads[True]) / max(total[False] / heads[False], 1.0) - 1

    return bisect(gap, 0.0, 2.5, REVENUE_GAP)


def _due(rep: Rep, fired: int, timeline: Timeline, respond_days: int = 2) -> int | None:
    """METRICS S2: the respond_days-th available day after firing."""
    left = respond_days
    for day in range(fired + 1, timeline.length):
        if timeline.working[day] and day not in rep.away and day <= rep.left:
            left -= 1
            if not left:
                return day
    return None


def _respond(signal: Signal, use: Use, random: Random, timeline: Timeline) -> None:
    """What the owner does: run the sequence in time, late, dismiss it or let it lie."""
    rep, fired = signal.deal.rep, signal.fired
    due = _due(rep, fired, timeline)
    if due is None:
        return
    near = [day for day in use.days if fired <= day < min(fired + 15, signal.deal.closed)]
    in_time = [day for day in near if day <= due]
    if in_time and random.random() < 0.85:
        signal.acted = in_time[0]
    elif near and near[-1] > due and random.random() < 0.4:
        signal.acted = next(day for day in near if day > due)
    elif random.random() < 0.2:
        signal.dismissed = fired + random.randint(1, 4)


def draw_signals(
    deals: list[Deal], uses_by_rep: dict[str, Use], seed: int, timeline: Timeline
) -> list[Signal]:
    """A signal on the third silent day of some proposals of enabled reps, since launch."""
    random = Random(f"{seed}:signals")
    launch = timeline.index(LAUNCH)
    signals = []
    for deal in deals:
        fired, rep = deal.proposed + 3, deal.rep
        if random.random() >= SIGNAL_SHARE or rep.part or fired < launch:
            continue
        if rep.start <= fired < min(timeline.cut, rep.left, deal.closed - 1):
            signal = Signal(deal=deal, fired=fired)
            _respond(signal, uses_by_rep[rep.key], random, timeline)
            signals.append(signal)
    return signals


_ANSWERED = {"runner": (1, 1, 1, 1), "late": (1, 1, 0, 0), "idle": (0, 0, 0, 0)}
_STORY_DAYS = (date(2026, 10, 8), date(2026, 10, 12), date(2026, 10, 16), date(2026, 10, 21))


_EARLIER_EACH, _EARLIER_STEP, _EARLIER_CLOSES = 12, 5, 40
_EARLIER_FROM = date(2026, 7, 28)
_EARLIER_MISSED = {
    MARCUS: ((1, 4, 5, 8, 9, 11), (3, 6, 10), *[tuple(range(_EARLIER_EACH))] * 3),
    PRIYA: ((11,), (0, 4, 10), (2, 8), (1, 6), (1, 4, 8, 11)),
}
"""By rep in the order of the team: which of twelve earlier signals were not answered in time.

Fifteen of sixty are answered, and forty-eight of sixty: the shares of October. Of Marcus's it is
the same two reps who run it, on the same share of theirs; Priya has one to talk about a week.
"""


def _after_monday(timeline: Timeline, days: int) -> int:
    """So many days into the months before, or the Tuesday after a weekend or a Monday: what a
    talk on Monday leads to can be seen within its week.
    """
    day = timeline.index(_EARLIER_FROM) + days
    return day + {5: 3, 6: 2, 0: 1}.get(timeline.days[day].weekday(), 0)


def tell_the_months_before(
    reps: list[Rep], uses_by_rep: dict[str, Use], seed: int, timeline: Timeline
) -> tuple[list[Deal], list[Signal]]:
    """Twelve stalled deals more for each rep of Marcus and Priya: what there was to talk about on
    each Monday of August and September, before the four weeks the case is told of.
    """
    random = Random(f"{seed}:before")
    deals, signals = [], []
    places: dict[str, int] = {}
    for rep in reps:
        if not rep.part:
            continue
        team = rep.teams[0][0].name
        place = places[team] = places.get(team, -1) + 1
        missed, use = _EARLIER_MISSED[team][place], uses_by_rep[rep.key]
        for number in range(_EARLIER_EACH):
            fired = _after_monday(timeline, _EARLIER_STEP * number + place)
            deal = _deal(rep, fired + _EARLIER_CLOSES, random, won=False)
            deal.proposed, deal.created = fired - 3, fired - 20
            deal.fixed_amount = 1000 * random.randint(6, 22)
            signal = Signal(deal=deal, fired=fired)
            if number not in missed:
                deal.won = random.random() < 0.5
                signal.acted = next(d for d in range(fired + 1, fired + 9) if timeline.working[d])
                use.days[:] = sorted({*use.days, signal.acted})
            elif random.random() < 0.4:
                signal.dismissed = fired + 2
            deals.append(deal)
            signals.append(signal)
    return deals, signals


def tell_the_loop(
    reps: list[Rep], uses_by_rep: dict[str, Use], seed: int, timeline: Timeline
) -> tuple[list[Deal], list[Signal]]:
    """Four stalled deals for each rep of Marcus and Priya: 5 of 20 and 16 of 20 run in time.

    Two of Marcus's five reps run the sequence at all, on five of their eight deals (62.5 %), so
    two adoption rates, reps and deals, tell different stories (METRICS section 4). The days the
    sequence ran become days of use.
    """
    random = Random(f"{seed}:loop")
    deals, signals = [], []
    for rep in reps:
        if not rep.part:
            continue
        answers = list(_ANSWERED[rep.part])
        if rep.teams[0][0].name == MARCUS and rep.part == "runner":
            answers[3] = 0
        use = uses_by_rep[rep.key]
        for place, story_day in enumerate(_STORY_DAYS):
            fired = timeline.index(story_day)
            deal = _deal(rep, fired + 30, random, won=False)
            deal.proposed, deal.created = fired - 3, fired - 20
            deal.fixed_amount = 1000 * random.randint(8, 24)
            signal = Signal(deal=deal, fired=fired)
            if answers[place]:
                signal.acted = next(d for d in range(fired + 1, fired + 9) if timeline.working[d])
            elif rep.part == "late" and place == 2:
                deal.fixed_amount = STORY_AMOUNT
                signal.acted = fired + 5
            elif rep.part == "idle" and place == 1:
                signal.dismissed = fired + 2
            if signal.acted is not None and signal.acted not in use.days:
                use.days[:] = sorted([*use.days, signal.acted])
            deals.append(deal)
            signals.append(signal)
    return deals, signals


def _tool_chance(day: int, general: int) -> float:
    """How likely a day of use brings a proposal: slow in the pilot, then month by month more."""
    if day < general:
        return 0.14
    return min(0.38, 0.13 + 0.0036 * (day - general))


def draw_tool_proposals(
    reps: list[Rep], uses: list[Use], seed: int, timeline: Timeline
) -> list[Proposal]:
    """Proposals made with the tool, in a tenth of the teams from the pilot on, then everywhere."""
    pilot, general = timeline.index(PILOT), timeline.index(GENERAL)
    proposals = []
    for rep, use in zip(reps, uses, strict=True):
        if rep.is_test:
            continue
        random = Random(f"{seed}:proposals:{rep.key}")
        for day in use.days:
            if day < (pilot if rep.team_on(day).pilot else general):
                continue
            if random.random() < _tool_chance(day, general):
                proposals.append(Proposal(rep, day, _value(rep, random), with_tool=True))
    return _fit_growth(proposals, seed, timeline)


def _value(rep: Rep, random: Random) -> float | None:
    """A proposal's value in dollars; now and then none was entered, or a nought."""
    draw = random.random()
    value = 7000 * exp(0.25 * rep.skill + 0.5 * random.gauss(0, 1))
    return None if draw < 0.015 else 0.0 if draw < 0.02 else value


def _fit_growth(proposals: list[Proposal], seed: int, timeline: Timeline) -> list[Proposal]:
    """METRICS G5: between months 5 and 8 the number grows by 2,642 %."""
    bounds = [timeline.index(date(2026, month, 1)) for month in (7, 8, 10, 11)]
    base = [p for p in proposals if bounds[0] <= p.day < bounds[1]]
    last = [p for p in proposals if bounds[2] <= p.day < min(bounds[3], timeline.cut)]
    rest = [p for p in proposals if not bounds[0] <= p.day < bounds[1] and p.day < bounds[2]]
    after = [p for p in proposals if p.day >= min(bounds[3], timeline.cut)]
    random = Random(f"{seed}:thin")
    base = thin(base, int(len(last) / (1 + PROPOSALS_GROWTH)), random)
    last = thin(last, round((1 + PROPOSALS_GROWTH) * len(base)), random)
    return base + rest + last + after


def draw_plain_proposals(
    deals: list[Deal], uses_by_rep: dict[str, Use], seed: int, timeline: Timeline
) -> list[Proposal]:
    """Proposals made by hand, for two deals in five; fewer once the tool can make them."""
    random = Random(f"{seed}:plain")
    general = timeline.index(GENERAL)
    proposals = []
    for deal in deals:
        chance = 0.4 if deal.proposed < general or not uses_by_rep[deal.rep.key].days else 0.25
        draw = random.random()
        if draw < chance and max(deal.rep.hired, 0) <= deal.proposed < timeline.cut:
            value = _value(deal.rep, random)
            proposals.append(Proposal(deal.rep, deal.proposed, value, with_tool=False, deal=deal))
    return proposals


def fit_values(proposals: list[Proposal], timeline: Timeline) -> None:
    """METRICS V3: from August on, proposals made with the tool are worth 93 % more on average."""
    start = timeline.index(date(2026, 8, 1))
    end = min(timeline.index(date(2026, 11, 1)), timeline.cut)
    values: dict[bool, list[float]] = {True: [], False: []}
    for proposal in proposals:
        if start <= proposal.day < end and proposal.value:
            values[proposal.with_tool].append(proposal.value)
    if not all(values.values()):
        return
    means = {side: sum(rows) / len(rows) for side, rows in values.items()}
    factor = (1 + PROPOSAL_VALUE_GAP) * means[False] / means[True]
    for proposal in proposals:
        if proposal.with_tool and proposal.value:
            proposal.value *= factor
