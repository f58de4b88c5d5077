"""Those who use it against those who do not (METRICS V), never without the gap before."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

import people.queries
import programme.queries
from adoption.queries.days import World, world
from adoption.queries.figures.scope import Row, rows_of
from adoption.queries.records import ProposalRecord, deals_of, proposals_of
from adoption.rules import RepDays
from adoption.rules.gaps import Gap, Seller, UseRule, gap_between, sellers_gap, window_before
from core.calendars import DAY
from programme.models import Programme

LANDMARK_DAYS = 28


def sellers(
    owner: Programme, start: date, end: date, user_rule: str | None, as_of: datetime
) -> list[Seller]:
    """METRICS V1's population with its split, its won amounts and V4's of the window before."""
    rule = UseRule(user_rule or UseRule.ANY)
    return sellers_by(owner, start, end, [rule], as_of)[rule]


def sellers_by(
    owner: Programme, start: date, end: date, rules: Collection[UseRule], as_of: datetime
) -> dict[UseRule, list[Seller]]:
    """`sellers` under several rules, read once: the same people, split in different ways."""
    found = world(owner, end - DAY, as_of=as_of, since=start)
    population = gap_population(found, start, end)
    before = window_before(owner.launch_on, start, end)
    won = won_amounts(owner.id, start, end, as_of)
    won_before = won_amounts(owner.id, *before, as_of)
    lives = people.queries.calendars(None, as_of)
    return {
        rule: [
            Seller(
                ident,
                _is_user(found, rep, start, end, rule),
                won.get(ident, 0.0),
                won_before.get(ident, 0.0),
                lives[ident].is_employed(before[1] - DAY),
            )
            for ident, rep in population.items()
        ]
        for rule in rules
    }


def revenue_gap(
    owner: Programme, start: date, end: date, user_rule: str | None, as_of: datetime
) -> dict[str, object]:
    """The figure `revenue_gap` (METRICS V1): won amounts per rep, users against the others."""
    return _revenue_keys(sellers_gap(sellers(owner, start, end, user_rule, as_of), owner.min_group))


def revenue_gap_before(
    owner: Programme, start: date, end: date, user_rule: str | None, as_of: datetime
) -> dict[str, object]:
    """METRICS V4: the same people and split in the equally long window that ends at the launch."""
    found = sellers(owner, start, end, user_rule, as_of)
    return _revenue_keys(sellers_gap(found, owner.min_group, before=True))


def revenue_gap_rows(
    owner: Programme, start: date, end: date, user_rule: str | None, as_of: datetime
) -> list[Row]:
    """Everybody compared, with what they won in the window and in the one before the launch."""
    return rows_of(
        (
            (
                one.person_id,
                end - DAY,
                {"user": one.used_it, "won": one.won, "won_before": one.won_before},
            )
            for one in sellers(owner, start, end, user_rule, as_of)
        ),
        as_of,
    )


def _revenue_keys(gap: Gap) -> dict[str, object]:
    return {
        "users": gap.with_it,
        "non_users": gap.without,
        "mean_users": gap.mean_with,
        "mean_non_users": gap.mean_without,
        "gap": gap.gap,
        "median_gap": gap.median_gap,
    }


def gap_population(found: World, start: date, end: date) -> Mapping[int, RepDays]:
    """METRICS V1: reps available on at least half of the window's working days."""
    window = found.span.window(start, end)
    needed = (found.span.working & window).bit_count()
    return {
        ident: rep
        for ident, rep in found.reps.items()
        if needed and 2 * (rep.available & window).bit_count() >= needed
    }


def _is_user(found: World, rep: RepDays, start: date, end: date, rule: UseRule) -> bool:
    """METRICS V1: used in the window, in the 28 days before it, or sustained on its last day."""
    span = found.span
    if rule is UseRule.LANDMARK:
        return bool(rep.used & span.window(start - LANDMARK_DAYS * DAY, start))
    if rule is UseRule.SUSTAINED:
        last = span.last_complete(end - DAY)
        return rep.marks(last + 1, found.rule).sustained_at(last, found.rule) is True
    return bool(rep.used & span.window(start, end))


def won_amounts(
    programme_id: int, start: date, end: date, as_of: datetime | None = None
) -> dict[int, float]:
    """Won amounts closed in [start, end), by owner of the deal, as known at `as_of`."""
    found: dict[int, Decimal] = defaultdict(Decimal)
    for deal in deals_of(programme_id, as_of, closed=(start, end)):
        if deal.stage == "won" and deal.amount is not None:
            found[deal.person_id] += deal.amount
    return {person_id: float(amount) for person_id, amount in found.items()}


def won_by_stretch(
    owner: Programme, end: date, days: int, count: int, as_of: datetime
) -> tuple[date | None, list[dict[int, float]]]:
    """Won amounts by owner in each of `count` stretches of so many days before `end`, oldest first.

    With the day the first of them was closed; None without any.
    """
    start = end - days * count * DAY
    first: date | None = None
    found: list[dict[int, Decimal]] = [defaultdict(Decimal) for _stretch in range(count)]
    for deal in deals_of(owner.id, as_of, closed=(start, end)):
        if deal.stage == "won" and deal.amount is not None and deal.closed_on is not None:
            first = min(first or deal.closed_on, deal.closed_on)
            found[(deal.closed_on - start).days // days][deal.person_id] += deal.amount
    return first, [{person_id: float(amount) for person_id, amount in one.items()} for one in found]


def proposals_between(
    owner: Programme, start: date, end: date, as_of: datetime
) -> list[ProposalRecord]:
    """Proposals of in-scope reps created in [start, end), as known at `as_of`."""
    members = programme.queries.members(owner.id, as_of)
    found = proposals_of(owner.id, start, end, as_of)
    return [row for row in found if row.person_id in members]


def proposal_value_gap(
    owner: Programme, start: date, end: date, as_of: datetime
) -> dict[str, object]:
    """The figure `proposal_value_gap` (METRICS V3): values missing or not positive are left out."""
    values: dict[bool, list[float]] = {True: [], False: []}
    for row in _valued(proposals_between(owner, start, end, as_of)):
        values[row.with_tool].append(float(row.value or 0))
    return _proposal_keys(gap_between(values[True], values[False], owner.min_group))


def proposal_value_gap_rows(owner: Programme, start: date, end: date, as_of: datetime) -> list[Row]:
    """The proposals compared, each with its value."""
    return rows_of(
        (
            (
                row.person_id,
                row.created_on,
                {
                    "proposal_id": row.proposal_key,
                    "created_on": row.created_on,
                    "with_tool": row.with_tool,
                    "value": float(row.value or 0),
                },
            )
            for row in _valued(proposals_between(owner, start, end, as_of))
        ),
        as_of,
    )


def proposal_value_gap_before(
    owner: Programme, start: date, end: date, as_of: datetime
) -> dict[str, object]:
    """METRICS V4 for V3: the proposals of the window before, by who made them.

    Before the launch no proposal was made with the tool, so the people are split instead: those
    with a proposal made with it in the window, and the others with a proposal in it.
    """
    makers: dict[int, bool] = defaultdict(bool)
    for row in _valued(proposals_between(owner, start, end, as_of)):
        makers[row.person_id] |= row.with_tool
    values: dict[bool, list[float]] = {True: [], False: []}
    before = window_before(owner.launch_on, start, end)
    for row in _valued(proposals_between(owner, *before, as_of)):
        if row.person_id in makers:
            values[makers[row.person_id]].append(float(row.value or 0))
    return _proposal_keys(gap_between(values[True], values[False], owner.min_group))


def _valued(rows: Iterable[ProposalRecord]) -> list[ProposalRecord]:
    return [row for row in rows if row.value is not None and row.value > 0]


def _proposal_keys(gap: Gap) -> dict[str, object]:
    return {
        "with_tool": gap.with_it,
        "without": gap.without,
        "mean_with": gap.mean_with,
        "mean_without": gap.mean_without,
        "gap": gap.gap,
        "median_gap": gap.median_gap,
    }
