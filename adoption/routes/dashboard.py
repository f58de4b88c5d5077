"""The adoption page: one sentence, the line behind it, and the people it is about."""

from datetime import date
from math import ceil

from flask import render_template
from flask.typing import ResponseReturnValue

from adoption import access
from adoption.models import AdoptionWeek
from adoption.queries import page
from adoption.rules import TeamAdoption
from core import charts
from core.calendars import DAY
from core.guards import current_actor, guard

SHOWN_PEOPLE = 24
SHOWN_TEAMS = 40
MOST_TICKS = 6


@guard("dashboard.public_summary")
def adoption() -> ResponseReturnValue:
    """How many made the tool a habit, against the goal; teams and names as the reader may see."""
    actor, owner = current_actor(), page.current_programme()
    weeks = page.weeks(owner) if owner is not None else []
    if owner is None or not weeks:
        return render_template("adoption/empty.html", owner=owner)
    latest = weeks[-1]
    through = latest.week_start + 6 * DAY
    among = access.people_to_see(actor, through)
    sees_teams = access.may_see_teams(actor)
    near_count, near = page.nearly_there(owner, latest.week_start, among)
    uses = page.week_uses(owner, latest.week_start)
    teams = _teams(owner, latest.week_start, among) if sees_teams else []
    measurable = _measurable(latest)
    return render_template(
        "adoption/adoption.html",
        owner=owner,
        latest=latest,
        through=through,
        measurable=measurable,
        rate=latest.sustained / measurable if measurable else None,
        day60=page.own_day60(owner, through),
        missing=max(ceil(owner.goal_low * measurable) - latest.sustained, 0),
        line=_line(owner.launch_on, weeks, (owner.goal_low, owner.goal_high)),
        near_count=near_count,
        near=near[:SHOWN_PEOPLE],
        near_more=max(len(near) - SHOWN_PEOPLE, 0),
        stages=charts.funnel(_stages(page.reach(owner, latest))) if sees_teams else (),
        bars=_bars(uses, width=760 if sees_teams else 1080),
        last_use=uses[-1] if uses else None,
        teams=teams[:SHOWN_TEAMS],
        teams_more=max(len(teams) - SHOWN_TEAMS, 0),
        intervals={
            row.team: charts.rate_interval(
                row.share.rate, row.share.interval, goal=(owner.goal_low, owner.goal_high)
            )
            for row in teams[:SHOWN_TEAMS]
            if row.share.rate is not None and row.share.interval is not None
        },
    )


def _measurable(week: AdoptionWeek) -> int:
    return week.sustained + week.lapsed + week.trying + week.not_started


def _teams(owner: page.Programme, week: date, among: frozenset[int] | None) -> list[TeamAdoption]:
    """Teams in the reader's reach; who reads sums only sees teams large enough to hide in."""
    rows = page.team_rates(owner, week, among or None)
    if among == frozenset():
        return [row for row in rows if row.share.base >= owner.min_group]
    return rows


def _line(
    launch: date, weeks: list[AdoptionWeek], goal: tuple[float, float]
) -> charts.Chart | None:
    """The sustained rate at each week's end, by days since the launch."""
    points = [
        ((week.week_start + 6 * DAY - launch).days + 1, week.sustained / _measurable(week))
        for week in weeks
        if _measurable(week)
    ]
    if len(points) < 2:
        return None
    step = max(1, -(-len(points) // MOST_TICKS))
    ticks = [(float(day), f"Day {day}") for day, _share in points[::step]]
    first, last = points[0][1], points[-1][1]
    verb = "rose" if last > first else "fell" if last < first else "stayed"
    finding = (
        f"Sustained adoption {verb} from {charts.percent(first)} on day {points[0][0]} "
        f"to {charts.percent(last)} on day {points[-1][0]}."
    )
    return charts.share_line(
        charts.ShareLine(
            points=[(float(day), share) for day, share in points],
            x_ticks=ticks,
            finding=finding,
            goal=goal,
            columns=("Day", "Sustained"),
        )
    )


def _stages(reach: page.Reach) -> list[tuple[str, int]]:
    return [
        ("Have the tool", reach.here),
        ("Ever used it", reach.ever_used),
        ("Active last week", reach.active),
        ("Sustained", reach.sustained),
    ]


def _bars(uses: list[page.WeekUse], width: int) -> charts.Chart | None:
    """Who was active each week, new, kept and back, with who stopped below."""
    if not uses:
        return None
    last = uses[-1]
    active = last.new + last.kept + last.back
    finding = (
        f"{last.kept:,} of the {active:,} people active in the last week were active the week "
        f"before; {last.new:,} were new and {last.lapsed:,} stopped."
    )
    return charts.weekly_bars([_bar(use) for use in uses], finding, width=width)


def _bar(use: page.WeekUse) -> charts.Week:
    label = f"{use.week.day} {use.week:%b}"
    return charts.Week(label, use.kept, use.back, use.new, use.lapsed)
