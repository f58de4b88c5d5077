"""The figures of the weekly loop (METRICS S and L)."""

from collections.abc import Mapping, Sequence

from coaching import access
from coaching.queries import figures as queries
from core import clock
from core.figures import Figure, FigureRequest, Param

Rows = Sequence[Mapping[str, object]]


def _coverage(request: FigureRequest) -> Mapping[str, object]:
    owner, asked = queries.owner_of(request.programme_id), request.params
    window = (asked["start"], asked["end"])
    today = queries.today_of(owner, clock.now())
    access.refuse_foreign_team(request.actor, asked["team"], today, owner.min_group)
    return queries.due_behaviour_coverage(
        owner, window, asked["through"], request.as_of, asked["team"]
    )


def _coverage_rows(request: FigureRequest) -> Rows:
    """The occasions fired in the window, with their status and facts."""
    owner, asked = queries.owner_of(request.programme_id), request.params
    window = (asked["start"], asked["end"])
    return queries.coverage_rows(owner, window, asked["through"], request.as_of, asked["team"])


def _missed_moments(request: FigureRequest) -> Mapping[str, object]:
    return {"rows": _missed_rows(request)}


def _missed_rows(request: FigureRequest) -> Rows:
    owner, asked = queries.owner_of(request.programme_id), request.params
    return queries.moment_rows(
        queries.missed(owner, asked["through"], request.as_of, asked["week_end"])
    )


def _coaching_pick(request: FigureRequest) -> Mapping[str, object]:
    owner = queries.owner_of(request.programme_id)
    return queries.coaching_pick(owner, request.params["week_end"], request.as_of)


def _candidates(request: FigureRequest) -> Rows:
    """The missed moments the picks were chosen from."""
    owner, week_end = queries.owner_of(request.programme_id), request.params["week_end"]
    return queries.moment_rows(queries.missed(owner, week_end, request.as_of, week_end))


def _leak(request: FigureRequest) -> Mapping[str, object]:
    owner = queries.owner_of(request.programme_id)
    return queries.leak(owner, request.params["adoption"], request.as_of)


def _leak_rows(request: FigureRequest) -> Rows:
    """The occasions that made up the present adoption; none when one was given."""
    if request.params["adoption"] is not None:
        return []
    owner = queries.owner_of(request.programme_id)
    return queries.occasion_rows(queries.present_occasions(owner, request.as_of))


def _team_gap(request: FigureRequest) -> Mapping[str, object]:
    owner, asked = queries.owner_of(request.programme_id), request.params
    return queries.team_gap(owner, asked["a"], asked["b"])


_START, _END = Param("start", "date", required=True), Param("end", "date", required=True)
_THROUGH, _WEEK_END = Param("through", "date", required=True), Param("week_end", "date")

FIGURES = (
    Figure(
        name="due_behaviour_coverage",
        params=(_START, _END, _THROUGH, Param("team")),
        compute=_coverage,
        rows=_coverage_rows,
        action="coach.stats",
        says="Of the stalled deals whose answer was due, how many were answered in time.",
    ),
    Figure(
        name="missed_moments",
        params=(_THROUGH, _WEEK_END),
        compute=_missed_moments,
        rows=_missed_rows,
        says="Stalled deals answered late, dismissed or left alone, with what the delay cost.",
        action="people.metrics_individual",
        lists_people=True,
    ),
    Figure(
        name="coaching_pick",
        params=(Param("week_end", "date", required=True),),
        compute=_coaching_pick,
        rows=_candidates,
        says="For each rep the one missed moment that is worth talking about first.",
        action="people.metrics_individual",
        lists_people=True,
    ),
    Figure(
        name="leak",
        params=(Param("adoption", "number"),),
        compute=_leak,
        rows=_leak_rows,
        says="What a share of adoption brings back of the yearly leak, and when that pays.",
    ),
    Figure(
        name="team_gap",
        params=(Param("a", "number", required=True), Param("b", "number", required=True)),
        compute=_team_gap,
        says="What a year between two adoption rates is worth.",
    ),
)
