"""The machine door for usage: POST /api/v1/usage (CONTRACT section 7)."""

import hashlib
from datetime import datetime
from pathlib import Path

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from adoption import forms, services
from core.clock import now
from core.db import transaction
from core.errors import Invalid, NotFound
from core.guards import current_actor, machine
from core.intake.kinds import Part, Preset
from core.intake.registry import registry
from core.intake.runner import run_import

blueprint = Blueprint("adoption_api", __name__)

LINES = "application/x-ndjson"
LONGEST_KEY = 255


@blueprint.post("/api/v1/usage")
@machine("usage:write")
def post_usage() -> ResponseReturnValue:
    """Take events in; a bad one never refuses its batch. Answers the counts of an import.

    With an Idempotency-Key the same request within 24 h gets the same answer and stores nothing.
    """
    body = request.get_data()
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > LONGEST_KEY:
        raise Invalid("The Idempotency-Key is too long.", field="Idempotency-Key")
    events = forms.events_of_body(body, is_lines=request.mimetype == LINES)
    caller, digest, moment = current_actor().name, hashlib.sha256(body).hexdigest(), now()
    with transaction():
        before = services.answered(caller, key, digest, moment) if key else None
        if before is not None:
            return jsonify(before), {"Idempotent-Replayed": "true"}
        answer = _take_in(events, moment)
        if key:
            services.keep_answer(caller, key, digest, answer, moment)
    return jsonify(answer)


def _take_in(events: list[tuple[int, object]], moment: datetime) -> dict[str, object]:
    """Store events as an import of their rows would, in the open transaction."""
    slug = request.args.get("programme")
    declared = registry()
    programme_id = declared.find_programme(slug)
    if programme_id is None:
        raise NotFound(f"There is no programme {slug}." if slug else "There is no programme yet.")
    rows = forms.rows_of_events(events, moment)
    summary = run_import(
        [Path("api")],
        kinds=declared.kinds,
        preset=Preset("api", lambda path, _asked: [Part("usage", path.name, rows)]),
        programme_id=programme_id,
        actor=current_actor(),
        now=moment,
    )
    [result] = summary.files
    return {**result.to_json(), "unknown_columns": forms.unknown_keys(events)}
