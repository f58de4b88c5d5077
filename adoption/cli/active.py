"""The figures of METRICS U: who is active, who stays, what they use, how soon they begin."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from adoption.cli.figures import asked
from adoption.queries.figures import active, cohorts, features, owner_of
from adoption.queries.figures.cohorts import RetentionAsked
from adoption.rules import Interval, Mode
from core.errors import Invalid
from core.figures import Figure, FigureRequest, Param

Counted = TypeVar("Counted")

_ON, _THROUGH = Param("on", "date", required=True), Param("through", "date", required=True)
_START, _END = Param("start", "date", required=True), Param("end", "date", required=True)
_KINDS = Param("kinds", "list")
_INTERVAL = Param("interval", "choice", choices=tuple(Interval))
_BRACKET = re.compile(r"(\d{1,5})-(\d{1,5})")


def _of_cohort(count: Callable[..., Counted]) -> Callable[[FigureRequest], Counted]:
    """Ask a query about the cohort a request means."""

    def ask(request: FigureRequest) -> Counted:
        owner = owner_of(request.programme_id)
        return count(owner, retention_asked(request.params), request.as_of)

    return ask


def retention_asked(params: Mapping[str, Any]) -> RetentionAsked:
    """The parameters of `retention`; raises Invalid where mode and brackets do not fit."""
    mode = Mode(params["mode"] or Mode.ON)
    if (mode is Mode.BRACKET) != bool(params["brackets"]):
        raise Invalid("brackets and mode=bracket go together.", field="brackets")
    return RetentionAsked(
        cohort_start=params["cohort_start"],
        through=params["through"],
        interval=Interval(params["interval"] or Interval.WEEK),
        mode=mode,
        brackets=tuple(map(_bracket, params["brackets"] or ())),
        leavers_stay=params["leavers"] == "keep",
        kinds=params["kinds"],
    )


def _bracket(text: str) -> tuple[int, int]:
    found = _BRACKET.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise Invalid(
            f"{text!r} is no range of periods; write first-last, such as 1-2.", field="brackets"
        )
    return int(found[1]), int(found[2])


FIGURES = (
    Figure(
        name="dau_wau_mau",
        says="Reps active on a day, in its last 7 and in its last 28 days.",
        params=(_ON, _KINDS),
        compute=asked(active.dau_wau_mau),
        rows=asked(active.dau_wau_mau_rows),
    ),
    Figure(
        name="stickiness",
        says="How much of the monthly audience is there on a day, or in a week.",
        params=(_START, _END, Param("short", "choice", choices=("day", "week")), _KINDS),
        compute=asked(active.stickiness),
        rows=asked(active.stickiness_rows),
    ),
    Figure(
        name="lifecycle",
        says="New, returning, resurrecting, dormant and departed users of each day, week or month.",
        params=(_START, _END, _INTERVAL, _KINDS),
        compute=asked(cohorts.lifecycle),
        rows=asked(cohorts.lifecycle_rows),
    ),
    Figure(
        name="retention",
        says="Of the reps who began in one period, how many were active in later ones.",
        params=(
            Param("cohort_start", "date", required=True),
            _THROUGH,
            _INTERVAL,
            Param("mode", "choice", choices=tuple(Mode)),
            Param("brackets", "list"),
            Param("leavers", "choice", choices=("exclude", "keep")),
            _KINDS,
        ),
        compute=_of_cohort(cohorts.retention),
        rows=_of_cohort(cohorts.retention_rows),
    ),
    Figure(
        name="l28",
        says="Reps by the number of days they were active in the last 28, none included.",
        params=(_ON, _KINDS),
        compute=asked(active.l28),
        rows=asked(active.l28_rows),
    ),
    Figure(
        name="feature_adoption",
        says="Which key actions reps use, how many different ones, how much and how often.",
        params=(_START, _END),
        compute=asked(features.features),
        rows=asked(features.features_rows),
    ),
    Figure(
        name="time_to_first_value",
        says=(
            "Days from a rep's start to the first key action, with those still waiting counted in."
        ),
        params=(_THROUGH,),
        compute=asked(cohorts.time_to_first_value),
        rows=asked(cohorts.time_to_first_value_rows),
    ),
)
