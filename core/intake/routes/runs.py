"""One import with its problems, as a page and as a file, and the rows that wait."""

from collections.abc import Sequence

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.csv_file import csv_file
from core.guards import guard
from core.intake import listing
from core.intake.models import ImportRun
from core.intake.routes.desk import blueprint, moment_of, page_number, pages_of

PROBLEM_COLUMNS = ("line", "column", "value", "code", "what_to_do", "row_taken_in")
WAITING_COLUMNS = ("waits_for", "code", "kind", "file", "line", "since", "row")


@blueprint.get("/imports/<int:run_id>")
@guard("import.preview")
def run(run_id: int) -> ResponseReturnValue:
    """One import with every line that has a problem."""
    found = listing.run_of(run_id)
    problems, total = listing.problems_of(run_id, page_number())
    return render_template(
        "core/import_run.html",
        run=found,
        problems=problems,
        total=total,
        by_code=listing.problem_counts(run_id),
        page=page_number(),
        pages=pages_of(total),
        counts=_counts(found),
    )


@blueprint.get("/imports/ended")
@guard("import.preview")
def ended() -> ResponseReturnValue:
    """The run of the import that began at a moment: the one with the most to say of several."""
    at = moment_of(request.args.get("at", ""))
    found = None if at is None else listing.told_most(at)
    if found is None:
        return redirect(url_for("intake.index"))
    return redirect(url_for("intake.run", run_id=found))


def _counts(found: ImportRun) -> Sequence[tuple[str, int]]:
    return [
        ("added", found.added),
        ("changed", found.changed),
        ("unchanged", found.unchanged),
        ("refused", found.refused),
        ("set aside", found.set_aside),
    ]


@blueprint.get("/imports/<int:run_id>/problems.csv")
@guard("import.preview")
def problems_file(run_id: int) -> ResponseReturnValue:
    """Every problem of an import with its line in the file that was sent."""
    listing.run_of(run_id)
    rows = (
        (
            problem.row,
            problem.field,
            problem.value,
            problem.code,
            problem.message,
            "no" if problem.refuses else "yes",
        )
        for problem in listing.all_problems_of(run_id)
    )
    return csv_file(f"import-{run_id}-problems", PROBLEM_COLUMNS, rows)


@blueprint.get("/imports/waiting")
@guard("import.quarantine_view")
def waiting() -> ResponseReturnValue:
    """Rows that wait for their person."""
    rows, total = listing.waiting(page_number())
    return render_template(
        "core/imports_waiting.html",
        rows=rows,
        total=total,
        page=page_number(),
        pages=pages_of(total),
    )


@blueprint.get("/imports/waiting.csv")
@guard("import.quarantine_view")
def waiting_file() -> ResponseReturnValue:
    """Every row that waits, to take along."""
    rows = (
        (
            row.ref,
            row.code,
            row.kind,
            row.file,
            row.line,
            row.created_at.isoformat(),
            ", ".join(f"{name} {value}" for name, value in row.raw.items() if value),
        )
        for row in listing.all_waiting()
    )
    return csv_file("import-waiting", WAITING_COLUMNS, rows)
