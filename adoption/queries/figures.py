"""The figures of CONTRACT section 5 that this room answers, each by its rule of METRICS.

Every one takes `as_of`: what was known then. All rates are fractions; "no base" is None.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from statistics import mean, median

from sqlalchemy import select

import people.queries
import programme.queries
from adoption.models import Deal, Proposal
from adoption.queries.days import World, daily_counts, world
from adoption.rules import (
    AdoptionState,
    Established,
    Months,
    RepDays,
    Span,
    TeamAdoption,
    available_bits,
    current_bits,
    day60_of,
    first_use,
    returning,
    share_of,
    span_of,
    state_at,
    team_table,
)
from core.calendars import DAY, month_before, month_bounds
from core.db import db
from core.errors import Invalid, NotFound
from core.stats import Share, growth, per
from programme.models import Programme

UNASSIGNED = "unassigned"
MONTHS_IN_A_YEAR = 12


def owner_of(programme_id: int) -> Programme:
    """The programme a figure is asked about."""
    return programme.queries.by_id(programme_id)


def programme_id_of(slug: str) -> int | None:
    """The id of the programme with this slug."""
    return programme.queries.id_of(slug)


def keys_of(person_ids: Collection[int]) -> dict[int, str]:
    """The files' person_id of each person."""
    return people.queries.keys_of(person_ids)


def ids_by_key() -> dict[str, int]:
    """Everybody by the files' person_id."""
    return people.queries.by_key()


def share_keys(
    share: Share, hits: str = "sustained", base: str = "measurable"
) -> dict[str, object]:
    """A share with its Wilson interval under the contract's names."""
    low, high = share.interval or (None, None)
    return {base: share.base, hits: share.hits, "rate": share.rate, "lo": low, "hi": high}


def team_names_on(day: date) -> dict[int, str]:
    """METRICS P7: each person's team on a date, by name."""
    names = people.queries.team_names()
    return {person_id: names[team_id] for person_id, team_id in people.queries.team_on(day).items()}


def refuse_unknown_team(team: str | None) -> None:
    """Raises NotFound when no team has the name."""
    if team is not None and team != UNASSIGNED and not people.queries.team_ids_by_name([team]):
        raise NotFound(f"There is no team {team}.", field="team")


def states(
    owner: Programme, through: date, as_of: datetime, team: str | None = None
) -> dict[int, AdoptionState]:
    """METRICS A4 with P8: in-scope reps, or those on the team on `through`."""
    refuse_unknown_team(team)
    found = world(owner, through, as_of=as_of)
    wanted = on_team(found.reps, through, team)
    return {
        ident: state_at(rep, found.span, through, found.rule)
        for ident, rep in found.reps.items()
        if ident in wanted
    }


def on_team(person_ids: Collection[int], day: date, team: str | None) -> frozenset[int]:
    """Those of the people who are on the team on a date; all of them without a team."""
    if team is None:
        return frozenset(person_ids)
    names = team_names_on(day)
    return frozenset(ident for ident in person_ids if names.get(ident, UNASSIGNED) == team)


def adoption(
    owner: Programme, through: date, as_of: datetime, team: str | None = None
) -> dict[str, object]:
    """The figure `adoption` (METRICS A4)."""
    found = states(owner, through, as_of, team)
    counts = Counter(found.values())
    return {
        **share_keys(share_of(found.values())),
        "states": {state.value: counts[state] for state in AdoptionState},
    }


def team_rows(owner: Programme, through: date, as_of: datetime) -> list[TeamAdoption]:
    """METRICS A6: every team with a rep who has not left, best shrunk rate first."""
    found = states(owner, through, as_of)
    names = team_names_on(through)
    by_team: dict[str, list[AdoptionState]] = defaultdict(list)
    for ident, state in found.items():
        if state is not AdoptionState.LEFT:
            by_team[names.get(ident, UNASSIGNED)].append(state)
    shares = {team: share_of(team_states) for team, team_states in by_team.items()}
    return team_table(shares, strength=owner.shrink_k, min_team=owner.min_team)


def adoption_by_team(owner: Programme, through: date, as_of: datetime) -> dict[str, object]:
    """The figure `adoption_by_team`."""
    return {
        "teams": [
            {"team": row.team, **share_keys(row.share), "shrunk": row.shrunk}
            for row in team_rows(owner, through, as_of)
        ]
    }


def weekly_adoption(
    owner: Programme, day: date, as_of: datetime, team: str | None = None
) -> dict[str, object]:
    """The figure `weekly_adoption` (METRICS A2): the week that holds `day`.

    A rep-week belongs to the team of the rep's last available day in it (P8).
    """
    refuse_unknown_team(team)
    week = programme.queries.calendar(owner).week_of(day)
    found = world(owner, week + 6 * DAY, as_of=as_of)
    index = found.span.week_index(week)
    eligible = met = 0
    names: dict[date, dict[int, str]] = {}
    for ident, rep in found.reps.items():
        mark = rep.week(index, found.rule)
        if not mark.eligible:
            continue
        if team is not None:
            last = rep.last_available(index, found.span)
            if last is None:
                continue
            if last not in names:
                names[last] = team_names_on(last)
            if names[last].get(ident, UNASSIGNED) != team:
                continue
        eligible += 1
        met += mark.met
    return {"eligible": eligible, "met": met, "rate": per(met, eligible)}


def day60(
    owner: Programme, through: date, as_of: datetime, team: str | None = None
) -> dict[str, object]:
    """The figure `day60` (METRICS A5)."""
    refuse_unknown_team(team)
    found = world(owner, through, as_of=as_of, whole=True)
    wanted = on_team(found.reps, through, team)
    counts = Counter(
        day60_of(rep, found.span, through, found.rule).value
        for ident, rep in found.reps.items()
        if ident in wanted
    )
    measurable = counts["sustained"] + counts["not_sustained"]
    return {
        "measurable": measurable,
        "sustained": counts["sustained"],
        "rate": per(counts["sustained"], measurable),
        "counts": dict(sorted(counts.items())),
    }


def logins_growth(
    owner: Programme, base: tuple[date, date], current: tuple[date, date], as_of: datetime
) -> dict[str, object]:
    """The figure `logins_growth` (METRICS G2): raw, and per available rep-day."""
    before, now = (_logins(owner, window, as_of) for window in (base, current))
    before_per, now_per = per(*before), per(*now)
    return {
        "base": before[0],
        "current": now[0],
        "growth": growth(before[0], now[0]),
        "base_rep_days": before[1],
        "current_rep_days": now[1],
        "growth_per_rep_day": (
            None if before_per is None or now_per is None else growth(before_per, now_per)
        ),
    }


def _logins(owner: Programme, window: tuple[date, date], as_of: datetime) -> tuple[int, int]:
    """Logins by in-scope reps while employed and enabled, and available rep-days, of a window."""
    start, end = window
    span = span_of(programme.queries.calendar(owner), start, end)
    members = programme.queries.members(owner.id)
    calendars = people.queries.calendars()
    current = {ident: current_bits(calendars[ident], span) for ident in members}
    logins = sum(
        count
        for ident, day, count in daily_counts(owner.id, [owner.login_kind], start, end, as_of)
        if ident in current and span.has(current[ident], day)
    )
    inside = span.window(start, end)
    rep_days = sum(
        (available_bits(calendars[ident], span) & inside).bit_count() for ident in members
    )
    return logins, rep_days


def new_user_growth(owner: Programme, month: str, as_of: datetime) -> dict[str, object]:
    """The figure `new_user_growth` (METRICS G3), readings A and B."""
    start, end = month_bounds(month)
    before, _end = month_bounds(month_before(month))
    found = world(owner, end - DAY, as_of=as_of)
    firsts = [first_use(rep, found.span) for rep in found.reps.values()]
    previous = sum(1 for day in firsts if day is not None and before <= day < start)
    current = sum(1 for day in firsts if day is not None and start <= day < end)
    ever_before = sum(1 for day in firsts if day is not None and day < start)
    return {
        "previous": previous,
        "current": current,
        "growth": growth(previous, current),
        "cumulative_growth": growth(ever_before, ever_before + current),
    }


def returning_established(
    owner: Programme, month: str, established: str | None, as_of: datetime
) -> dict[str, object]:
    """The figure `returning_established` (METRICS G4)."""
    start, end = month_bounds(month)
    previous = month_before(month)
    found = world(owner, end - DAY, as_of=as_of)
    span = found.span
    months = Months(
        start,
        span.window(start, end),
        span.window(*month_bounds(previous)),
        span.window(*month_bounds(month_before(previous))),
        span.window(None, start),
    )
    reading = Established(established or Established.EVER_BEFORE)
    answer = returning(found.reps.values(), span, months, reading)
    return {
        "established": answer.established,
        "returned": answer.returned,
        "rate": per(answer.returned, answer.established),
    }


def _active(found: World, start: date, end: date) -> int:
    """METRICS U1: reps with a counted event in [start, end)."""
    window = found.span.window(start, end)
    return sum(1 for rep in found.reps.values() if rep.used & window)


def dau_wau_mau(
    owner: Programme, on: date, kinds: Sequence[str] | None, as_of: datetime
) -> dict[str, object]:
    """The figure `dau_wau_mau` (METRICS U1): 1, 7 and 28 dates up to `on`."""
    found = world(owner, on, as_of=as_of, kinds=kinds)
    after = on + DAY
    return {
        name: _active(found, after - length * DAY, after)
        for name, length in (("dau", 1), ("wau", 7), ("mau", 28))
    }


def stickiness(
    owner: Programme, start: date, end: date, short: str | None, as_of: datetime
) -> dict[str, object]:
    """The figure `stickiness` (METRICS U3), over the working days of [start, end)."""
    found = world(owner, end - DAY, as_of=as_of)
    length = 7 if short == "week" else 1
    small = large = 0
    calendar = found.span.calendar
    day = start
    while day < end:
        if calendar.is_working_day(day):
            small += _active(found, day + DAY - length * DAY, day + DAY)
            large += _active(found, day + DAY - 28 * DAY, day + DAY)
        day += DAY
    return {"value": per(small, large)}


def l28(owner: Programme, on: date, as_of: datetime) -> dict[str, object]:
    """The figure `l28` (METRICS U6): reps current on the date, by active days of the last 28."""
    found = world(owner, on, as_of=as_of)
    window = found.span.window(on - 27 * DAY, on + DAY)
    counts = Counter(
        (rep.used & window).bit_count()
        for rep in found.reps.values()
        if found.span.has(rep.current, on)
    )
    return {"histogram": {str(days): counts[days] for days in sorted(counts)}}


def streak_of(owner: Programme, key: str, through: date, as_of: datetime) -> dict[str, object]:
    """The figure `streak` (METRICS C11) of the person with this person_id."""
    ident = people.queries.by_key([key]).get(key)
    if ident is None:
        raise NotFound(f"There is no person {key}.", field="person_id")
    found = world(owner, through, as_of=as_of, person_ids=[ident])
    rep = found.reps.get(ident)
    if rep is None:
        return {"weeks": 0}
    last = found.span.last_complete(through)
    return {"weeks": rep.marks(last + 1, found.rule).streak(last)}


def proposals_growth(owner: Programme, month_a: str, month_b: str) -> dict[str, object]:
    """The figure `proposals_growth` (METRICS G5): tool-made proposals, with the monthly factor."""
    (start_a, end_a), (start_b, end_b) = month_bounds(month_a), month_bounds(month_b)
    months = (start_b.year - start_a.year) * MONTHS_IN_A_YEAR + start_b.month - start_a.month
    if months <= 0:
        raise Invalid("month_b must lie after month_a.", field="month_b")
    base, current = (
        sum(1 for row in _proposals(owner, start, end) if row.with_tool)
        for start, end in ((start_a, end_a), (start_b, end_b))
    )
    change = growth(base, current)
    factor = None if change is None else (change + 1) ** (1 / months)
    return {"base": base, "current": current, "growth": change, "monthly_factor": factor}


def _proposals(owner: Programme, start: date, end: date) -> list[Proposal]:
    """Proposals of in-scope reps created in [start, end)."""
    members = programme.queries.members(owner.id)
    rows = db.session.scalars(
        select(Proposal).where(Proposal.created_on >= start, Proposal.created_on < end)
    )
    return [
        row for row in rows if row.person_id in members and row.programme_id in {None, owner.id}
    ]


def proposal_value_gap(owner: Programme, start: date, end: date) -> dict[str, object]:
    """The figure `proposal_value_gap` (METRICS V3): values missing or not positive are left out."""
    values: dict[bool, list[float]] = {True: [], False: []}
    for row in _proposals(owner, start, end):
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
    won = won_amounts(start, end)
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


def won_amounts(start: date, end: date) -> dict[int, float]:
    """Won amounts closed in [start, end), by owner of the deal."""
    rows = db.session.execute(
        select(Deal.person_id, Deal.amount).where(
            Deal.stage == "won",
            Deal.closed_on >= start,
            Deal.closed_on < end,
            Deal.amount.is_not(None),
        )
    )
    found: dict[int, float] = defaultdict(float)
    for person_id, amount in rows:
        found[person_id] += float(amount or 0)
    return dict(found)
