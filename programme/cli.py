"""Commands, playbook parts and import followers of the programme room."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click
from flask import current_app

from core import clock
from core.db import transaction
from core.doors import terminal
from core.errors import Invalid, PennantError
from core.intake.kinds import (
    Batch,
    BatchResult,
    Column,
    Follower,
    ImportKind,
    LoadContext,
    Problem,
    day,
    decimal,
    text,
)
from core.playbook import Apply, Playbook, PlaybookPart, read
from core.policy import SYSTEM
from programme import forms, queries, services
from programme.rules import AskPlan, OutcomePlan, ProgrammePlan


def _apply_programme(run: Apply, plan: ProgrammePlan) -> Sequence[str]:
    return services.start_programme(plan, run.actor, run.now).changes


def _apply_outcomes(run: Apply, plans: Sequence[OutcomePlan]) -> Sequence[str]:
    return services.set_outcomes(run.programme_id, plans, run.actor, run.now)


def _apply_asks(run: Apply, plans: Sequence[AskPlan]) -> Sequence[str]:
    return services.set_asks(run.programme_id, plans, run.actor, run.now)


PLAYBOOK_PARTS = (
    PlaybookPart("programme", 0, forms.programme_part, _apply_programme),
    PlaybookPart("outcomes", 10, forms.outcomes_part, _apply_outcomes),
    PlaybookPart("asks", 70, forms.asks_part, _apply_asks),
)


class _OnlyLooking(Exception):
    """Rolls a dry run back."""


def apply_playbook(
    book: Playbook, *, approve_as: int | None, dry_run: bool, now: datetime | None = None
) -> tuple[list[str], list[str]]:
    """Apply a whole playbook in one transaction; its changes and notices, in sentences."""
    changes: list[str] = []
    notices: list[str] = []
    with suppress(_OnlyLooking), transaction():
        applied = services.apply_playbook(
            book, approve_as=approve_as, actor=SYSTEM, now=now or clock.now()
        )
        for follower in current_app.extensions["pennant"]["playbook_followers"]:
            follower.run(applied.programme_id)
        changes.extend(applied.changes)
        notices.extend(applied.notices)
        if dry_run:
            raise _OnlyLooking
    return changes, notices


@click.group("programme")
def programme_group() -> None:
    """Programmes and their playbooks."""


@programme_group.command("apply")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option(
    "--approve-as", metavar="PERSON_ID", help="Approve the playbook's contests as this person."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def apply_command(file: Path, *, dry_run: bool, approve_as: str | None, as_json: bool) -> None:
    """Create or update a programme from a playbook. Applying it again changes nothing."""
    try:
        approver = None if approve_as is None else queries.person_id_by_key(approve_as)
        if approve_as is not None and approver is None:
            raise Invalid(f"There is no person {approve_as}.", field="approve_as")
        book = read(file, current_app.extensions["pennant"]["playbook_parts"])
        changes, notices = apply_playbook(book, approve_as=approver, dry_run=dry_run)
    except PennantError as error:
        if as_json:
            terminal.print_json({"ok": False, "changes": [], "problems": error.message.split("\n")})
        terminal.stop(error.message, error.fix and f"\n{error.fix}")
    for notice in notices:
        terminal.say(notice)
    if as_json:
        terminal.print_json(
            {"ok": True, "dry_run": dry_run, "changes": changes, "notices": notices}
        )
        return
    for change in changes:
        click.echo(f"{'would change: ' if dry_run else ''}{change}")
    if not changes:
        click.echo("Nothing to change.")


def _enrol_imported(person_ids: Collection[int], context: LoadContext) -> None:
    """People imported with --programme belong to that programme."""
    if context.programme_given and context.programme_id is not None:
        services.enrol(context.programme_id, person_ids, context.now)


def _load_readings(batch: Batch, context: LoadContext) -> BatchResult:
    """Readings by outcome, day and team; those of an outcome or a team nobody knows are refused."""
    outcomes = queries.outcome_ids(context.programme_id or 0)
    teams = queries.team_ids({row["team"] for _line, row in batch.rows if row["team"]})
    readings, problems = [], []
    for line, row in batch.rows:
        outcome_id, team = outcomes.get(row["outcome"]), row["team"]
        if outcome_id is None:
            problems.append(_unknown_outcome(line, row["outcome"], outcomes))
        elif team and team not in teams:
            problems.append(Problem(line, "team", "unknown_team", team))
        else:
            readings.append(
                services.Reading(outcome_id, row["on"], row["value"], teams[team] if team else None)
            )
    added, changed = services.record_readings(readings, context.now)
    unchanged = len(readings) - added - changed
    return BatchResult(added=added, changed=changed, unchanged=unchanged, problems=problems)


def _unknown_outcome(line: int, slug: str, known: Collection[str]) -> Problem:
    those = ", ".join(sorted(known)[:12]) or "none yet"
    return Problem(
        line,
        "outcome",
        "unknown_outcome",
        slug,
        f"There is no outcome {slug[:80]}. Outcomes of the programme: {those}. Add it to the "
        "playbook, or correct the name.",
    )


_MOST = Decimal(10**13)

IMPORTS = (
    ImportKind(
        "readings",
        order=45,
        columns=(
            Column("outcome", text(80), required=True),
            Column("on", day(), required=True),
            Column("value", decimal(-_MOST, _MOST, places=4), required=True),
            Column("team", text(120)),
        ),
        key=("outcome", "on", "team"),
        load=_load_readings,
        needs_programme=True,
        doc="What an outcome was observed to be on a day, for everybody or one team.",
    ),
)
COMMANDS = (programme_group,)
IMPORT_FOLLOWERS = (Follower("people", _enrol_imported),)
