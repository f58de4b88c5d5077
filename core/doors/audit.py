"""`flask audit verify`: the chain, the book, and every derived table against its raw rows."""

import sys

import click
from flask import Blueprint, current_app

from core import audit, ledger
from core.db import db
from core.doors import terminal

blueprint = Blueprint("audit", __name__)


@click.group("audit")
def audit_group() -> None:
    """The audit trail and everything that can be computed twice."""


@audit_group.command("verify")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def verify(*, as_json: bool) -> None:
    """Check ledger sums, audit chain and derived tables; name the first bad row."""
    found: list[str] = []
    broken = audit.verify()
    if broken is not None:
        found.append(f"audit_entry {broken.entry_id}: {broken.reason}")
    found.extend(f"ledger {item.subject}: {item.reason}" for item in ledger.verify())
    for check in current_app.extensions["pennant"]["checks"]:
        found.extend(str(problem) for problem in check())
    db.session.rollback()
    if as_json:
        terminal.print_json({"ok": not found, "problems": found})
    elif found:
        terminal.say(found[0])
    else:
        click.echo("Everything adds up.")
    if found:
        sys.exit(terminal.PARTLY)


COMMANDS = (audit_group,)
