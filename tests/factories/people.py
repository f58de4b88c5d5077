"""Made-up people, teams and absences. Every value may be named; nothing else needs to be."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from core.db import db, in_transaction, transaction
from people.models import Absence, Account, Person, PersonChange, Team, TeamMembership
from people.rules import slug_of

PASSWORD = "correct horse battery staple"
CHEAP_HASH = generate_password_hash(PASSWORD, method="pbkdf2:sha256:1")
LONG_AGO = date(2003, 1, 1)

_numbers = itertools.count(1)


@dataclass(frozen=True)
class MadeTeam:
    """A team with the people in it."""

    team: Team
    members: tuple[Person, ...]
    lead: Person | None

    @property
    def id(self) -> int:
        return self.team.id


@contextmanager
def writing() -> Iterator[Session]:
    """The caller's transaction, or one of its own."""
    if in_transaction():
        yield db.session()
        db.session.flush()
    else:
        with transaction() as session:
            yield session


def _save(row):
    with writing() as session:
        session.add(row)
    return row


def make_person(**given) -> Person:
    """An enabled rep, hired long ago; a `manager` may be a Person."""
    number = next(_numbers)
    manager = given.pop("manager", None)
    values = {
        "key": f"P{number:04d}",
        "email": f"person{number}@example.org",
        "name": f"Person {number}",
        "role": "rep",
        "hired_on": LONG_AGO,
        "enabled_on": LONG_AGO,
    } | given
    if manager is not None:
        values["manager_id"] = manager.id
    return _save(Person(**values))


def make_membership(person: Person, team, **given) -> TeamMembership:
    """The person in the team since long ago; `team` is a Team or a MadeTeam."""
    values = {"person_id": person.id, "team_id": team.id, "starts_on": LONG_AGO} | given
    return _save(TeamMembership(**values))


def make_team(
    members: int = 3, *, lead: Person | bool = True, starts_on: date = LONG_AGO, **given
) -> MadeTeam:
    """A team of so many reps under a lead (a new manager, a given person, or False for none)."""
    name = given.pop("name", None) or f"Team {next(_numbers)}"
    with writing():
        team = _save(Team(name=name, slug=given.pop("slug", slug_of(name)), **given))
        leader = make_person(role="manager", enabled_on=None) if lead is True else lead or None
        if leader is not None:
            make_membership(leader, team, starts_on=starts_on, is_lead=True)
        reps = tuple(make_person() for _ in range(members))
        for rep in reps:
            make_membership(rep, team, starts_on=starts_on)
    return MadeTeam(team, reps, leader)


def make_absence(person: Person, starts_on: date, ends_on: date | None = None) -> Absence:
    """Away from `starts_on` to `ends_on`, both included; one day by default."""
    return _save(Absence(person_id=person.id, starts_on=starts_on, ends_on=ends_on or starts_on))


def make_account(person: Person, **given) -> Account:
    """A sign-in with PASSWORD, hashed cheaply."""
    values = {"person_id": person.id, "password_hash": CHEAP_HASH} | given
    return _save(Account(**values))


def make_change(person: Person, changed_at: datetime | None = None) -> PersonChange:
    """A note that the person's records changed."""
    return _save(
        PersonChange(person_id=person.id, changed_at=changed_at or datetime(2003, 1, 1, tzinfo=UTC))
    )
