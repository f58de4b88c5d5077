"""Who may do what: one function over the authorisation matrix (TRUST, "Reading the matrix").

The matrix says the widest scope a principal has for an action; rooms turn a scope into the rows
it covers. An action that is not listed is denied.
"""

import csv
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from core.errors import NotAllowed, NotSignedIn

MATRIX = Path(__file__).with_name("authz_matrix.csv")


class Role(StrEnum):
    """The roles a person may have; a person has one."""

    REP = "rep"
    MANAGER = "manager"
    DIRECTOR = "director"
    SALES_OPS = "sales_ops"
    EXECUTIVE = "executive"
    ADMIN = "admin"


class Scope(StrEnum):
    """How far a permission reaches; the words of the matrix."""

    NONE = "-"
    OK = "ok"
    OWN = "own"
    TEAM = "team"
    TREE = "tree"
    ALL = "all"
    PUB = "pub"
    AGG = "agg"
    NAME = "name"
    TOK = "tok"


@dataclass(frozen=True)
class Actor:
    """Who acts: a person in a role, a machine with token scopes, nobody, or the house itself."""

    person_id: int | None
    role: Role | None
    name: str
    scopes: frozenset[str] = field(default_factory=frozenset)
    is_system: bool = False

    @property
    def is_signed_in(self) -> bool:
        """Say whether a person or a machine is behind this actor."""
        return self.person_id is not None or bool(self.scopes) or self.is_system


ANON = Actor(person_id=None, role=None, name="nobody")
SYSTEM = Actor(person_id=None, role=None, name="system", is_system=True)


@dataclass(frozen=True)
class Rule:
    """One cell of the matrix: scope, and whether it needs a fresh sign-in or second person."""

    scope: Scope = Scope.NONE
    needs_fresh_sign_in: bool = False
    needs_second_person: bool = False


DENIED = Rule()

COLUMNS = {
    Role.REP: "rep",
    Role.MANAGER: "manager",
    Role.DIRECTOR: "director",
    Role.SALES_OPS: "salesops",
    Role.EXECUTIVE: "exec",
    Role.ADMIN: "admin",
}


def _rule(cell: str) -> Rule:
    scope, *marks = cell.split("+")
    return Rule(Scope(scope), "f" in marks, "2" in marks)


@cache
def matrix() -> dict[str, dict[str, Rule]]:
    """Return action -> column -> rule, read once from the file beside this one."""
    with MATRIX.open(encoding="utf-8", newline="") as file:
        return {
            row["action"]: {
                name: _rule(cell)
                for name, cell in row.items()
                if name not in {"group", "action", "rw", "note"}
            }
            for row in csv.DictReader(file)
        }


def _columns(actor: Actor) -> list[str]:
    """Name the matrix columns that speak for an actor."""
    if actor.role is not None:
        return [COLUMNS[actor.role]]
    columns = []
    if any(scope.endswith(":write") for scope in actor.scopes):
        columns.append("tok_ingest")
    if "figures:read" in actor.scopes:
        columns.append("tok_read")
    return columns or ["anon"]


def rule_for(actor: Actor, action: str) -> Rule:
    """Return the matrix cell for an actor and action; DENIED when there is none."""
    if actor.is_system:
        return Rule(Scope.ALL)
    cells = matrix().get(action, {})
    rules = [cells[column] for column in _columns(actor) if column in cells]
    granted = [rule for rule in rules if rule.scope is not Scope.NONE]
    return granted[0] if granted else DENIED


def scope_of(actor: Actor, action: str) -> Scope:
    """Return how far the actor's permission for an action reaches."""
    return rule_for(actor, action).scope


def require(actor: Actor, action: str) -> Scope:
    """Return the scope, or raise NotSignedIn / NotAllowed when there is none."""
    scope = scope_of(actor, action)
    if scope is not Scope.NONE:
        return scope
    if not actor.is_signed_in:
        msg = "Sign in first."
        raise NotSignedIn(msg)
    msg = "Your role does not include this."
    raise NotAllowed(msg, fix="Ask sales operations if you need it.")
