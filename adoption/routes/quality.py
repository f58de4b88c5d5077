"""The data page: what came in, what does not count and why, and how well deals are recorded."""

from datetime import datetime, timedelta

from flask import render_template, request
from flask.typing import ResponseReturnValue

from adoption import access
from adoption.queries import page, quality
from core.clock import now
from core.csv_file import csv_file
from core.errors import NotFound
from core.guards import current_actor, guard
from core.policy import Scope, scope_of

# A source that brought nothing for longer than this is called stale.
STALE_SOURCE = timedelta(days=3)
SHOWN_TEAMS, SHOWN_REPS = 60, 30
REASON_WORDS = {
    "future": ("From the future", "It happened later than it arrived: a wrong clock or zone."),
    "voided": ("Taken back", "The source said afterwards that it did not happen."),
    "not_a_rep": ("Not by a rep", "Managers and staff use the tool too; adoption counts reps."),
    "test": ("Test accounts", "Marked as a test account in the directory."),
    "not_employed": ("Outside employment", "Before the first or after the last day at work."),
    "not_enabled": ("Outside enablement", "Before the tool was theirs, or after it was not."),
    "corrected": ("Corrected", "The source sent it again with other words; the last word counts."),
}
FIELD_WORDS = {
    "account": "customer",
    "product": "product",
    "amount": "amount",
    "created_on": "date of creation",
    "closed_on": "date of closing",
}


@guard("dashboard.programme")
def quality_page() -> ResponseReturnValue:
    """Freshness of each source, what is left out by reason, and deal records by team and rep."""
    actor, owner, instant = current_actor(), page.current_programme(), now()
    if owner is None:
        return render_template("adoption/empty.html", owner=None)
    sources = quality.sources(owner.id)
    today = quality.today_of(owner, instant)
    among = access.people_to_see(actor, today)
    counts = quality.record_counts(owner, today, instant)
    total = quality.total_of(counts.values())
    shown = {ident: count for ident, count in counts.items() if among is None or ident in among}
    lacking = [ident for ident in shown if shown[ident].missing or shown[ident].stale]
    weakest = sorted(lacking, key=lambda ident: (shown[ident].fields.rate or 0.0, ident))
    weakest, hidden = weakest[:SHOWN_REPS], weakest[SHOWN_REPS:]
    cards = quality.cards(weakest)
    return render_template(
        "adoption/quality.html",
        owner=owner,
        today=today,
        sources=[(row, _is_stale(row.latest_occurred_at, instant)) for row in sources],
        left_out=[row for row in quality.left_out(owner.id) if row.events],
        waiting=quality.waiting(),
        reasons=REASON_WORDS,
        fields=FIELD_WORDS,
        may_open=_may_open(),
        may_rule=scope_of(actor, "import.upload") is Scope.ALL,
        total=total,
        teams=[
            (name, count)
            for name, count in quality.by_team(counts, today, instant).items()
            if among is None or count.reps >= owner.min_group
        ][:SHOWN_TEAMS],
        reps=[(cards[ident], shown[ident]) for ident in weakest],
        reps_more=len(hidden),
    )


def _is_stale(reached: datetime, instant: datetime) -> bool:
    return instant - reached > STALE_SOURCE


def _may_open() -> bool:
    """Whether the reader may see the rows that are left out."""
    return scope_of(current_actor(), "import.quarantine_view") is Scope.ALL


@guard("import.quarantine_view")
def left_out_rows(reason: str) -> ResponseReturnValue:
    """The rows left out for one reason, as a page or, with `?csv`, as a file."""
    owner = page.current_programme()
    if owner is None or reason not in REASON_WORDS:
        raise NotFound("There is no such list.")
    rows = quality.left_out_rows(owner.id, reason)
    cards = quality.cards({row.person_id for row in rows})
    if "csv" in request.args:
        lines = [(cards[row.person_id].key, row.day, row.kind, row.events) for row in rows]
        return csv_file(reason, ("person_id", "day", "kind", "events"), lines)
    return render_template(
        "adoption/left_out.html",
        title=REASON_WORDS[reason][0],
        why=REASON_WORDS[reason][1],
        reason=reason,
        rows=[(cards[row.person_id], row) for row in rows],
        most=quality.SHOWN,
    )
