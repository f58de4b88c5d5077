"""Contests for machines and scripts: list, one, standings, entries behind a score (CONTRACT 6)."""

from datetime import datetime

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.errors import NotFound
from core.figures import read_instant
from core.guards import current_actor, person_or_machine
from core.policy import Actor
from incentives import access, queries
from incentives.models import Contest
from incentives.queries import documents
from incentives.queries.documents import Reader

blueprint = Blueprint("incentives_api", __name__, url_prefix="/api/v1/contests")


def reader_for(actor: Actor) -> Reader:
    """What this caller sees of a table."""
    return Reader(
        actor.person_id,
        sees_through_freeze=access.sees_through_freeze(actor),
        sees_everybody=access.sees_everybody(actor),
    )


def _as_of() -> datetime | None:
    given = request.args.get("as_of")
    return None if not given else read_instant("as_of", given)


def _contest(slug: str) -> Contest:
    return access.visible_contest(current_actor(), slug, now().date())


@blueprint.get("")
@person_or_machine("contest.list_visible", "figures:read")
def index() -> ResponseReturnValue:
    """Every contest this caller may know of, latest start first."""
    actor, today = current_actor(), now().date()
    visible = [found for found in queries.contests() if access.is_visible(actor, found, today)]
    return jsonify(contests=[_card(contest) for contest in visible])


def _card(contest: Contest) -> dict[str, object]:
    return documents.heading(contest) | {
        "standings_url": url_for("incentives_api.standings", slug=contest.slug),
        "page_url": f"/contests/{contest.slug}",
    }


@blueprint.get("/<slug>")
@person_or_machine("contest.rules_view", "figures:read")
def one(slug: str) -> ResponseReturnValue:
    """One contest with its terms and the instants worked out from them."""
    contest = _contest(slug)
    return jsonify(_card(contest) | documents.details(contest))


@blueprint.get("/<slug>/standings")
@person_or_machine("board.view_team_ranking", "figures:read")
def standings(slug: str) -> ResponseReturnValue:
    """Where the teams stand, now or at `as_of`."""
    contest, reader = _contest(slug), reader_for(current_actor())
    return jsonify(documents.standings(contest, reader, as_of=_as_of(), now=now()))


@blueprint.get("/<slug>/explain")
@person_or_machine("board.view_team_ranking", "figures:read")
def explain(slug: str) -> ResponseReturnValue:
    """The entries behind one team's score; names only for those who may see that team's."""
    contest, actor, moment = _contest(slug), current_actor(), now()
    asked = _as_of()
    table = documents.table_for(contest, reader_for(actor), as_of=asked, now=moment)
    unit = request.args.get("unit", "")
    place = documents.place_called(contest, table, unit)
    if place is None or not access.may_open(actor, contest, place.unit_id, moment.date()):
        raise NotFound(f"{unit or 'This team'} does not take part in {slug}.", field="unit")
    return jsonify(
        documents.explanation(
            contest,
            place,
            as_of=min(asked or moment, table.as_of) if table.is_frozen else asked or moment,
            with_names=access.sees_unit(actor, contest, place.unit_id, moment.date()),
        )
    )
