"""The tables of the adoption page, each to take along as CSV."""

from collections.abc import Callable, Iterable

from flask import Response

from adoption import access
from adoption.queries import page
from adoption.queries.page import Picture
from adoption.routes.dashboard import steps_of
from adoption.rules.behind import Basis
from core.csv_file import csv_file
from core.errors import NotFound
from core.guards import current_actor, guard

Rows = Iterable[tuple[object, ...]]
Table = tuple[tuple[str, ...], Rows]


@guard("dashboard.public_summary")
def table_csv(name: str) -> Response:
    """One table of the page; those of teams only for who may take them along."""
    owner = page.current_programme()
    seen = None if owner is None else page.picture_of(owner)
    is_of_teams = name in TEAM_TABLES
    if seen is None or (is_of_teams and not access.may_take_teams(current_actor())):
        raise NotFound("There is no such table.")
    make = TEAM_TABLES.get(name) or TABLES.get(name)
    if make is None:
        known = ", ".join([*TABLES, *TEAM_TABLES])
        raise NotFound("There is no such table.", fix=f"There are: {known}.")
    header, rows = make(seen)
    return csv_file(f"adoption-{name}-{seen.through}", header, rows)


def _own_days(seen: Picture) -> Table:
    header = ("own_day", "sustained", "measurable", "rate")
    points = page.own_days(seen.owner)
    return header, ((p.day, p.share.hits, p.share.base, p.share.rate) for p in points)


def _weeks(seen: Picture) -> Table:
    header = ("rule_version", "week", "sustained", "measurable", "rate", "lo", "hi")
    lines = page.series(seen.owner)
    return header, (
        (
            version,
            one.week.isoformat(),
            one.share.hits,
            one.share.base,
            one.share.rate,
            *(one.share.interval or (None, None)),
        )
        for version, line in sorted(lines.items())
        for one in line
    )


def _lifecycle(seen: Picture) -> Table:
    header = ("week", "active", "new", "returning", "resurrecting", "dormant", "departed")
    uses = page.week_uses(seen.owner, limit=None)
    return header, (
        (use.week.isoformat(), use.active, use.new, use.kept, use.back, use.lapsed, use.departed)
        for use in uses
    )


def _cohorts(basis: Basis) -> Callable[[Picture], Table]:
    def make(seen: Picture) -> Table:
        header = ("cohort", "period", "at_risk", "back", "rate")
        least = seen.owner.min_group
        return header, (
            (cohort.begun.isoformat(), period, share.base, share.hits, share.rate)
            for cohort in page.all_cohorts(seen.owner, basis)
            if cohort.size >= least
            for period, share in cohort.points.items()
            if share.base >= least
        )

    return make


def _active_days(seen: Picture) -> Table:
    return ("active_days", "reps"), enumerate(page.active_days(seen.owner))


def _steps(seen: Picture) -> Table:
    return ("step", "reps"), ((step.label, step.count) for step in steps_of(seen))


def _teams(seen: Picture) -> Table:
    header = ("team", "measurable", "sustained", "rate", "lo", "hi", "shrunk", "rank")
    among = access.people_to_see(current_actor(), seen.through)
    rows = page.groups(seen.owner, "team")
    own = None if among is None else page.teams_of(seen, among)
    wanted = {row.name for row in rows if own is None or row.team_id in own}
    return header, (
        (
            row.team,
            row.share.base,
            row.share.hits,
            row.share.rate,
            *(row.share.interval or (None, None)),
            row.shrunk,
            row.rank,
        )
        for row in page.team_rates(seen, rows)
        if row.team in wanted
    )


def _channels(seen: Picture) -> Table:
    header = ("channel", "here", "measurable", "sustained")
    return header, (
        (row.name, row.here, row.measurable, row.sustained)
        for row in page.groups(seen.owner, "channel")
        if row.measurable >= seen.owner.min_group
    )


TABLES: dict[str, Callable[[Picture], Table]] = {
    "own-days": _own_days,
    "weeks": _weeks,
    "lifecycle": _lifecycle,
    "cohorts": _cohorts(Basis.FIRST_USE),
    "launch-cohorts": _cohorts(Basis.START),
}
TEAM_TABLES: dict[str, Callable[[Picture], Table]] = {
    "active-days": _active_days,
    "steps": _steps,
    "teams": _teams,
    "channels": _channels,
}
