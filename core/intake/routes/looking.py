"""Looking at a sent file before it goes in: match its columns, see its first rows, then take it."""

import time
from collections.abc import Mapping
from pathlib import Path

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.db import transaction
from core.errors import Invalid, PennantError
from core.guards import current_actor, guard
from core.intake import look, mapping, uploads
from core.intake.blocks import FileRefused
from core.intake.exports.mapped import FROM_ROW, PEOPLE_COLUMNS, Source
from core.intake.look import MATCH, SAVED, Choice, Head, Preview
from core.intake.models import ImportUpload
from core.intake.registry import Registry, registry
from core.intake.routes.desk import (
    DATES,
    DECIMALS,
    Order,
    blueprint,
    order,
    programmes,
    refuse_stale_sign_in,
    said,
)
from core.intake.routes.sending import after, choices
from core.intake.summary import Summary

TICK_SECONDS = 0.5


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
            return _page(upload, summary=_run(upload, is_check=True))
        refuse_stale_sign_in("import.apply")
        _order_of(upload, Path(), registry())
        with transaction():
            is_mine = uploads.claim(upload_id, now())
        if not is_mine:
            raise Invalid(
                "This file is being taken in already.",
                fix="Wait for it: this page shows how far it is. Nothing is taken in twice.",
            )
        summary = _take_whole(uploads.of(upload_id))
    except PennantError as refusal:
        status = 422 if isinstance(refusal, Invalid) else 403
        return _page(uploads.of(upload_id), error=refusal, status=status)
    except FileRefused as refusal:
        problem = Invalid(refusal.problem.message, code=refusal.problem.code)
        return _page(uploads.of(upload_id), error=problem, status=422)
    if summary.exit_code == 2:
        return _page(uploads.of(upload_id), summary=summary, status=422)
    return after(summary)


def _take_whole(upload: ImportUpload) -> Summary:
    """Run the import; the file goes when something of it came in, else it waits on."""
    upload_id = upload.id
    try:
        summary = _run(upload, is_check=False, ticker=_Ticker(upload_id))
    except BaseException:
        with transaction():
            uploads.release(upload_id)
        raise
    with transaction():
        if summary.exit_code == 2:
            uploads.release(upload_id)
        else:
            uploads.forget(upload_id)
    return summary


class _Ticker:
    """Writes down how far an import is, twice a second at most, between two batches."""

    def __init__(self, upload_id: str) -> None:
        self._upload_id = upload_id
        self._last = 0.0

    def __call__(self, _label: str, done: int, _total: int) -> None:
        """Say how many bytes are read."""
        moment = time.monotonic()
        if moment - self._last < TICK_SECONDS:
            return
        self._last = moment
        with transaction():
            uploads.tick(self._upload_id, done, now())


def _run(upload: ImportUpload, *, is_check: bool, ticker: _Ticker | None = None) -> Summary:
    found = registry()
    with uploads.on_disk(upload) as path:
        return _order_of(upload, path, found).run(is_check=is_check, progress=ticker)


def _order_of(upload: ImportUpload, path: Path, found: Registry) -> Order:
    return order(path, upload.file, upload.asked, found)


@blueprint.get("/imports/uploads/<upload_id>/progress")
@guard("import.preview")
def progress(upload_id: str) -> ResponseReturnValue:
    """How far an import is, for the bar on the page."""
    upload = uploads.of(upload_id)
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
