"""How people come, stay, pause and go, and how long they take to begin (METRICS U4, U5, U8)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import programme.queries
from adoption.queries.days import World, world
from adoption.queries.figures.scope import Row, refuse_empty_window, rows_of
from adoption.rules import (
    Checkpoint,
    Interval,
    Mode,
    Period,
    Phase,
    RepDays,
    Wait,
    checkpoints,
    complete_periods,
    in_cohort,
    kaplan_meier,
    period_of,
    phase_counts,
    phases,
    places,
    retained,
    wait_of,
)
from core.calendars import DAY
from core.stats import per
from programme.models import Programme


def _periods(
    owner: Programme, length: str | None, start: date, end: date
) -> tuple[Period, list[Period]]:
    """The periods of [start, end), from the one that holds `start` on, and the one before them.

    Weeks if not said otherwise; only complete ones (METRICS T6): their last date lies before `end`.
    """
    interval = Interval(length or Interval.WEEK)
    refuse_empty_window(start, end)
    calendar = programme.queries.calendar(owner)
    first = period_of(calendar, interval, start)
    before = period_of(calendar, interval, first.start - DAY)
    return before, list(complete_periods(calendar, interval, start, end - DAY))


def _lives(
    owner: Programme,
    periods: Sequence[Period],
    kinds: Collection[str] | None,
    as_of: datetime,
) -> tuple[World, list[int]]:
    """Everybody up to the last period, and each period as bits."""
    found = world(owner, periods[-1].end - DAY, as_of=as_of, kinds=kinds, since=periods[0].start)
    return found, [found.span.window(period.start, period.end) for period in periods]


def lifecycle(
    owner: Programme,
    start: date,
    end: date,
    interval: str | None,
    kinds: Collection[str] | None,
    as_of: datetime,
) -> dict[str, object]:
    """The figure `lifecycle` (METRICS U4): every complete period of [start, end)."""
    before, periods = _periods(owner, interval, start, end)
    if not periods:
        return {"periods": []}
    found, windows = _lives(owner, [before, *periods], kinds, as_of)
    counts = phase_counts(found.reps.values(), windows)
    return {
        "periods": [
            {
                "period": period.name,
                "active": phase[Phase.NEW] + phase[Phase.RETURNING] + phase[Phase.RESURRECTING],
                **{key.value: count for key, count in phase.items()},
            }
            for period, phase in zip(periods, counts, strict=True)
        ]
    }


def lifecycle_rows(
    owner: Programme,
    start: date,
    end: date,
    interval: str | None,
    kinds: Collection[str] | None,
    as_of: datetime,
) -> list[Row]:
    """Everybody active in a period or in the one before it, with what the period was to them."""
    before, periods = _periods(owner, interval, start, end)
    if not periods:
        return []
    found, windows = _lives(owner, [before, *periods], kinds, as_of)
    return rows_of(
        (
            (ident, period.end - DAY, {"period": period.name, "phase": phase})
            for ident, rep in found.reps.items()
            for place, phase in sorted(
                (place, phase.value)
                for phase, bits in phases(rep, windows).items()
                for place in places(bits)
            )
            for period in [periods[place - 1]]
        ),
        as_of,
    )


@dataclass(frozen=True, kw_only=True)
class RetentionAsked:
    """The parameters of the figure `retention`."""

    cohort_start: date
    through: date
    interval: Interval
    mode: Mode = Mode.ON
    brackets: tuple[tuple[int, int], ...] = ()
    leavers_stay: bool = False
    kinds: tuple[str, ...] | None = None


def _cohort(
    owner: Programme, asked: RetentionAsked, as_of: datetime
) -> tuple[World, dict[int, RepDays], list[Checkpoint]]:
    """Everybody whose first use lies in period 0, and the points their curve has at `through`."""
    calendar = programme.queries.calendar(owner)
    periods = list(complete_periods(calendar, asked.interval, asked.cohort_start, asked.through))
    first = period_of(calendar, asked.interval, asked.cohort_start)
    found = world(
        owner, asked.through, as_of=as_of, kinds=asked.kinds, since=min(first.start, asked.through)
    )
    window = found.span.window(first.start, first.end)
    cohort = {ident: rep for ident, rep in found.reps.items() if in_cohort(rep, window)}
    return found, cohort, checkpoints(found.span, periods, asked.mode, asked.brackets)


def retention(owner: Programme, asked: RetentionAsked, as_of: datetime) -> dict[str, object]:
    """The figure `retention` (METRICS U5)."""
    found, cohort, points = _cohort(owner, asked, as_of)
    curve = retained(cohort.values(), found.span, points, leavers_stay=asked.leavers_stay)
    return {
        "points": [
            {
                "period": point.name,
                "at_risk": at_risk,
                "retained": hits,
                "rate": per(hits, at_risk),
            }
            for point, at_risk, hits in curve
        ]
    }


def retention_rows(owner: Programme, asked: RetentionAsked, as_of: datetime) -> list[Row]:
    """Every member of the cohort at every point they are at risk at, and whether they were back."""
    found, cohort, points = _cohort(owner, asked, as_of)
    return rows_of(
        (
            (
                ident,
                asked.through,
                {"period": point.name, "retained": point.is_retained(rep)},
            )
            for ident, rep in cohort.items()
            for point in points
            if point.is_at_risk(rep, found.span, leavers_stay=asked.leavers_stay)
        ),
        as_of,
    )


def _waits(owner: Programme, through: date, as_of: datetime) -> dict[int, Wait]:
    """METRICS U8: everybody who was ever there by `through`, and how long they took."""
    found = world(owner, through, as_of=as_of, whole=True)
    waits = {ident: wait_of(rep, found.span, through) for ident, rep in found.reps.items()}
    return {ident: wait for ident, wait in waits.items() if wait is not None}


def time_to_first_value(owner: Programme, through: date, as_of: datetime) -> dict[str, object]:
    """The figure `time_to_first_value` (METRICS U8)."""
    survival = kaplan_meier(_waits(owner, through, as_of).values())
    return {
        "n": survival.n,
        "events": survival.events,
        "median": survival.median,
        "curve": [[day, share] for day, share in survival.curve],
    }


def time_to_first_value_rows(owner: Programme, through: date, as_of: datetime) -> list[Row]:
    """Everybody in the curve with their days, and whether those ended with a key action."""
    waits = _waits(owner, through, as_of)
    return rows_of(
        (
            (ident, through, {"days": wait.days, "reached": wait.reached})
            for ident, wait in waits.items()
        ),
        as_of,
    )
