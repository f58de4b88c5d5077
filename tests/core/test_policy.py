"""The matrix as code reads it: every cell parses, absent actions are denied."""

import csv

import pytest

from core import policy
from core.errors import NotAllowed, NotSignedIn
from core.policy import ANON, SYSTEM, Actor, Role, Scope

OPS = Actor(person_id=1, role=Role.SALES_OPS, name="Ines")
REP = Actor(person_id=2, role=Role.REP, name="Maya")
ADMIN = Actor(person_id=3, role=Role.ADMIN, name="Ada")
INGEST = Actor(None, None, "feed", frozenset({"usage:write"}))
READER = Actor(None, None, "bi", frozenset({"figures:read"}))


def test_every_cell_of_the_matrix_reads() -> None:
    with policy.MATRIX.open(encoding="utf-8", newline="") as file:
        listed = [row["action"] for row in csv.DictReader(file)]
    assert len(listed) == len(set(listed)) == len(policy.matrix())
    assert all(len(cells) == 9 for cells in policy.matrix().values())


@pytest.mark.parametrize(
    ("actor", "action", "scope"),
    [
        (ANON, "auth.login", Scope.OK),
        (ANON, "contest.list_visible", Scope.NONE),
        (REP, "people.metrics_individual", Scope.OWN),
        (OPS, "people.metrics_individual", Scope.ALL),
        (ADMIN, "people.metrics_individual", Scope.NONE),
        (REP, "contest.create_draft", Scope.NONE),
        (OPS, "contest.change_rules_after_start", Scope.NONE),
        (INGEST, "event.post", Scope.ALL),
        (READER, "event.post", Scope.NONE),
        (READER, "dashboard.programme", Scope.AGG),
        (OPS, "no.such_action", Scope.NONE),
        (SYSTEM, "award.reverse", Scope.ALL),
    ],
)
def test_a_cell_says_how_far(actor: Actor, action: str, scope: Scope) -> None:
    assert policy.scope_of(actor, action) is scope


def test_marks_are_read_beside_the_scope() -> None:
    rule = policy.rule_for(ADMIN, "people.role_assign")
    assert (rule.scope, rule.needs_fresh_sign_in, rule.needs_second_person) == (
        Scope.ALL,
        True,
        True,
    )


def test_nobody_signs_in_first_and_somebody_is_told_no() -> None:
    with pytest.raises(NotSignedIn):
        policy.require(ANON, "contest.list_visible")
    with pytest.raises(NotAllowed):
        policy.require(REP, "contest.finalise")
    assert policy.require(OPS, "contest.finalise") is Scope.ALL
