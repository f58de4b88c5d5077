"""What people's hands may do at a terminal, and the files this room takes in."""

import sys

import click

from core.clock import now
from core.db import transaction
from core.doors.terminal import PARTLY, friendly, print_json, say, stop
from core.intake.kinds import Column, ImportKind, boolean, choice, day, email, text, zone
from core.policy import SYSTEM, Role
from people import queries, services

_KEY = text(80)

IMPORTS = (
    ImportKind(
        name="people",
        order=10,
        key=("person_id",),
        columns=(
            Column("person_id", _KEY, required=True),
            Column("email", email(), required=True),
            Column("name", text(200), required=True),
            Column("role", choice(*Role), default=Role.REP.value),
            Column("channel", text(80)),
            Column("time_zone", zone()),
            Column("hire_date", day()),
            Column("leave_date", day()),
            Column("enabled_on", day()),
            Column("disabled_on", day()),
            Column("manager_id", _KEY),
            Column("is_test", boolean(), default=False),
        ),
        load=services.load_people,
        # Managers may stand anywhere in the file: a company's whole directory is one batch.
        batch_rows=200_000,
        frees_set_aside=True,
        doc="Everybody: reps, their managers and those who watch over the programme.",
    ),
    ImportKind(
        name="memberships",
        order=20,
        key=("person_id", "team", "start_date"),
        columns=(
            Column("person_id", _KEY, required=True),
            Column("team", text(120), required=True),
            Column("start_date", day(), required=True),
            Column("end_date", day()),
            Column("lead", boolean(), default=False),
        ),
        load=services.load_memberships,
        doc="Who was in which team from when to when; lead is true for the team's manager.",
    ),
    ImportKind(
        name="external_ids",
        order=15,
        key=("system", "ref"),
        columns=(
            Column("system", text(40), required=True),
            Column("ref", text(120), required=True),
            Column("person_id", _KEY, required=True),
        ),
        load=services.load_external_ids,
        frees_set_aside=True,
        doc="What another system calls a person (salesforce, 0055...), so its exports find them.",
    ),
    ImportKind(
        name="absences",
        order=30,
        key=("person_id", "start_date", "end_date"),
        columns=(
            Column("person_id", _KEY, required=True),
            Column("start_date", day(), required=True),
            Column("end_date", day(), required=True),
        ),
        load=services.load_absences,
        doc="Days away, both ends included. No reason is asked for or kept.",
    ),
)


@click.group()
def people() -> None:
    """Accounts and tokens."""


@people.command()
@click.argument("name")
@click.option("--scope", required=True, metavar="SCOPE[,SCOPE]", help="What the token may do.")
@click.option("--days", default=365, show_default=True, help="How long it lasts, at most 400.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@friendly
def token(name: str, scope: str, days: int, *, as_json: bool) -> None:
    """Make an API token and print it, this one time.

    Scopes: usage:write, training:write, people:write, figures:read.
    """
    scopes = [part.strip() for part in scope.split(",") if part.strip()]
    with transaction():
        raw = services.create_token(name, scopes, days=days, actor=SYSTEM, now=now())
    if as_json:
        print_json({"name": name, "token": raw, "scopes": sorted(set(scopes)), "days": days})
    else:
        click.echo(raw)
    say("Keep it now: it is not stored and cannot be shown again.")


@people.command("revoke-token")
@click.argument("prefix")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@friendly
def revoke_token(prefix: str, *, as_json: bool) -> None:
    """End a token at once, named by its first part (pnt_xxxxxxxx)."""
    with transaction():
        services.revoke_token(prefix, actor=SYSTEM, now=now())
    if as_json:
        print_json({"prefix": prefix, "revoked": True})
    say("The token is revoked.")


@people.command("set-password")
@click.argument("person_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@friendly
def set_password(person_id: str, *, as_json: bool) -> None:
    """Give a person a password: asked for twice on a terminal, else read from standard input."""
    ident = queries.by_key([person_id]).get(person_id)
    if ident is None:
        stop(f"Nobody has the person_id {person_id}.", "Import the person first.")
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    with transaction():
        services.set_password(ident, password, actor=SYSTEM, now=now())
    if as_json:
        print_json({"person_id": person_id, "set": True})
    say("The password is set; sessions of before have ended.")


@people.command()
@click.argument("person_id")
@click.option("--by", "by_key", required=True, metavar="PERSON_ID", help="The administrator.")
@click.option("--no-legal-hold", "is_free", is_flag=True, help="You checked that none stands.")
@click.option("--confirm", "typed", metavar="PERSON_ID", help="The person_id once more.")
@click.option("--withdraw", is_flag=True, help="Take a request back, or refuse it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@friendly
def erase(
    person_id: str, *, by_key: str, is_free: bool, typed: str | None, withdraw: bool, as_json: bool
) -> None:
    """Erase somebody who left, for good: one administrator asks, another one confirms.

    Where there is only one administrator, their word is enough. Books, figures and results keep
    the person under a pseudonym. Ends with 1 while it waits for a second administrator.
    """
    ident, actor = queries.by_key([person_id]).get(person_id), queries.actor_by_key(by_key)
    if ident is None or actor is None:
        stop(f"Nobody active has the person_id {person_id if ident is None else by_key}.")
    if withdraw:
        with transaction():
            services.withdraw_erasure(ident, actor=actor, now=now())
        say(f"{person_id} is not erased.")
        return
    if typed is None and sys.stdin.isatty():
        typed = click.prompt(f"Type {person_id} to confirm", default="", err=True)
    with transaction():
        done = services.erase_person(
            ident, typed=typed or "", is_free=is_free, actor=actor, now=now()
        )
    if as_json:
        print_json({"person_id": done.key, "erased": done.is_erased, "waits_for": done.waits_for})
    if not done.is_erased:
        stop(f"It waits for the word of {' or '.join(done.waits_for)}.", code=PARTLY)
    _clear_names()
    say(f"{done.key} is erased, and texts that named them are cleared.")


def _clear_names() -> None:
    """Take the names of everybody erased out of what is written, some people a transaction."""
    is_over = False
    while not is_over:
        with transaction():
            is_over = services.clear_names() is None


COMMANDS = (people,)
