"""Every letter the house wrote, and what became of it: a page for sales ops, and the commands."""

import click
from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core import mailer, outbox, policy
from core.clock import now
from core.db import db, transaction
from core.doors import terminal
from core.errors import Invalid, NotAllowed
from core.guards import current_actor, guard
from core.outbox import LetterState
from core.outbox.tables import PRIVATE_LISTS
from core.settings import settings

blueprint = Blueprint("outbox", __name__)
PAGE = 50


@blueprint.get("/admin/outbox")
@guard("mail.delivery_aggregate")
def outbox_page() -> ResponseReturnValue:
    """Show letters by state; single letters only to those who may see deliveries per person."""
    state = request.args.get("state") or None
    if state not in set(LetterState):
        state = None
    kind = request.args.get("kind") or None
    before = request.args.get("before", type=int)
    sees_letters = _sees_letters()
    rows = (
        outbox.letters(state=state, kind=kind, before_id=before, limit=PAGE + 1)
        if sees_letters
        else []
    )
    lookup = current_app.extensions["pennant"]["recipients"]
    return render_template(
        "core/outbox.html",
        counts=outbox.counts_by_state() if g.scope in {policy.Scope.ALL, policy.Scope.AGG} else {},
        rows=rows[:PAGE],
        next_before=rows[PAGE - 1].id if len(rows) > PAGE else None,
        people=lookup(sorted({row.person_id for row in rows}), None) if rows else {},
        state=state,
        kind=kind,
        sees_letters=sees_letters,
        armed=outbox.is_armed(),
        asked_by=outbox.arming_asked_by(),
        can_arm=_may("mail.arm_live") and bool(settings().mail_url),
        can_stop=_may("mail.kill_switch"),
    )


def _may(action: str) -> bool:
    return policy.scope_of(current_actor(), action) is not policy.Scope.NONE


def _sees_letters() -> bool:
    scope = policy.scope_of(current_actor(), "mail.delivery_per_person")
    return scope is policy.Scope.ALL


@blueprint.get("/admin/outbox/<int:letter_id>")
@guard("mail.delivery_per_person")
def letter_page(letter_id: int) -> ResponseReturnValue:
    """Show one letter as it reads, and why it was or was not sent.

    A letter of a private list reads so to nobody but whom it was written to.
    """
    letter = outbox.letter(letter_id)
    is_own = letter.person_id == current_actor().person_id
    if g.scope is not policy.Scope.ALL and not is_own:
        msg = "This letter is not yours to read."
        raise NotAllowed(msg)
    lookup = current_app.extensions["pennant"]["recipients"]
    return render_template(
        "core/letter.html",
        letter=letter,
        may_read=is_own or letter.list_name not in PRIVATE_LISTS,
        recipient=lookup([letter.person_id], None).get(letter.person_id),
    )


@blueprint.post("/admin/outbox/<int:letter_id>/resolve")
@guard("mail.uncertain_resolve")
def resolve(letter_id: int) -> ResponseReturnValue:
    """Decide an uncertain letter: it was sent, or send it again."""
    with transaction():
        outbox.resolve(
            letter_id,
            send_again=request.form.get("decision") == "again",
            actor=current_actor(),
            now=now(),
        )
    flash("Decided.")
    return redirect(url_for("outbox.letter_page", letter_id=letter_id))


@blueprint.post("/admin/outbox/arm")
@guard("mail.arm_live")
def arm() -> ResponseReturnValue:
    """Let letters leave, after a typed word; where there are several admins, two must."""
    if request.form.get("word", "").strip().lower() != "arm":
        msg = "Type the word arm to confirm."
        raise Invalid(msg, field="word")
    admins = current_app.extensions["pennant"]["admin_count"]()
    with transaction():
        armed = outbox.arm(actor=current_actor(), now=now(), admins=admins)
    flash("Letters leave now." if armed else "Asked. A second administrator must arm it too.")
    return redirect(url_for("outbox.outbox_page"))


@blueprint.post("/admin/outbox/stop")
@guard("mail.kill_switch")
def stop_mail() -> ResponseReturnValue:
    """Capture every letter from now on."""
    with transaction():
        outbox.disarm(actor=current_actor(), now=now())
    flash("Stopped. Letters are captured here.")
    return redirect(url_for("outbox.outbox_page"))


@click.group("outbox")
def outbox_group() -> None:
    """Letters: what was written, and what became of it."""


@outbox_group.command("show")
@click.option("--for", "person_key", default=None, help="Only letters to this person.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--limit", default=1000, show_default=True, help="At most this many, newest first.")
@terminal.friendly
def show(person_key: str | None, limit: int, *, as_json: bool) -> None:
    """Show letters with their state, newest first."""
    person_id = None
    if person_key is not None:
        person_id = current_app.extensions["pennant"]["person_ids"]([person_key]).get(person_key)
        if person_id is None:
            terminal.stop(f"There is no person {person_key}.")
    rows = outbox.letters(person_id=person_id, limit=limit)
    keys = current_app.extensions["pennant"]["person_keys"]({row.person_id for row in rows})
    db.session.rollback()
    if as_json:
        names = (
            *("kind", "list_name", "subject", "state", "reason", "dedupe_key", "attempts"),
            "has_invitation",
        )
        terminal.print_json(
            {
                "letters": [
                    {name: row._mapping[name] for name in names}  # noqa: SLF001 - the public mapping of a row
                    | {
                        "person_id": keys.get(row.person_id),
                        "created_at": row.created_at.isoformat(),
                        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
                    }
                    for row in rows
                ]
            }
        )
        return
    for row in rows:
        click.echo(
            f"{row.state:<11} {keys.get(row.person_id, '?'):<10} {row.kind:<24} {row.subject}"
            f"{' [with an invitation]' if row.has_invitation else ''}"
        )


@outbox_group.command("deliver")
def deliver() -> None:
    """Send everything due once, in a process of its own."""
    totals = mailer.deliver(now())
    click.echo(", ".join(f"{name} {count}" for name, count in totals.items()) or "nothing due")


COMMANDS = (outbox_group,)
