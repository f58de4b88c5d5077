"""Pages of seasons and brackets: several boards as one table, and teams that meet in pairs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import render_template
from flask.typing import ResponseReturnValue

from core.clock import now
from core.errors import NotFound
from core.guards import current_actor, guard
from leaderboard import access
from leaderboard.queries import lists, series
from leaderboard.queries.series import SeasonRow, SeasonTable
from leaderboard.routes.boards import blueprint
from leaderboard.rules import seats
from leaderboard.rules.seats import Seat
from leaderboard.rules.units import UnitKind


@dataclass(frozen=True)
class _Seated:
    """A row of a season as seats ask for it."""

    row: SeasonRow
    division: str | None = None

    @property
    def unit_id(self) -> int:
        """Its key."""
        return self.row.unit_id

    @property
    def rank(self) -> int | None:
        """Its place."""
        return self.row.rank


def rows_for(table: SeasonTable, own: frozenset[int], seat: Seat) -> Sequence[SeasonRow]:
    """The rows somebody sees: of persons, names on the podium and one's own row alone."""
    seen = [each.row for each in seats.seen([_Seated(row) for row in table.rows], own, seat)]
    if UnitKind(table.unit) is not UnitKind.PERSON or seat is Seat.ALL:
        return seen
    return [
        row
        if row.rank <= seats.PODIUM or row.unit_id in own
        else replace(row, unit="A colleague near you", is_listed=False)
        for row in seen
    ]


@blueprint.get("/seasons/<slug>")
@guard("board.view_team_ranking")
def season(slug: str) -> ResponseReturnValue:
    """A season: the points its decided contests gave for places, and which are still to come."""
    actor, today = current_actor(), now().date()
    found = series.season_by_slug(slug) if len(slug) <= 80 and slug.isprintable() else None
    if found is None:
        raise NotFound("There is no season at this address.")
    table = series.season_table(found)
    is_person = UnitKind(table.unit) is UnitKind.PERSON
    me = actor.person_id
    own: frozenset[int] = frozenset()
    if me is not None:
        own = frozenset({me}) if is_person else access.led_and_own_teams(actor, today)
    rows = rows_for(table, own, access.seat_on(actor, table.unit, everybody=True))
    return render_template(
        "leaderboard/season.html",
        season=table,
        rows=rows,
        own=own,
        more=len(table.rows) - len(rows),
        today=today,
    )


@blueprint.get("/brackets/<slug>")
@guard("board.view_team_ranking")
def bracket(slug: str) -> ResponseReturnValue:
    """A bracket: its rounds, who met whom, and who goes on."""
    actor, moment = current_actor(), now()
    found = series.bracket_by_slug(slug) if len(slug) <= 80 and slug.isprintable() else None
    if found is None:
        raise NotFound("There is no bracket at this address.")
    own = access.led_and_own_teams(actor, moment.date())
    return render_template(
        "leaderboard/bracket.html",
        bracket=series.bracket(found, moment),
        own=own,
        time_zone=lists.zone_of(found.programme_id),
    )
