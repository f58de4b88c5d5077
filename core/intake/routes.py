"""The imports page: send a file, see what became of every one, and what still waits."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import FileStorage

from core.clock import now
from core.errors import Invalid, NotAllowed, PennantError
from core.guards import current_actor, guard
from core.intake import listing
from core.intake.blocks import FileRefused
from core.intake.models import ImportRun
from core.intake.problems import shown
from core.intake.registry import Registry, registry
from core.intake.runner import kind_of_name, run_import
from core.intake.spool import spool
from core.intake.summary import Summary
from core.policy import Scope, require, rule_for, scope_of

blueprint = Blueprint("intake", __name__)

LARGEST_UPLOAD = 60 << 20
FRESH = timedelta(minutes=10)


def _page() -> int:
    written = request.args.get("page", "1")
    is_number = written.isascii() and written.isdigit() and len(written) < 7
    return max(int(written), 1) if is_number else 1


def _pages(total: int) -> int:
    return max(1, -(-total // listing.PAGE_SIZE))


@blueprint.get("/imports")
@guard("import.job_status")
def index() -> ResponseReturnValue:
    """Every import so far, what waits, and the way to send one."""
    return _index()


def _index(
    error: PennantError | None = None, summary: Summary | None = None, status: int = 200
) -> ResponseReturnValue:
    actor, found = current_actor(), registry()
    runs, total = listing.runs(_page())
    page = render_template(
        "core/imports.html",
        runs=runs,
        total=total,
        page=_page(),
        pages=_pages(total),
        waiting=listing.waiting_counts(),
        may_upload=scope_of(actor, "import.upload") is Scope.ALL,
        may_see_rows=scope_of(actor, "import.preview") is Scope.ALL,
        kinds=[(kind.name, kind.name, kind.doc) for kind in found.kinds.values()],
        programmes=_programmes(),
        error=error,
        summary=summary,
        given=request.form,
    )
    return page, status


def _programmes() -> list[tuple[str, str]]:
    every = current_app.extensions["pennant"]["programmes"].all_programmes()
    return [(programme.slug, programme.name) for programme in every]


@blueprint.post("/imports")
@guard("import.upload")
def upload() -> ResponseReturnValue:
    """Take in a file, or only check it; either way every refused line is shown."""
    is_check = request.form.get("check") == "1"
    action = "import.preview" if is_check else "import.apply"
    require(current_actor(), action)
    if rule_for(current_actor(), action).needs_fresh_sign_in and not _is_fresh():
        error = NotAllowed(
            "You signed in a while ago.",
            code="sign_in_again",
            fix="Sign out and in again, then send the file: it may change many records at once.",
        )
        return _index(error=error, status=403)
    sent = request.files.get("file")
    try:
        summary = _take_in(sent, registry(), is_check=is_check)
    except FileRefused as refusal:
        problem = Invalid(refusal.problem.message, field="file", code=refusal.problem.code)
        return _index(error=problem, status=422)
    except Invalid as refusal:
        return _index(error=refusal, status=422)
    (result,) = summary.files
    if is_check or result.run_id is None:
        return _index(summary=summary)
    flash(f"{result.file}: {result.rows - result.refused} of {result.rows} rows are in.")
    return redirect(url_for("intake.run", run_id=result.run_id))


def _is_fresh() -> bool:
    """Whether the person signed in within the last ten minutes (TRUST, +f)."""
    signed_in_at = getattr(current_user, "signed_in_at", None)
    return signed_in_at is not None and now() - signed_in_at <= FRESH


def _take_in(sent: FileStorage | None, found: Registry, *, is_check: bool) -> Summary:
    """Keep the upload in a temporary file for as long as the import takes."""
    if sent is None or not sent.filename:
        raise Invalid("No file was chosen.", field="file", fix="Choose one, then send it.")
    label = shown(PurePosixPath(sent.filename.replace("\\", "/")).name)
    kind = request.form.get("kind") or kind_of_name(Path(label), found.kinds)
    if kind not in found.kinds:
        raise Invalid(
            f"{label} does not say what it holds.",
            field="kind",
            code="unknown_kind",
            fix="Choose the kind beside the file.",
        )
    zone = _zone(request.form.get("time_zone", "").strip())
    slug = request.form.get("programme") or None
    is_text = slug is None or slug.isprintable()
    programme_id = found.find_programme(slug) if is_text else None
    if slug is not None and programme_id is None:
        raise Invalid("There is no such programme.", field="programme")
    path = spool(sent.stream, limit=LARGEST_UPLOAD)
    try:
        return run_import(
            [path],
            kinds=found.kinds,
            followers=found.followers,
            programme_id=programme_id,
            programme_given=slug is not None,
            as_kind=kind,
            time_zone=zone,
            dry_run=is_check,
            actor=current_actor(),
            now=now(),
            labels={path: label},
        )
    finally:
        path.unlink(missing_ok=True)


def _zone(name: str) -> ZoneInfo | None:
    if not name:
        return None
    if name not in available_timezones():
        raise Invalid(
            "There is no such time zone.", field="time_zone", fix="Write it like Europe/Berlin."
        )
    return ZoneInfo(name)


@blueprint.get("/imports/<int:run_id>")
@guard("import.preview")
def run(run_id: int) -> ResponseReturnValue:
    """One import with every line that has a problem."""
    found = listing.run_of(run_id)
    problems, total = listing.problems_of(run_id, _page())
    return render_template(
        "core/import_run.html",
        run=found,
        problems=problems,
        total=total,
        page=_page(),
        pages=_pages(total),
        counts=_counts(found),
    )


def _counts(found: ImportRun) -> Sequence[tuple[str, int]]:
    return [
        ("added", found.added),
        ("changed", found.changed),
        ("unchanged", found.unchanged),
        ("refused", found.refused),
        ("set aside", found.set_aside),
    ]


@blueprint.get("/imports/waiting")
@guard("import.quarantine_view")
def waiting() -> ResponseReturnValue:
    """Rows that wait for their person."""
    rows, total = listing.waiting(_page())
    return render_template(
        "core/imports_waiting.html", rows=rows, total=total, page=_page(), pages=_pages(total)
    )
