"""Looking at a sent file before it goes in: match its columns, see its first rows, then take it."""

from collections.abc import Mapping
from pathlib import Path

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.db import transaction
from core.errors import Invalid, NotFound, PennantError
from core.guards import current_actor, guard, refuse_stale_sign_in
from core.intake import look, mapping, uploads
from core.intake.blocks import FileRefused
from core.intake.exports.mapped import FROM_ROW, PEOPLE_COLUMNS, Source
from core.intake.look import MATCH, SAVED, Choice, Head, Preview
from core.intake.models import ImportUpload
from core.intake.orders import Order, order
from core.intake.registry import Registry, registry
from core.intake.routes.desk import (
    DATES,
    DECIMALS,
    blueprint,
    programmes,
    said,
)
from core.intake.routes.sending import after, begun, choices
from core.intake.summary import Summary


@blueprint.get("/imports/uploads/<upload_id>")
@guard("import.preview")
def look_at(upload_id: str) -> ResponseReturnValue:
    """What a sent file seems to be, and its first rows as they would be read."""
    return _page(uploads.of(upload_id))


@blueprint.post("/imports/uploads/<upload_id>")
@guard("import.upload")
def tell(upload_id: str) -> ResponseReturnValue:
    """Say something about the file, then look at it again."""
    with transaction():
        uploads.say(uploads.of(upload_id), _said_anew(uploads.of(upload_id)))
    return redirect(url_for("intake.look_at", upload_id=upload_id))


def _said_anew(upload: ImportUpload) -> dict[str, str]:
    """What the form says; columns matched for one kind mean nothing for another."""
    given = said()
    if given.get("what") == upload.asked.get("what"):
        return given
    return {name: value for name, value in given.items() if ":" not in name}


@blueprint.post("/imports/uploads/<upload_id>/check")
@guard("import.preview")
def check(upload_id: str) -> ResponseReturnValue:
    """Read every row as an import would, and store nothing."""
    return _go(upload_id, is_check=True)


@blueprint.post("/imports/uploads/<upload_id>/take")
@guard("import.apply")
def take(upload_id: str) -> ResponseReturnValue:
    """Take the file in."""
    return _go(upload_id, is_check=False)


def _go(upload_id: str, *, is_check: bool) -> ResponseReturnValue:
    with transaction():
        uploads.say(uploads.of(upload_id), said())
    upload = uploads.of(upload_id)
    try:
        if is_check:
            return _page(upload, summary=_check(upload))
        refuse_stale_sign_in("import.apply")
        _order_of(upload, Path(), registry())
        moment = now()
        with transaction():
            is_mine = uploads.claim(upload_id, moment, current_actor())
        if not is_mine:
            raise Invalid(
                "This file is being taken in already.",
                fix="Wait for it: this page shows how far it is. Nothing is taken in twice.",
            )
        summary = begun(upload_id, moment)
    except PennantError as refusal:
        status = 422 if isinstance(refusal, Invalid) else 403
        return _page(uploads.of(upload_id), error=refusal, status=status)
    except FileRefused as refusal:
        problem = Invalid(refusal.problem.message, code=refusal.problem.code)
        return _page(uploads.of(upload_id), error=problem, status=422)
    if summary is None:
        return redirect(url_for("intake.look_at", upload_id=upload_id))
    if summary.exit_code == 2:
        return _page(uploads.of(upload_id), summary=summary, status=422)
    return after(summary)


def _check(upload: ImportUpload) -> Summary:
    """Read every row, store nothing."""
    found = registry()
    with uploads.on_disk(upload) as path:
        return _order_of(upload, path, found).run(current_actor(), now(), is_check=True)


def _order_of(upload: ImportUpload, path: Path, found: Registry) -> Order:
    return order(path, upload.file, upload.asked, found)


@blueprint.get("/imports/uploads/<upload_id>/progress")
@guard("import.preview")
def progress(upload_id: str) -> ResponseReturnValue:
    """How far an import is, for the bar on the page; of a file that is all in, that it is gone."""
    try:
        upload = uploads.of(upload_id)
    except NotFound:
        return jsonify(state="gone")
    return jsonify(done=min(upload.done, upload.size), size=upload.size, state=upload.state)


@blueprint.post("/imports/uploads/<upload_id>/matching")
@guard("import.upload")
def save_mapping(upload_id: str) -> ResponseReturnValue:
    """Save how the columns are matched under a name; files with this header are known from now."""
    with transaction():
        uploads.say(uploads.of(upload_id), said())
    upload, found = uploads.of(upload_id), registry()
    choice = Choice.of(upload.asked.get("what", ""))
    name = request.form.get("mapping_name", "")
    try:
        kind = look.kind_of(choice, found)
        with uploads.on_disk(upload) as path:
            header = look.head_of(path, upload.file).header
        asked = {key: upload.asked[key] for key in look.ASKED if upload.asked.get(key)}
        with transaction():
            sources = mapping.sources_of(kind, upload.asked)
            row = mapping.save(name, kind, header, sources, asked, actor=current_actor(), now=now())
            uploads.say(uploads.of(upload_id), {"what": str(Choice(SAVED, row.name))})
            flash(f"{row.name} is saved: files with this header are read so from now on.")
    except Invalid as refusal:
        return _page(uploads.of(upload_id), error=refusal, status=422)
    return redirect(url_for("intake.look_at", upload_id=upload_id))


@blueprint.post("/imports/uploads/<upload_id>/discard")
@guard("import.upload")
def discard(upload_id: str) -> ResponseReturnValue:
    """Throw a sent file away."""
    upload = uploads.of(upload_id)
    if uploads.is_running(upload, now()):
        problem = Invalid("This file is being taken in.", fix="Wait for its end.")
        return _page(upload, error=problem, status=422)
    with transaction():
        name = uploads.of(upload_id).file
        uploads.forget(upload_id)
    flash(f"{name} was thrown away. Nothing of it is in.")
    return redirect(url_for("intake.index"))


@blueprint.post("/imports/matchings/<int:mapping_id>/forget")
@guard("import.upload")
def forget_mapping(mapping_id: int) -> ResponseReturnValue:
    """Delete a saved matching; what came in by it stays."""
    with transaction():
        mapping.forget(mapping_id, actor=current_actor(), now=now())
    flash("The matching is gone. What came in by it stays.")
    return redirect(url_for("intake.index"))


def _page(
    upload: ImportUpload,
    *,
    error: PennantError | None = None,
    summary: Summary | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    found = registry()
    given = dict(upload.asked)
    with uploads.on_disk(upload) as path:
        head = look.head_of(path, upload.file)
        recognised = not given.get("what")
        if recognised:
            given["what"] = str(look.recognise(head, upload.file, found))
        choice = Choice.of(given["what"])
        sources = _sources(choice, given, head, found)
        if choice.way == MATCH:
            given = {**given, **mapping.as_form(sources)}
        try:
            preview = order(path, upload.file, given, found).preview()
        except Invalid as refusal:
            preview, error = Preview(), error or refusal
    page = render_template(
        "core/import_look.html",
        upload=upload,
        is_running=upload.state == uploads.RUNNING,
        ended=url_for("intake.ended", at=upload.asked.get(uploads.TAKEN_AT, "")),
        broke_off=upload.asked.get(uploads.BROKE_OFF, ""),
        head=head,
        given=given,
        choice=choice,
        is_recognised=recognised,
        kind=found.kinds.get(choice.name) if choice.way == MATCH else None,
        sources=sources,
        ways=mapping.WAYS,
        people_columns=PEOPLE_COLUMNS,
        from_row=FROM_ROW,
        preview=preview,
        error=error,
        summary=summary,
        choices=choices(found),
        programmes=programmes(),
        dates=DATES,
        decimals=DECIMALS,
    )
    return page, status


def _sources(
    choice: Choice, given: Mapping[str, str], head: Head, found: Registry
) -> dict[str, Source]:
    """How the columns are matched: as said, or as their names suggest when nothing was said."""
    kind = found.kinds.get(choice.name)
    if choice.way != MATCH or kind is None:
        return {}
    if any(name.startswith(("from:", "always:")) for name in given):
        return mapping.sources_of(kind, given)
    return mapping.suggested(kind, head.header)
