"""The people behind a number of the adoption page, as far as the reader may see names."""

from collections.abc import Iterable
from urllib.parse import urlencode

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from adoption import access
from adoption.forms.behind import read_behind, read_page
from adoption.queries import page
from adoption.queries.page import Picture, RepRow
from adoption.routes.drawings import short
from adoption.rules import AdoptionState, Day60, Phase
from adoption.rules.behind import Basis, Behind, Step
from core.csv_file import csv_file
from core.errors import NotAllowed, NotFound
from core.guards import current_actor, guard

STATE_WORDS = {
    AdoptionState.LEFT: "left",
    AdoptionState.NOT_MEASURABLE: "too new or away",
    AdoptionState.SUSTAINED: "has the habit",
    AdoptionState.LAPSED: "had it before",
    AdoptionState.TRYING: "on the way",
    AdoptionState.NOT_STARTED: "not started",
}
STATE_TITLES = {
    AdoptionState.LEFT: "who left",
    AdoptionState.NOT_MEASURABLE: "too new or away to be counted",
    AdoptionState.SUSTAINED: "who made it a habit",
    AdoptionState.LAPSED: "who had the habit before",
    AdoptionState.TRYING: "on the way",
    AdoptionState.NOT_STARTED: "who have not started",
}
STEP_TITLES = {
    Step.HERE: "who have the tool",
    Step.OPENED: "who logged in",
    Step.USED: "who ever did a key action",
    Step.ACTIVE: "active in the last week",
}
PHASE_TITLES = {
    Phase.NEW: "who did their first key action in the week of {}",
    Phase.RETURNING: "who kept going in the week of {}",
    Phase.RESURRECTING: "who came back in the week of {}",
    Phase.DORMANT: "active the week before and not in the week of {}",
    Phase.DEPARTED: "active the week before and gone by the week of {}",
}
DAY60_WORDS = {
    Day60.NOT_REACHED: "still to come",
    Day60.LEFT: "had left",
    Day60.NOT_MEASURABLE: "too new or away",
    Day60.SUSTAINED: "had the habit",
    Day60.NOT_SUSTAINED: "did not have it",
}
COLUMNS = (
    "person_id",
    "name",
    "team",
    "state",
    "weeks_met",
    "weeks_counted",
    "active_days_of_28",
    "streak_weeks",
    "start_day",
    "day60",
    "back_in_period",
)


@guard("people.metrics_individual")
def people() -> ResponseReturnValue:
    """The reps behind a number, by name, with what counted for each."""
    seen, asked, among = _asked()
    number = read_page(request.args)
    listed = page.reps_behind(seen, asked, among, number)
    given = urlencode({name: value for name, value in request.args.items() if name != "page"})
    return render_template(
        "adoption/people.html",
        owner=seen.owner,
        seen=seen,
        title=title_of(seen, asked),
        listed=listed,
        is_all=among is None,
        asked=asked,
        states=STATE_WORDS,
        day60s=DAY60_WORDS,
        base=f"{url_for('adoption.people')}?{given}{'&' if given else ''}page=",
        csv_href=f"{url_for('adoption.people_csv')}?{given}",
        may_take=access.may_take_teams(current_actor()),
    )


@guard("export.team_metrics")
def people_csv() -> Response:
    """The same list, all of it, to take along."""
    seen, asked, among = _asked()
    rows = page.all_reps_behind(seen, asked, among)
    return csv_file(f"adoption-people-{seen.through}", COLUMNS, _cells(rows))


def _asked() -> tuple[Picture, Behind, frozenset[int] | None]:
    """What is asked about, and whom of it the reader may see; nobody is refused, not shown."""
    owner, actor = page.current_programme(), current_actor()
    seen = None if owner is None else page.picture_of(owner)
    if seen is None:
        raise NotFound("There are no numbers yet, so nobody stands behind them.")
    asked = read_behind(request.args)
    among = access.people_to_see(actor, seen.through)
    if among == frozenset():
        raise NotAllowed(
            "You see sums, and no single people behind them.",
            fix="Ask a manager about their own team.",
        )
    return seen, asked, among


def title_of(seen: Picture, asked: Behind) -> str:
    """Whom the list is about, in words."""
    if asked.cohort is not None:
        return _cohort_title(asked)
    said = "Reps"
    if asked.state is not None:
        said += f" {STATE_TITLES[asked.state]}"
    if asked.step is not None:
        said += f" {STEP_TITLES[asked.step]}"
    if asked.phase is not None:
        week = asked.week or seen.week.week_start
        said += f" {PHASE_TITLES[asked.phase].format(short(week))}"
    if asked.is_near:
        said += " one good week away"
    if asked.day60 is not None:
        said += f" who {DAY60_WORDS[asked.day60]} on their own day {seen.owner.horizon_days}"
    if asked.active_days is not None:
        said += f" active on {asked.active_days} of the last 28 days"
    if asked.team is not None:
        said += f" of {asked.team}"
    if asked.channel:
        said += f" in {asked.channel}"
    return said


def _cohort_title(asked: Behind) -> str:
    assert asked.cohort is not None  # noqa: S101 - so it was asked
    if asked.basis is Basis.START:
        said = f"Reps who could begin in {asked.cohort:%B %Y}"
    else:
        said = f"Reps whose first key action was in the week of {short(asked.cohort)}"
    return said if asked.period is None else f"{said}: week {asked.period}"


def _cells(rows: Iterable[RepRow]) -> Iterable[tuple[object, ...]]:
    for row in rows:
        yield (
            row.key,
            row.name,
            row.team,
            row.state.value,
            row.weeks_met,
            row.weeks_counted,
            row.active_days,
            row.streak,
            row.start_day.isoformat(),
            row.day60.value,
            "" if row.was_back is None else "yes" if row.was_back else "no",
        )
