"""The figures of the adoption room, as the registry asks for them (CONTRACT section 5)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeVar

from adoption.queries import figures as figure_queries
from adoption.rules import Established
from adoption.rules.gaps import UseRule
from core.figures import Beside, Figure, FigureRequest, Param

Counted = TypeVar("Counted")

_THROUGH, _TEAM = Param("through", "date", required=True), Param("team")
_START, _END = Param("start", "date", required=True), Param("end", "date", required=True)


def _month(request: FigureRequest, name: str) -> str:
    """A month parameter as YYYY-MM."""
    start: date = request.params[name][0]
    return f"{start.year:04d}-{start.month:02d}"


def _adoption(request: FigureRequest) -> Mapping[str, object]:
    owner, params = figure_queries.owner_of(request.programme_id), request.params
    return figure_queries.adoption(owner, params["through"], request.as_of, params["team"])


def _adoption_rows(request: FigureRequest) -> Sequence[Mapping[str, object]]:
    """Every in-scope rep with their state."""
    owner, params = figure_queries.owner_of(request.programme_id), request.params
    found = figure_queries.states(owner, params["through"], request.as_of, params["team"])
    keys = figure_queries.keys_of(found)
    return [
        {"person_id": keys[ident], "state": state.value}
        for ident, state in sorted(found.items(), key=lambda pair: keys[pair[0]])
    ]


def _adoption_by_team(request: FigureRequest) -> Mapping[str, object]:
    owner = figure_queries.owner_of(request.programme_id)
    return figure_queries.adoption_by_team(owner, request.params["through"], request.as_of)


def _weekly_adoption(request: FigureRequest) -> Mapping[str, object]:
    owner, params = figure_queries.owner_of(request.programme_id), request.params
    return figure_queries.weekly_adoption(owner, params["week"], request.as_of, params["team"])


def _day60(request: FigureRequest) -> Mapping[str, object]:
    owner, params = figure_queries.owner_of(request.programme_id), request.params
    return figure_queries.day60(owner, params["through"], request.as_of, params["team"])


def _logins_growth(request: FigureRequest) -> Mapping[str, object]:
    owner, params = figure_queries.owner_of(request.programme_id), request.params
    return figure_queries.logins_growth(owner, params["base"], params["current"], request.as_of)


def _new_user_growth(request: FigureRequest) -> Mapping[str, object]:
    owner = figure_queries.owner_of(request.programme_id)
    return figure_queries.new_user_growth(owner, _month(request, "month"), request.as_of)


def _returning(request: FigureRequest) -> Mapping[str, object]:
    owner, month = figure_queries.owner_of(request.programme_id), _month(request, "month")
    reading = request.params["established"]
    return figure_queries.returning_established(owner, month, reading, request.as_of)


def _dau_wau_mau(request: FigureRequest) -> Mapping[str, object]:
    owner, params = figure_queries.owner_of(request.programme_id), request.params
    return figure_queries.dau_wau_mau(owner, params["on"], params["kinds"], request.as_of)


def _stickiness(request: FigureRequest) -> Mapping[str, object]:
    owner, params = figure_queries.owner_of(request.programme_id), request.params
    return figure_queries.stickiness(
        owner, params["start"], params["end"], params["short"], request.as_of
    )


def _l28(request: FigureRequest) -> Mapping[str, object]:
    owner = figure_queries.owner_of(request.programme_id)
    return figure_queries.l28(owner, request.params["on"], request.as_of)


def _streak(request: FigureRequest) -> Mapping[str, object]:
    owner, params = figure_queries.owner_of(request.programme_id), request.params
    return figure_queries.streak_of(owner, params["person_id"], params["through"], request.as_of)


def _proposals_growth(request: FigureRequest) -> Mapping[str, object]:
    owner = figure_queries.owner_of(request.programme_id)
    return figure_queries.proposals_growth(
        owner, _month(request, "month_a"), _month(request, "month_b"), request.as_of
    )


def _of_window(request: FigureRequest, count: Callable[..., Counted]) -> Counted:
    """What a function counts in the window asked about, under its user rule."""
    owner, params = figure_queries.owner_of(request.programme_id), request.params
    return count(owner, params["start"], params["end"], params["user_rule"], request.as_of)


def _revenue_gap(request: FigureRequest) -> Mapping[str, object]:
    return _of_window(request, figure_queries.revenue_gap)


def _revenue_gap_before(request: FigureRequest) -> Mapping[str, object]:
    return _of_window(request, figure_queries.revenue_gap_before)


def _revenue_gap_rows(request: FigureRequest) -> Sequence[Mapping[str, object]]:
    """Everybody compared, with what they won in the window and in the one before the launch."""
    found = _of_window(request, figure_queries.sellers)
    keys = figure_queries.keys_of({one.person_id for one in found})
    rows = [
        {
            "person_id": keys[one.person_id],
            "user": one.used_it,
            "won": one.won,
            "won_before": one.won_before,
        }
        for one in found
    ]
    return sorted(rows, key=lambda row: str(row["person_id"]))


def _proposal_value_gap(request: FigureRequest) -> Mapping[str, object]:
    owner, params = figure_queries.owner_of(request.programme_id), request.params
    return figure_queries.proposal_value_gap(owner, params["start"], params["end"], request.as_of)


def _proposal_value_gap_before(request: FigureRequest) -> Mapping[str, object]:
    owner, params = figure_queries.owner_of(request.programme_id), request.params
    return figure_queries.proposal_value_gap_before(
        owner, params["start"], params["end"], request.as_of
    )


FIGURES = (
    Figure(name="adoption", params=(_THROUGH, _TEAM), compute=_adoption, rows=_adoption_rows),
    Figure(name="adoption_by_team", params=(_THROUGH,), compute=_adoption_by_team),
    Figure(
        name="weekly_adoption",
        params=(Param("week", "date", required=True), _TEAM),
        compute=_weekly_adoption,
    ),
    Figure(name="day60", params=(_THROUGH, _TEAM), compute=_day60),
    Figure(
        name="logins_growth",
        params=(Param("base", "span", required=True), Param("current", "span", required=True)),
        compute=_logins_growth,
    ),
    Figure(
        name="new_user_growth",
        params=(Param("month", "month", required=True),),
        compute=_new_user_growth,
    ),
    Figure(
        name="returning_established",
        params=(
            Param("month", "month", required=True),
            Param("established", "choice", choices=tuple(reading.value for reading in Established)),
        ),
        compute=_returning,
    ),
    Figure(
        name="dau_wau_mau",
        params=(Param("on", "date", required=True), Param("kinds", "list")),
        compute=_dau_wau_mau,
    ),
    Figure(
        name="stickiness",
        params=(_START, _END, Param("short", "choice", choices=("day", "week"))),
        compute=_stickiness,
    ),
    Figure(name="l28", params=(Param("on", "date", required=True),), compute=_l28),
    Figure(
        name="streak",
        params=(Param("person_id", required=True), _THROUGH),
        compute=_streak,
        action="people.metrics_individual",
    ),
    Figure(
        name="proposals_growth",
        params=(Param("month_a", "month", required=True), Param("month_b", "month", required=True)),
        compute=_proposals_growth,
    ),
    Figure(
        name="revenue_gap",
        params=(
            _START,
            _END,
            Param("user_rule", "choice", choices=tuple(rule.value for rule in UseRule)),
        ),
        compute=_revenue_gap,
        rows=_revenue_gap_rows,
        beside=Beside(
            title="the same people before the launch, in an equally long window (METRICS V4):",
            compute=_revenue_gap_before,
        ),
    ),
    Figure(
        name="proposal_value_gap",
        params=(_START, _END),
        compute=_proposal_value_gap,
        beside=Beside(
            title="the same people's proposals before the launch (METRICS V4):",
            compute=_proposal_value_gap_before,
        ),
    ),
)
