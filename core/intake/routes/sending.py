"""The imports page: every import so far, what waits, and the ways to send a file."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from core.clock import now
from core.db import transaction
from core.errors import Invalid, PennantError
from core.guards import current_actor, guard, refuse_stale_sign_in
from core.intake import listing, look, mapping, taking, uploads
from core.intake.blocks import FileRefused
from core.intake.look import KIND, Choice
from core.intake.orders import order
from core.intake.plan import kind_of_name
from core.intake.registry import Registry, registry
from core.intake.routes.desk import (
    DATES,
    DECIMALS,
    LARGEST_UPLOAD,
    bare_name,
    blueprint,
    page_number,
    pages_of,
    programmes,
    removed_after,
    said,
)
from core.intake.spool import spool
from core.intake.summary import Summary
from core.policy import Scope, require, scope_of


@blueprint.get("/imports")
@guard("import.job_status")
def index() -> ResponseReturnValue:
    """Every import so far, what waits, and the way to send one."""
    return _index()


def _index(
    error: PennantError | None = None, summary: Summary | None = None, status: int = 200
) -> ResponseReturnValue:
    actor, found = current_actor(), registry()
    runs, total = listing.runs(page_number())
    may_upload = scope_of(actor, "import.upload") is Scope.ALL
    page = render_template(
        "core/imports.html",
        runs=runs,
        total=total,
        page=page_number(),
        pages=pages_of(total),
        waiting=listing.waiting_counts(),
        may_upload=may_upload,
        may_see_rows=scope_of(actor, "import.preview") is Scope.ALL,
        choices=choices(found),
        uploads=uploads.waiting() if may_upload else [],
        mappings=mapping.saved() if may_upload else [],
        programmes=programmes(),
        dates=DATES,
        decimals=DECIMALS,
        error=error,
        summary=summary,
        given=request.form,
    )
    return page, status


def choices(found: Registry) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """What a file can be, in groups: value, name and a sentence each."""
    return [
        (
            "Our own kinds of file",
            [(str(Choice(KIND, kind.name)), kind.name, kind.doc) for kind in found.kinds.values()],
        ),
        (
            "Other systems' exports",
            [
                (str(Choice(look.PRESET, preset.name)), preset.name, preset.doc)
                for preset in found.presets.values()
            ],
        ),
        (
            "Saved matchings",
            [
                (str(Choice(look.SAVED, row.name)), row.name, f"read as {row.kind}")
                for row in mapping.saved()
            ],
        ),
        (
            "Match its columns as",
            [
                (str(Choice(look.MATCH, kind.name)), f"{kind.name}, column by column", kind.doc)
                for kind in found.kinds.values()
            ],
        ),
    ]


@blueprint.post("/imports/uploads")
@guard("import.upload")
def send() -> ResponseReturnValue:
    """Keep a file to look at it before it goes in."""
    try:
        sent, label = _sent()
        with transaction():
            upload = uploads.keep(
                sent.stream,
                label,
                limit=LARGEST_UPLOAD,
                actor=current_actor(),
                now=now(),
            )
            uploads.refuse_empty(upload)
            uploads.say(upload, said())
            upload_id = upload.id
    except FileRefused as refusal:
        problem = Invalid(refusal.problem.message, field="file", code=refusal.problem.code)
        return _index(error=problem, status=422)
    except Invalid as refusal:
        return _index(error=refusal, status=422)
    return redirect(url_for("intake.look_at", upload_id=upload_id))


@blueprint.post("/imports")
@guard("import.upload")
def upload() -> ResponseReturnValue:
    """Take in a file at once, or only check it; either way every refused line is shown."""
    is_check = request.form.get("check") == "1"
    action = "import.preview" if is_check else "import.apply"
    require(current_actor(), action)
    try:
        refuse_stale_sign_in(action)
        (sent, label), given = _sent(), _told()
        found = registry()
        order(Path(label), label, given, found)
        if is_check:
            return _index(summary=_check(sent, label, given, found))
        return _take(sent, label, given)
    except FileRefused as refusal:
        problem = Invalid(refusal.problem.message, field="file", code=refusal.problem.code)
        return _index(error=problem, status=422)
    except Invalid as refusal:
        return _index(error=refusal, status=422)
    except PennantError as refusal:
        return _index(error=refusal, status=403)


def begun(upload_id: str, moment: datetime) -> Summary | None:
    """Begin to take a claimed file in; its summary, or None when it goes on beside the page."""
    taking_in = taking.Taking(upload_id, current_actor(), moment)
    taking_in.start()
    return taking_in.result(taking.PATIENCE_SECONDS)


def after(summary: Summary) -> ResponseReturnValue:
    """Where an import ends: at the run with the most to say."""
    for result in summary.files:
        flash(f"{result.file}: {result.rows - result.refused} of {result.rows} rows are in.")
    told = max(summary.files, key=lambda file: file.refused, default=None)
    if told is None or told.run_id is None:
        return _index(summary=summary)
    return redirect(url_for("intake.run", run_id=told.run_id))


def _sent() -> tuple[FileStorage, str]:
    """The file a form brought, and its bare name."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid("No file was chosen.", field="file", fix="Choose one, then send it.")
    return sent, bare_name(sent.filename)


def _told() -> dict[str, str]:
    """What the form says; a file's name tells its kind where nothing else does."""
    (_file, label), given, kinds = _sent(), said(), registry().kinds
    if not Choice.of(given.get("what", "")).way:
        kind = request.form.get("kind") or kind_of_name(Path(label), kinds) or ""
        if kind not in kinds:
            raise Invalid(
                f"{label} does not say what it holds.",
                field="what",
                code="unknown_kind",
                fix="Choose what it is beside the file, or look at it first.",
            )
        given["what"] = str(Choice(KIND, kind))
    return given


def _check(sent: FileStorage, label: str, given: Mapping[str, str], found: Registry) -> Summary:
    """Read every row of a file that is kept for just as long."""
    with removed_after(spool(sent.stream, limit=LARGEST_UPLOAD)) as path:
        return order(path, label, given, found).run(current_actor(), now(), is_check=True)


def _take(sent: FileStorage, label: str, given: Mapping[str, str]) -> ResponseReturnValue:
    """Keep the file and take it in; when that takes long, its page shows how far it is."""
    moment, actor = now(), current_actor()
    with transaction():
        upload = uploads.keep(sent.stream, label, limit=LARGEST_UPLOAD, actor=actor, now=moment)
        uploads.say(upload, given)
        upload_id = upload.id
        uploads.claim(upload_id, moment, actor)
    try:
        summary = begun(upload_id, moment)
    except (PennantError, FileRefused):
        with transaction():
            uploads.forget(upload_id)
        raise
    if summary is None:
        return redirect(url_for("intake.look_at", upload_id=upload_id))
    with transaction():
        uploads.forget(upload_id)
    return after(summary)
