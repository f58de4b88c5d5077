"""The machine doors for usage (CONTRACT section 7) and for signals (decision note 0023)."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from adoption import forms, services
from core.clock import now
from core.db import transaction
from core.errors import Invalid, NotFound
from core.guards import current_actor, machine
from core.intake.kinds import BatchResult, Part, Preset
from core.intake.registry import registry
from core.intake.runner import run_import
from core.intake.summary import FileResult

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
    events = forms.events_of_body(body, is_lines=request.mimetype == LINES)
    return _answer_once(body, lambda moment: _take_usage(events, moment))


@blueprint.post("/api/v1/signals")
@machine("usage:write")
def post_signals() -> ResponseReturnValue:
    """Take up to 1,000 signals in, by the rules of their import; answers as for usage.

    A signal that comes again, or again with its dismissal, is the same signal.
    """
    body = request.get_data()
    signals = forms.signals_of_body(body)
    return _answer_once(body, lambda moment: _take_signals(signals, moment))


def _answer_once(body: bytes, take: Callable[[datetime], dict[str, object]]) -> ResponseReturnValue:
    """Take a body in and answer; an Idempotency-Key met before gets the answer it got then."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > LONGEST_KEY:
        raise Invalid("The Idempotency-Key is too long.", field="Idempotency-Key")
    caller, digest, moment = current_actor().name, hashlib.sha256(body).hexdigest(), now()
    with transaction():
        before = services.answered(caller, key, digest, moment) if key else None
        if before is not None:
            return jsonify(before), {"Idempotent-Replayed": "true"}
        answer = take(moment)
        if key:
            services.keep_answer(caller, key, digest, answer, moment)
    return jsonify(answer)


def _take_usage(events: list[tuple[int, object]], moment: datetime) -> dict[str, object]:
    """Store events as an import of their rows would, in the open transaction."""
    block = forms.block_of_events(events, moment)
    rows = () if block else forms.rows_of_events(events, moment)
    answer = _import(Part("usage", "api", rows, block=block), moment)
    return {**answer.to_json(), "unknown_columns": forms.unknown_keys(events)}


def _take_signals(signals: list[tuple[int, object]], moment: datetime) -> dict[str, object]:
    """Store signals likewise; what is none is refused by its number."""
    rows, problems = forms.rows_of_signals(signals)
    answer = _import(Part("signals", "api", rows), moment)
    answer.add(len(problems), BatchResult(problems=problems))
    answer.problems.sort(key=lambda problem: problem.row)
    unknown = forms.unknown_keys(signals, forms.SIGNAL_NAMES)
    return {**answer.to_json(), "unknown_columns": unknown}


def _import(part: Part, moment: datetime) -> FileResult:
    """Import rows into the programme asked for."""
    slug = request.args.get("programme")
    declared = registry()
    programme_id = declared.find_programme(slug)
    if programme_id is None:
        raise NotFound(f"There is no programme {slug}." if slug else "There is no programme yet.")
    summary = run_import(
        [Path("api")],
        kinds=declared.kinds,
        preset=Preset("api", lambda _path, _asked: [part]),
        programme_id=programme_id,
        programme_given=slug is not None,
        actor=current_actor(),
        now=moment,
    )
    [result] = summary.files
    return result
