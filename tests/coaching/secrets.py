"""Talks whose words nobody could hit upon by chance, and who alone may ever be shown each."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from uuid import uuid4

from sqlalchemy import delete, select

from coaching.models import (
    CoachingItem,
    CoachingMoment,
    CoachingNote,
    CoachingStep,
    Fix,
    Loop,
)
from core.db import db, transaction
from people.models import Deputy, Person, SecondLead, Team
from programme.models import Programme
from tests.factories.people import _save, make_membership, make_person

DAY = timedelta(days=1)
COMMON = "wallaby"  # what one would search for; the word after it is the secret
_numbers = count(1)


@dataclass
class Secrets:
    """Each secret word with the ids of those who may read it, the actors by name, the talks."""

    readers: dict[str, frozenset[int]] = field(default_factory=dict)
    actors: dict[str, Person] = field(default_factory=dict)
    uids: dict[str, str] = field(default_factory=dict)

    def words(self, what: str, *readers: str) -> str:
        """A sentence with a secret in it, for these actors alone."""
        secret = f"{what}quokka{next(_numbers)}q"
        self.readers[secret] = frozenset(self.actors[name].id for name in readers)
        return f"{COMMON} {secret} by noon."

    def leaked(self, text: str, person_id: int | None) -> list[str]:
        """The secrets in a text that this reader may not be shown."""
        if "quokka" not in text:
            return []
        return [
            secret
            for secret, readers in self.readers.items()
            if secret in text and person_id not in readers
        ]


def clear() -> None:
    """No loop has ever been held: the demo's own talks would only be in the way."""
    with transaction() as session:
        for model in (CoachingNote, Fix, CoachingStep, CoachingMoment, CoachingItem, Loop):
            session.execute(delete(model))


def by_name(name: str) -> Person:
    return db.session.scalars(select(Person).where(Person.name == name).order_by(Person.id)).first()


def cast(today) -> Secrets:
    """People of the small demo in every relation to Maya of Team Priya and Leo of Team Marcus."""
    told = Secrets()
    told.actors = {
        "maya": by_name("Maya Torres"),
        "ben": by_name("Ben Adeyemi"),
        "leo": by_name("Leo Strand"),
        "priya": by_name("Priya Raman"),
        "marcus": by_name("Marcus Field"),
        "former lead": make_person(
            key="FRAN", email="fran@northgate.example", role="manager", name="Fran Gone"
        ),
        "deputy": by_name("Uma Nolan"),
        "former deputy": by_name("Silas Tapia"),
        "second lead": by_name("Ida Soto"),
        "former second lead": by_name("Lena Wilder"),
        "director": by_name("Helen Ortega"),
        "other director": by_name("Wanda Novak"),
        "executive": by_name("Victor Hale"),
        "sales ops": by_name("Sam Okafor"),
        "admin": by_name("Ada Quist"),
    }
    team = db.session.scalars(select(Team).where(Team.name == "Team Priya")).one()
    actor = told.actors
    make_membership(
        actor["former lead"],
        team,
        is_lead=True,
        starts_on=today - 300 * DAY,
        ends_on=today - 40 * DAY,
    )
    for deputy, first, last in (("deputy", 1, 3), ("former deputy", 20, -1)):
        _save(
            Deputy(
                person_id=actor["priya"].id,
                deputy_id=actor[deputy].id,
                starts_on=today - first * DAY,
                ends_on=today + last * DAY,
            )
        )
    for lead, end in (("second lead", None), ("former second lead", today)):
        _save(
            SecondLead(
                person_id=actor["maya"].id,
                lead_id=actor[lead].id,
                starts_on=today - 90 * DAY,
                ends_on=end,
            )
        )
    return told


LINE = ("priya", "deputy")
MAYAS = ("maya", *LINE, "second lead")


def plant(now: datetime) -> Secrets:
    """Talks in every state, as rows: what was said long ago is guarded like what is said today."""
    clear()
    owner = db.session.scalars(select(Programme)).one()
    today = now.date()
    told = cast(today)
    week = today - today.weekday() * DAY
    actor = told.actors
    talks = Talks(told, owner, now)
    talks.add("open", "maya", "priya", week, {"state": "coached"}, MAYAS, ("comment", "dispute"))
    old = {"state": "closed", "outcome": "done", "proof": "event", "closed_at": now}
    kinds = ("comment", "dispute", "answer", "review", "addendum")
    talks.add("old", "maya", "former lead", week - 56 * DAY, old, (*MAYAS, "former lead"), kinds)
    shared = old | {"is_shared_up": True}
    talks.add("shared", "ben", "priya", week - 7 * DAY, shared, ("ben", *LINE, "director"), kinds)
    talks.add("due", "ben", "priya", week, {"state": "due", "due_at": now}, ("ben", *LINE), ())
    talks.add("other", "leo", "marcus", week - 7 * DAY, old, ("leo", "marcus"), kinds)
    skipped = {"state": "missed", "missed_by": "manager", "coached_at": None, "author_id": None}
    talks.add("skipped", "leo", "marcus", week - 14 * DAY, skipped, ("leo", "marcus"), ("comment",))
    assert len(actor) == 15
    return told


@dataclass
class Talks:
    told: Secrets
    owner: Programme
    now: datetime

    def add(self, name, rep, author, week, given, readers, kinds) -> None:
        """One talk with a fix, and a note of each kind, whose words these may read."""
        actor = self.told.actors
        loop = self._loop(actor[author], week)
        values = {
            "uid": uuid4().hex,
            "programme_id": self.owner.id,
            "loop_id": loop.id,
            "rep_id": actor[rep].id,
            "week": week,
            "author_id": actor[author].id,
            "manager_id": actor[author].id,
            "coached_at": self.now - 2 * DAY,
            "review_at": self.now + 2 * DAY,
            "review_on": (self.now + 2 * DAY).date(),
            "first_review_on": (self.now + 2 * DAY).date(),
        } | given
        item = _save(CoachingItem(**values))
        self.told.uids[name] = item.uid
        moment = _save(
            CoachingMoment(
                item_id=item.id,
                position=1,
                signal_key=f"S-{name}",
                deal_key=f"D-{name}",
                status="ignored",
                fired_on=week - 5 * DAY,
                delay_days=4,
                account="Northgate Harbour",
            )
        )
        with transaction():
            db.session.get(CoachingItem, item.id).moment_id = moment.id
        words = self.told.words
        if values["coached_at"] is not None:
            fix = words(f"fix{name}", *readers)
            _save(Fix(item_id=item.id, words=fix, sent_at=self.now - 2 * DAY))
        for kind in kinds:
            writer = actor[rep] if kind in {"comment", "dispute"} else actor[author]
            said = words(f"{kind}{name}", *readers)
            _save(
                CoachingNote(
                    item_id=item.id, author_id=writer.id, kind=kind, words=said, at=self.now
                )
            )

    def _loop(self, author, week) -> Loop:
        team = db.session.scalars(
            select(Team).where(
                Team.name == ("Team Marcus" if "Marcus" in author.name else "Team Priya")
            )
        ).one()
        known = select(Loop).where(Loop.team_id == team.id, Loop.week == week)
        found = db.session.scalars(known).one_or_none()
        return found or _save(
            Loop(
                programme_id=self.owner.id,
                team_id=team.id,
                week=week,
                through=week - DAY,
                prepared_at=self.now,
                manager_id=author.id,
            )
        )
