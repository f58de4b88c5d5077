"""The machine door for completions: what a learning system reports, in the shape of the import."""

from pathlib import Path

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from core.clock import now
from core.errors import NotFound
from core.guards import current_actor, machine
from core.intake.kinds import Part, Preset
from core.intake.registry import registry
from core.intake.runner import run_import
from training_tracker.forms import completion_rows

blueprint = Blueprint("training_api", __name__)


@blueprint.post("/api/v1/completions")
@machine("training:write")
def post_completions() -> ResponseReturnValue:
    """Take in up to 1,000 completions; a bad one never refuses the others.

    Answers the counts and problems an import of the same rows would give.
    """
    rows = completion_rows(request.get_json(force=True))
    slug = request.args.get("programme")
    declared = registry()
    programme_id = declared.find_programme(slug)
    if programme_id is None:
        raise NotFound(f"There is no programme {slug}." if slug else "There is no programme yet.")
    summary = run_import(
        [Path("api")],
        kinds=declared.kinds,
        preset=Preset("api", lambda path, _asked: [Part("completions", path.name, rows)]),
        programme_id=programme_id,
        programme_given=slug is not None,
        actor=current_actor(),
        now=now(),
    )
    return jsonify(summary.files[0].to_json())
