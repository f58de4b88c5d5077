"""The page of all boards."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from core.clock import now
from core.guards import current_actor, guard
from leaderboard.queries import lists

blueprint = Blueprint("leaderboard", __name__)


@blueprint.get("/boards")
@guard("contest.list_visible")
def boards() -> ResponseReturnValue:
    """What runs, what comes and what was decided, each with its leaders and one's own place."""
    found = lists.board_list(current_actor().person_id, now())
    return render_template("leaderboard/boards.html", answer=found.answer, sections=found.groups)
