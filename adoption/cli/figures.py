"""The figures of the adoption room, as the registry asks for them (CONTRACT section 5)."""

from collections.abc import Callable
from typing import TypeVar

from adoption import access
from adoption.queries import figures as figure_queries
from adoption.queries import quality
from adoption.queries.figures import gaps, growth, sustained
from adoption.rules import Established
from adoption.rules.gaps import UseRule
from core import clock
from core.figures import Beside, Figure, FigureRequest, Param

Counted = TypeVar("Counted")

_THROUGH, _TEAM = Param("through", "date", required=True), Param("team")
_START, _END = Param("start", "date", required=True), Param("end", "date", required=True)


def asked(count: Callable[..., Counted]) -> Callable[[FigureRequest], Counted]:
    """Ask a query with the request's programme, parameters (by their names) and instant."""

    def ask(request: FigureRequest) -> Counted:
        owner = figure_queries.owner_of(request.programme_id)
        return count(owner, as_of=request.as_of, **request.params)

    return ask


def of_person(count: Callable[..., Counted]) -> Callable[[FigureRequest], Counted]:
    """The same about one person: answered only to whom their page shows their weeks today.

    Somebody else's people are not there, exactly as people nobody knows. The house and machines
    ask without a role.
    """

    def ask(request: FigureRequest) -> Counted:
        actor = request.actor
        if actor is not None and actor.role is not None:
            key = request.params["person_id"]
            if not access.is_shown(actor, sustained.person_named(key), clock.now().date()):
                raise sustained.nobody(key)
        return asked(count)(request)

    return ask


_MONTH = Param("month", "month", required=True)
_MONTHS = (Param("month_a", "month", required=True), Param("month_b", "month", required=True))
_WINDOWS = (Param("base", "span"), Param("current", "span"))

FIGURES = (
    Figure(
        name="adoption",
        says=(
            "Reps who kept the habit (the key actions on enough days in most of their last "
            "weeks), of those long enough here to tell."
        ),
        params=(_THROUGH, _TEAM),
        compute=asked(sustained.adoption),
        rows=asked(sustained.adoption_rows),
    ),
    Figure(
        name="adoption_by_team",
        says=(
            "The same by team, with the interval of each rate and the rate adjusted for the "
            "team's size."
        ),
        params=(_THROUGH,),
        compute=asked(sustained.adoption_by_team),
        rows=asked(sustained.adoption_by_team_rows),
    ),
    Figure(
        name="weekly_adoption",
        says="Rep-weeks in which the habit was met, of the eligible ones in one week.",
        params=(Param("week", "date", required=True), _TEAM),
        compute=asked(sustained.weekly_adoption),
        rows=asked(sustained.weekly_adoption_rows),
    ),
    Figure(
        name="day60",
        says="Reps who had the habit on their own day 60, of those whose day 60 has passed.",
        params=(_THROUGH, _TEAM),
        compute=asked(sustained.day60),
        rows=asked(sustained.day60_rows),
    ),
    Figure(
        name="streak",
        says="How many met weeks in a row one rep has.",
        params=(Param("person_id", required=True), _THROUGH),
        compute=of_person(sustained.streak_of),
        rows=asked(sustained.streak_rows),
        action="people.metrics_individual",
    ),
    Figure(
        name="logins_growth",
        says="Logins now against an equally long time before, raw and per available rep-day.",
        params=_WINDOWS,
        compute=asked(growth.logins_growth),
        rows=asked(growth.logins_growth_rows),
    ),
    Figure(
        name="new_user_growth",
        says="Reps whose first key action fell in the month, against the month before.",
        params=(_MONTH,),
        compute=asked(growth.new_user_growth),
        rows=asked(growth.newcomers_rows),
    ),
    Figure(
        name="returning_established",
        says="Earlier users who were active in the month, of those still here.",
        params=(_MONTH, Param("established", "choice", choices=tuple(Established))),
        compute=asked(growth.returning_established),
        rows=asked(growth.returning_established_rows),
    ),
    Figure(
        name="proposals_growth",
        says="Proposals made with the tool in one month against another.",
        params=_MONTHS,
        compute=asked(growth.proposals_growth),
        rows=asked(growth.proposals_growth_rows),
    ),
    Figure(
        name="revenue_gap",
        says=(
            "Won revenue per rep, users of the tool against the others; always beside the same "
            "gap before the launch."
        ),
        params=(_START, _END, Param("user_rule", "choice", choices=tuple(UseRule))),
        compute=asked(gaps.revenue_gap),
        rows=asked(gaps.revenue_gap_rows),
        beside=Beside(
            title="the same people before the launch, in an equally long window (METRICS V4):",
            compute=asked(gaps.revenue_gap_before),
        ),
    ),
    Figure(
        name="proposal_value_gap",
        says="Mean value of proposals made with the tool against those without.",
        params=(_START, _END),
        compute=asked(gaps.proposal_value_gap),
        rows=asked(gaps.proposal_value_gap_rows),
        beside=Beside(
            title="the same people's proposals before the launch (METRICS V4):",
            compute=asked(gaps.proposal_value_gap_before),
        ),
    ),
    Figure(
        name="deal_records",
        says=(
            "How many fields of open and recent deals are filled in, and how many open deals "
            "have a stale stage."
        ),
        params=(_THROUGH, _TEAM),
        compute=asked(quality.deal_records),
        rows=asked(quality.deal_record_rows),
    ),
)
