"""Those who use it against those who do not (METRICS V)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from statistics import mean, median

import programme.queries
from adoption.queries.days import World, world
from adoption.queries.records import ProposalRecord, deals_of, proposals_of
from adoption.rules import AdoptionState, RepDays, Span, state_at
from core.calendars import DAY
from core.stats import growth
from programme.models import Programme


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
    for row in proposals_between(owner, start, end, as_of):
        if row.value is not None and row.value > 0:
            values[row.with_tool].append(float(row.value))
    means, gaps = _gap(values[True], values[False], owner.min_group)
    return {
        "with_tool": len(values[True]),
        "without": len(values[False]),
        "mean_with": means[0],
        "mean_without": means[1],
        **gaps,
    }


def _gap(
    with_it: Sequence[float], without: Sequence[float], min_group: int
) -> tuple[tuple[float | None, float | None], dict[str, float | None]]:
    """Means of both groups and the gaps between means and medians; METRICS V2: None when small."""
    large = [len(group) >= min_group for group in (with_it, without)]
    means = tuple(
        mean(group) if enough else None
        for group, enough in zip((with_it, without), large, strict=True)
    )
    if not all(large):
        return (means[0], means[1]), {"gap": None, "median_gap": None}
    gap = growth(mean(without), mean(with_it))
    return (means[0], means[1]), {
        "gap": gap,
        "median_gap": growth(median(without), median(with_it)),
    }


def revenue_gap(
    owner: Programme, start: date, end: date, user_rule: str | None, as_of: datetime
) -> dict[str, object]:
    """The figure `revenue_gap` (METRICS V1): won amounts per rep, users against the others."""
    found = world(owner, end - DAY, as_of=as_of, since=start)
    won = won_amounts(owner.id, start, end, as_of)
    groups: dict[bool, list[float]] = {True: [], False: []}
    for ident, rep in gap_population(found, start, end).items():
        groups[_is_user(found, rep, start, end, user_rule or "any")].append(won.get(ident, 0.0))
    means, gaps = _gap(groups[True], groups[False], owner.min_group)
    return {
        "users": len(groups[True]),
        "non_users": len(groups[False]),
        "mean_users": means[0],
        "mean_non_users": means[1],
        **gaps,
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


def _is_user(found: World, rep: RepDays, start: date, end: date, user_rule: str) -> bool:
    span: Span = found.span
    if user_rule == "landmark":
        return bool(rep.used & span.window(start - 28 * DAY, start))
    if user_rule == "sustained":
        return state_at(rep, span, end - DAY, found.rule) is AdoptionState.SUSTAINED
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
