"""The charts of the adoption page, from what the queries read."""

from collections.abc import Mapping, Sequence
from datetime import date

from flask import url_for

from adoption.queries import page
from adoption.queries.page import Cohort, OwnDayPoint, Picture, RuleVersion, WeekShare, WeekUse
from adoption.rules import sentences
from adoption.rules.behind import Basis
from adoption.rules.forecast import TYPICAL
from core import charts
from core.calendars import DAY

# Everybody's forecast stands so many days behind the last own day.
AHEAD = 9
POWER_FROM = 12
A_MONTH = 4
# Two charts share a row: they are laid out narrower, so that their words keep their size.
WEEKS_WIDTH, MOST_TICKS = 640, 7


def short(day: date) -> str:
    """A date as `9 Nov`."""
    return f"{day.day} {day:%b}"


def way(seen: Picture, points: Sequence[OwnDayPoint]) -> charts.Chart | None:
    """The share by own day against goal and typical range, and where it will end for everybody."""
    if not points:
        return None
    ahead, last = seen.outlook, points[-1]
    told = ahead.under_way > 0 and last.day == seen.owner.horizon_days
    forecast = None
    if told and ahead.low is not None and ahead.middle is not None and ahead.high is not None:
        forecast = charts.Forecast(last.day + AHEAD, ahead.low, ahead.middle, ahead.high)
    ticks = [(float(point.day), f"Day {point.day}") for point in points]
    if forecast is not None:
        ticks.append((forecast.x, "Everybody"))
    return charts.share_line(
        charts.ShareLine(
            points=[(float(point.day), point.share.rate or 0.0) for point in points],
            x_ticks=ticks,
            finding=_way_finding(seen, points),
            goal=(seen.owner.goal_low, seen.owner.goal_high),
            typical=TYPICAL,
            forecast=forecast,
            ahead_words="in the end",
            columns=("Own day", "Had the habit", "Of reps who got there", "Share"),
            rows=[
                (
                    f"Day {point.day}",
                    charts.plain(point.share.hits),
                    charts.plain(point.share.base),
                    sentences.percent(point.share.rate or 0.0),
                )
                for point in points
            ],
        )
    )


def _way_finding(seen: Picture, points: Sequence[OwnDayPoint]) -> str:
    first, last = points[0], points[-1]
    low, high = (sentences.percent(share) for share in (seen.owner.goal_low, seen.owner.goal_high))
    said = (
        f"The share of reps with the habit goes from {sentences.percent(first.share.rate or 0.0)} "
        f"on their own day {first.day} to {sentences.percent(last.share.rate or 0.0)} on day "
        f"{last.day}, of {last.share.base:,} reps. The goal for day {seen.owner.horizon_days} is "
        f"{low} to {high}; {sentences.percent(TYPICAL[0])} to {sentences.percent(TYPICAL[1])} is "
        "typical."
    )
    ahead = seen.outlook
    if ahead.under_way and ahead.low is not None and ahead.high is not None:
        ends = f"{sentences.percent(ahead.low)} to {sentences.percent(ahead.high)}"
        said += f" When the {ahead.under_way:,} still under way get there it will be {ends}."
    return said


def weeks(
    seen: Picture, lines: Mapping[int, Sequence[WeekShare]], versions: Sequence[RuleVersion]
) -> charts.Chart | None:
    """The sustained share week by week: the present rule's line, older rules' in grey."""
    launch, version = seen.owner.launch_on, seen.owner.rule_version
    present = [one for one in lines.get(version, ()) if one.share.rate is not None]
    if len(present) < 2:
        return None
    step = max(1, -(-len(present) // MOST_TICKS))
    changes = _changes(present[0].week, versions)
    return charts.share_line(
        charts.ShareLine(
            points=_placed(present, launch),
            x_ticks=[(_at(one, launch), short(one.week)) for one in present[::step]],
            finding=_weeks_finding(present),
            goal=(seen.owner.goal_low, seen.owner.goal_high),
            width=WEEKS_WIDTH,
            before=[_placed(line, launch) for other, line in lines.items() if other != version],
            milestones=[
                charts.Milestone(float((since - launch).days), f"New rule {short(since)}")
                for since in changes
            ],
            columns=("Week of", "Sustained", "Measurable", "Share"),
            rows=[
                (
                    short(one.week),
                    charts.plain(one.share.hits),
                    charts.plain(one.share.base),
                    sentences.percent(one.share.rate or 0.0),
                )
                for one in present
            ],
        )
    )


def _at(one: WeekShare, launch: date) -> float:
    """A week's place on the axis: the days from the launch to its last date."""
    return float((last_date(one.week) - launch).days)


def _placed(line: Sequence[WeekShare], launch: date) -> list[tuple[float, float]]:
    return [(_at(one, launch), one.share.rate) for one in line if one.share.rate is not None]


def _weeks_finding(present: Sequence[WeekShare]) -> str:
    first, last = present[0].share, present[-1].share
    moved = (last.rate or 0.0) - (first.rate or 0.0)
    verb = "rose" if moved > 0 else "fell" if moved < 0 else "stayed"
    return (
        f"Sustained adoption {verb} from {sentences.percent(first.rate or 0.0)} of {first.base:,} "
        f"reps in the week of {short(present[0].week)} to {sentences.percent(last.rate or 0.0)} of "
        f"{last.base:,} in the week of {short(present[-1].week)}."
    )


def _changes(first: date, versions: Sequence[RuleVersion]) -> list[date]:
    """When the rule changed within the weeks shown."""
    found = [version.since.date() for version in versions[1:] if version.since is not None]
    return [since for since in found if since >= first]


def week_bars(uses: Sequence[WeekUse]) -> charts.Chart | None:
    """Who was active each week: new, back and kept going, with who stopped below."""
    if not uses:
        return None
    last = uses[-1]
    finding = (
        f"{last.kept:,} of the {last.active:,} people active in the last week were active the week "
        f"before; {last.back:,} came back, {last.new:,} were new and {last.lapsed:,} stopped."
    )
    bars = [
        charts.Week(short(use.week), use.kept, use.back, use.new, use.lapsed, use.departed)
        for use in uses
    ]
    return charts.weekly_bars(bars, finding)


def power_curve(counts: Sequence[int]) -> charts.Chart | None:
    """METRICS U6: reps by active days, those with three a week named."""
    total = sum(counts)
    if not total:
        return None
    power, none = sum(counts[POWER_FROM:]), counts[0]
    finding = (
        f"{power:,} of {total:,} reps were active on {POWER_FROM} or more of the last 28 days, "
        f"{none:,} on none."
    )
    return charts.histogram(
        counts,
        finding,
        columns=("Active days", "Reps"),
        many_from=POWER_FROM,
        many_words=f"{POWER_FROM} and more: {power:,}",
    )


def heat(
    cohorts: Sequence[Cohort], basis: Basis, least: int, *, may_list: bool
) -> tuple[list[str], list[charts.HeatRow]]:
    """The heads and rows of the cohort map; every cell leads to its people for who may see them."""
    periods = sorted({period for cohort in cohorts for period in cohort.points})
    heads = ["Start" if period == 0 else f"Wk {period}" for period in periods]
    rows = []
    for cohort in cohorts:
        cells = []
        for period in periods:
            share = cohort.points.get(period)
            if share is None:
                cells.append(charts.HeatCell("", 0, ""))
                continue
            href = _cell_href(cohort, basis, period) if may_list else ""
            cells.append(charts.heat_cell(share.hits, share.base, least=least, href=href))
        label = short(cohort.begun) if basis is Basis.FIRST_USE else f"{cohort.begun:%b %Y}"
        rows.append(charts.HeatRow(label, cohort.size, tuple(cells)))
    return heads, rows


def heat_finding(cohorts: Sequence[Cohort]) -> str | None:
    """What the cohorts shown say together, four weeks after their start."""
    there = [cohort.points[A_MONTH] for cohort in cohorts if A_MONTH in cohort.points]
    hits, base = sum(share.hits for share in there), sum(share.base for share in there)
    if not base:
        return None
    return (
        f"Four weeks after the start {hits:,} of {base:,} reps ({sentences.percent(hits / base)}) "
        "of these cohorts were active."
    )


def _cell_href(cohort: Cohort, basis: Basis, period: int) -> str:
    return url_for(
        "adoption.people", basis=basis.value, cohort=cohort.begun.isoformat(), period=period
    )


def interval(seen: Picture, share: page.Share) -> charts.Interval | None:
    """A rate with its interval on the scale of all, the goal shaded; none of a few people."""
    if share.rate is None or share.interval is None or share.base < seen.owner.min_group:
        return None
    goal = (seen.owner.goal_low, seen.owner.goal_high)
    return charts.rate_interval(share.rate, share.interval, goal=goal)


def last_date(week: date) -> date:
    """The last date of a week."""
    return week + 6 * DAY
