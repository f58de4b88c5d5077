"""People as pages and letters show them: cards, the directory, actors, recipients."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select

from core.db import db
from core.history import past
from core.outbox import Recipient
from core.policy import Actor, Role
from people.models import Person, Preference, Team, TeamMembership
from people.queries.names import by_key
from people.queries.rows import PERSON, AnyRow, chunks, covers
from people.rules import QUIET_FROM, QUIET_UNTIL, BoardName, board_name, may_sign_in

LONG_AGO = date(1900, 1, 1)


@dataclass(frozen=True)
class PersonCard:
    """What pages show of a person; `shown` is the alias where one was chosen."""

    id: int
    key: str
    name: str
    email: str
    role: str
    channel: str | None
    time_zone: str | None
    alias: str | None
    ranking_opt_out: bool
    status: str
    is_test: bool
    manager_id: int | None

    @property
    def shown(self) -> str:
        """The name others read: the alias if the person chose one."""
        return self.alias or self.name

    @property
    def on_boards(self) -> str | None:
        """The name on boards, awards and walls; None: they chose not to be listed."""
        return board_name(self.name, self.alias, opted_out=self.ranking_opt_out)

    @property
    def board_wish(self) -> BoardName:
        """Which of the three ways to be named the person chose."""
        if self.ranking_opt_out:
            return BoardName.NOT_LISTED
        return BoardName.ALIAS if self.alias else BoardName.NAME


@dataclass(frozen=True)
class DirectoryRow:
    """One line of the directory."""

    key: str
    name: str
    role: str
    team: str | None
    team_slug: str | None


_CARD = (
    Person.id,
    Person.key,
    Person.name,
    Person.email,
    Person.role,
    Person.channel,
    Person.time_zone,
    Person.alias,
    Person.ranking_opt_out,
    Person.status,
    Person.is_test,
    Person.manager_id,
)


def _card(row: AnyRow) -> PersonCard:
    return PersonCard(*tuple(row))


def cards(person_ids: Collection[int]) -> dict[int, PersonCard]:
    """What pages show, for each person asked for."""
    found: dict[int, PersonCard] = {}
    for chunk in chunks(person_ids):
        for row in db.session.execute(select(*_CARD).where(Person.id.in_(chunk))):
            found[row.id] = _card(row)
    return found


def card(person_id: int) -> PersonCard | None:
    """One person, or None."""
    return cards([person_id]).get(person_id)


def card_by_key(key: str) -> PersonCard | None:
    """One person by the files' person_id, or None."""
    row = db.session.execute(select(*_CARD).where(Person.key == key)).first()
    return _card(row) if row else None


def reps_in_scope(among: Collection[int] | None = None) -> tuple[int, ...]:
    """METRICS P1: role rep and not a test account, ordered by id; `among` narrows.

    Which programme somebody belongs to is the programme room's knowledge.
    """
    columns = (
        select(Person.id)
        .where(Person.role == Role.REP, Person.is_test.is_(False))
        .order_by(Person.id)
    )
    reps = tuple(db.session.scalars(columns))
    if among is None:
        return reps
    wanted = frozenset(among)
    return tuple(ident for ident in reps if ident in wanted)


def ids_with_role(*roles: str) -> tuple[int, ...]:
    """Active people in any of these roles, ordered by id."""
    return tuple(
        db.session.scalars(
            select(Person.id)
            .where(Person.role.in_(roles), Person.status == "active")
            .order_by(Person.id)
        )
    )


def roles_then(as_of: datetime | None) -> dict[int, tuple[str, bool] | None]:
    """Role and test mark of people whose record changed after `as_of`; None: not there yet."""
    return {
        int(key): None if facts is None else (str(facts["role"]), bool(facts["is_test"]))
        for key, facts in past(PERSON, as_of).items()
    }


def recipients(
    person_ids: Collection[int], today: date | None = None, zone: str = "UTC"
) -> dict[int, Recipient]:
    """Address, state and quiet hours of each person, as they are now.

    Whoever has no zone of their own keeps the hours of `zone`.

    Who left before `today` gets no letter; without it only the status counts.
    """
    found: dict[int, Recipient] = {}
    for chunk in chunks(person_ids):
        rows = db.session.execute(
            select(
                Person.id,
                Person.email,
                Person.name,
                Person.status,
                Person.left_on,
                Person.time_zone,
                Preference.quiet_from,
                Preference.quiet_until,
            )
            .outerjoin(Preference, Preference.person_id == Person.id)
            .where(Person.id.in_(chunk))
        )
        for ident, email, name, status, left_on, own_zone, quiet_from, quiet_until in rows:
            found[ident] = Recipient(
                email=email,
                name=name,
                is_active=may_sign_in(status, left_on if today else None, today or LONG_AGO),
                time_zone=own_zone or zone,
                quiet_from=quiet_from if quiet_from is not None else QUIET_FROM,
                quiet_until=quiet_until if quiet_until is not None else QUIET_UNTIL,
            )
    return found


def actor_of(person_id: int) -> Actor | None:
    """The person as an actor in their present role; None when unknown or not active."""
    row = db.session.execute(
        select(Person.name, Person.role).where(Person.id == person_id, Person.status == "active")
    ).first()
    return Actor(person_id=person_id, role=Role(row.role), name=row.name) if row else None


def actor_on(person_id: int, today: date) -> Actor | None:
    """`actor_of` while they may enter: None from the day after they left, too."""
    row = db.session.execute(
        select(Person.name, Person.role, Person.status, Person.left_on).where(
            Person.id == person_id
        )
    ).first()
    if row is None or not may_sign_in(row.status, row.left_on, today):
        return None
    return Actor(person_id=person_id, role=Role(row.role), name=row.name)


def actor_by_key(key: str) -> Actor | None:
    """`actor_of` by the files' person_id."""
    ident = by_key([key]).get(key)
    return actor_of(ident) if ident is not None else None


def directory(
    on: date, *, text: str = "", offset: int = 0, limit: int = 50
) -> tuple[tuple[DirectoryRow, ...], int]:
    """A page of active people by name with their team on a day, and how many match in all.

    Aliases stand in for names; addresses are never part of it (TRUST, people.directory).
    """
    shown = func.coalesce(Person.alias, Person.name)
    wanted = [Person.status == "active", or_(Person.left_on.is_(None), Person.left_on >= on)]
    if text:
        pattern = "%" + text.lower().replace("/", "//").replace("%", "/%").replace("_", "/_") + "%"
        wanted.append(func.lower(shown).like(pattern, escape="/"))
    total = db.session.scalar(select(func.count()).select_from(Person).where(*wanted)) or 0
    rows = db.session.execute(
        select(Person.id, Person.key, shown, Person.role)
        .where(*wanted)
        .order_by(shown, Person.id)
        .offset(offset)
        .limit(limit)
    ).all()
    team_of_person = _teams_of([row.id for row in rows], on)
    return tuple(
        DirectoryRow(key, name, role, *team_of_person.get(ident, (None, None)))
        for ident, key, name, role in rows
    ), total


def _teams_of(person_ids: Sequence[int], on: date) -> dict[int, tuple[str, str]]:
    """Team name and slug of a few people on a day (P7)."""
    rows = db.session.execute(
        select(TeamMembership.person_id, Team.name, Team.slug)
        .join(Team, Team.id == TeamMembership.team_id)
        .where(TeamMembership.person_id.in_(person_ids), covers(on))
        .order_by(TeamMembership.starts_on, TeamMembership.id)
    )
    return {person_id: (name, slug) for person_id, name, slug in rows}


def preference_of(person_id: int) -> Preference | None:
    """The person's own choices, or None for every default."""
    return db.session.get(Preference, person_id)


def alias_taken(alias: str, person_id: int) -> bool:
    """Somebody else bears this as alias or name (TRUST, me.alias_set)."""
    low = alias.lower()
    found = db.session.scalar(
        select(Person.id)
        .where(
            Person.id != person_id,
            or_(func.lower(Person.alias) == low, func.lower(Person.name) == low),
        )
        .limit(1)
    )
    return found is not None
