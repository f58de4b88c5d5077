"""Every SELECT of the people room. Set-wise, the same SQL on both databases."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from core.db import Question, UtcDateTime, db, in_transaction
from core.history import Facts, past
from core.intake.directory import Known
from core.outbox import Recipient
from core.planning import is_among
from core.policy import Actor, Role
from people.models import (
    Absence,
    Account,
    ApiToken,
    AuthSession,
    ExternalId,
    Person,
    PersonChange,
    Preference,
    Team,
    TeamMembership,
)
from people.rules import (
    QUIET_FROM,
    QUIET_UNTIL,
    MembershipSpan,
    PersonCalendar,
    absences_then,
    calendars_then,
    may_sign_in,
    spans_then,
    teams_of,
)

CHUNK = 5000
# The subjects of core.history this room keeps.
PERSON, MEMBERSHIP, ABSENCE = "person", "membership", "absence"
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


@dataclass(frozen=True)
class StoredPerson:
    """A person's record as an import compares it, with the manager by key."""

    id: int
    key: str
    email: str
    name: str
    role: str
    channel: str | None
    time_zone: str | None
    hired_on: date | None
    left_on: date | None
    enabled_on: date | None
    disabled_on: date | None
    manager_id: int | None
    is_test: bool
    alias: str | None
    ranking_opt_out: bool
    status: str


@dataclass(frozen=True)
class TeamRow:
    """A team with its size and lead on a day."""

    id: int
    slug: str
    name: str
    headcount: int = 0
    lead_id: int | None = None
    lead_name: str | None = None


@dataclass(frozen=True)
class DirectoryRow:
    """One line of the directory."""

    key: str
    name: str
    role: str
    team: str | None
    team_slug: str | None


@dataclass(frozen=True)
class SignIn:
    """What the sign-in check needs of one person."""

    person_id: int
    password_hash: str
    version: int
    may_enter: bool


@dataclass(frozen=True)
class OpenSession:
    """A live session with the person behind it."""

    person_id: int
    role: str
    name: str
    seen_at: datetime
    created_at: datetime


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


T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
AnyRow = Row[*tuple[Any, ...]]
Past = Mapping[str, Facts | None]


def _chunks(values: Collection[T]) -> Iterator[list[T]]:
    """Lists short enough for one IN on both databases."""
    items = list(values)
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def _pairs(rows: Iterable[Row[K, V]]) -> dict[K, V]:
    """A dict from rows of two columns; a later row wins."""
    return {row[0]: row[1] for row in rows}


def _covers(day: date) -> ColumnElement[bool]:
    """Memberships whose [starts_on, ends_on) holds `day`."""
    return and_(
        TeamMembership.starts_on <= day,
        or_(TeamMembership.ends_on.is_(None), TeamMembership.ends_on > day),
    )


def by_key(keys: Collection[str] | None = None) -> dict[str, int]:
    """Person ids by the files' person_id; None asks for everybody."""
    columns = select(Person.key, Person.id)
    if keys is None:
        return _pairs(db.session.execute(columns))
    return _pairs(db.session.execute(columns.where(is_among(Person.key, keys))))


def by_email(emails: Collection[str] | None = None) -> dict[str, int]:
    """Person ids by address in lower case; None asks for everybody."""
    columns = select(Person.email, Person.id)
    if emails is None:
        return _pairs(db.session.execute(columns))
    found: dict[str, int] = {}
    for chunk in _chunks({email.lower() for email in emails}):
        found.update(
            (mail, ident)
            for mail, ident in db.session.execute(columns.where(Person.email.in_(chunk)))
        )
    return found


def everybody() -> tuple[Known, ...]:
    """Who is in the directory by every name an export may call them; erased people are not."""
    refs: dict[int, list[str]] = defaultdict(list)
    for system, ref, ident in db.session.execute(
        select(ExternalId.system, ExternalId.ref, ExternalId.person_id)
    ):
        refs[ident].append(f"{system}:{ref}")
    rows = db.session.execute(
        select(Person.id, Person.key, Person.email, Person.name, Person.role).where(
            Person.status != "erased"
        )
    )
    return tuple(
        Known(key, mail, name, role, tuple(refs.get(ident, ())))
        for ident, key, mail, name, role in rows
    )


def external_ids(pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Whom these (system, ref) pairs mean."""
    found: dict[tuple[str, str], int] = {}
    for chunk in _chunks({ref for _system, ref in pairs}):
        rows = db.session.execute(
            select(ExternalId.system, ExternalId.ref, ExternalId.person_id).where(
                ExternalId.ref.in_(chunk)
            )
        )
        found.update(((system, ref), ident) for system, ref, ident in rows)
    return found


def keys_of(person_ids: Collection[int]) -> dict[int, str]:
    """The files' person_id of each id."""
    found: dict[int, str] = {}
    for chunk in _chunks(person_ids):
        rows = db.session.execute(select(Person.id, Person.key).where(Person.id.in_(chunk)))
        found.update((ident, key) for ident, key in rows)
    return found


def _card(row: AnyRow) -> PersonCard:
    return PersonCard(*tuple(row))


def cards(person_ids: Collection[int]) -> dict[int, PersonCard]:
    """What pages show, for each person asked for."""
    found: dict[int, PersonCard] = {}
    for chunk in _chunks(person_ids):
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


def led_team_ids(person_id: int, on: date) -> frozenset[int]:
    """Teams the person leads on a day."""
    return frozenset(
        db.session.scalars(
            select(TeamMembership.team_id).where(
                TeamMembership.person_id == person_id, TeamMembership.is_lead, _covers(on)
            )
        )
    )


def own_team_ids(person_id: int, on: date) -> frozenset[int]:
    """Teams the person belongs to on a day, leading or not."""
    return frozenset(
        db.session.scalars(
            select(TeamMembership.team_id).where(TeamMembership.person_id == person_id, _covers(on))
        )
    )


def people_in_teams(team_ids: Collection[int], on: date) -> frozenset[int]:
    """Everybody in any of the teams on a day."""
    if not team_ids:
        return frozenset()
    return frozenset(
        db.session.scalars(
            select(TeamMembership.person_id).where(
                TeamMembership.team_id.in_(team_ids), _covers(on)
            )
        )
    )


def people_led_by(person_id: int, on: date) -> frozenset[int]:
    """The people of the teams the person leads on a day, without the person."""
    return people_in_teams(led_team_ids(person_id, on), on) - {person_id}


def leads_of(team_ids: Collection[int], on: date) -> dict[int, tuple[int, ...]]:
    """Leads of each team on a day, ordered by id."""
    found: dict[int, list[int]] = defaultdict(list)
    for chunk in _chunks(team_ids):
        rows = db.session.execute(
            select(TeamMembership.team_id, TeamMembership.person_id)
            .where(TeamMembership.team_id.in_(chunk), TeamMembership.is_lead, _covers(on))
            .order_by(TeamMembership.person_id)
        )
        for team_id, person_id in rows:
            found[team_id].append(person_id)
    return {team_id: tuple(leads) for team_id, leads in found.items()}


def managers_of(person_ids: Collection[int], on: date) -> dict[int, int]:
    """Whom each person answers to on a day: the lead of their team (P7), else their manager."""
    wanted = set(person_ids)
    teams = {pid: team for pid, team in team_on(on).items() if pid in wanted}
    leads = leads_of(set(teams.values()), on)
    found: dict[int, int] = {}
    for chunk in _chunks(wanted):
        rows = db.session.execute(select(Person.id, Person.manager_id).where(Person.id.in_(chunk)))
        for person_id, manager_id in rows:
            own_leads = leads.get(teams.get(person_id, 0), ())
            boss = next((lead for lead in own_leads if lead != person_id), manager_id)
            if boss is not None:
                found[person_id] = boss
    return found


def tree_below(person_id: int, on: date) -> frozenset[int]:
    """Everybody below a person on a day, at any depth: led teams and manager_id (TRUST, tree).

    UNION drops repeats, so a circle ends by itself.
    """
    lead, mate = TeamMembership.__table__.alias("lead"), TeamMembership.__table__.alias("mate")
    by_team = select(lead.c.person_id.label("boss"), mate.c.person_id.label("below")).where(
        lead.c.team_id == mate.c.team_id,
        lead.c.is_lead,
        lead.c.person_id != mate.c.person_id,
        lead.c.starts_on <= on,
        or_(lead.c.ends_on.is_(None), lead.c.ends_on > on),
        mate.c.starts_on <= on,
        or_(mate.c.ends_on.is_(None), mate.c.ends_on > on),
    )
    by_line = select(Person.manager_id.label("boss"), Person.id.label("below")).where(
        Person.manager_id.is_not(None)
    )
    edges = union_all(by_team, by_line).cte("edges")
    below = select(edges.c.below).where(edges.c.boss == person_id).cte("below", recursive=True)
    below = below.union(select(edges.c.below).where(edges.c.boss == below.c.below))
    return frozenset(db.session.scalars(select(below.c.below))) - {person_id}


def team_on(day: date, as_of: datetime | None = None) -> dict[int, int]:
    """METRICS P7 for everybody: latest start covering the day, then the last row.

    A person without an entry is "unassigned". With `as_of`, as the memberships were known then.
    """
    if past(MEMBERSHIP, as_of):
        return teams_of(memberships_between(day, day + timedelta(days=1), as_of))
    rows = db.session.execute(
        select(TeamMembership.person_id, TeamMembership.team_id)
        .where(_covers(day))
        .order_by(TeamMembership.starts_on, TeamMembership.id)
    )
    return _pairs(rows)


def _span(row: AnyRow) -> MembershipSpan:
    return MembershipSpan(
        row.person_id, row.team_id, row.starts_on, row.ends_on, row.is_lead, row.id
    )


_SPAN = (
    TeamMembership.person_id,
    TeamMembership.team_id,
    TeamMembership.starts_on,
    TeamMembership.ends_on,
    TeamMembership.is_lead,
    TeamMembership.id,
)


def memberships_between(
    start: date, end: date, as_of: datetime | None = None
) -> tuple[MembershipSpan, ...]:
    """Memberships touching [start, end), by person, then start, then row (P7's order)."""
    changed = past(MEMBERSHIP, as_of)
    statement = select(*_SPAN).where(TeamMembership.starts_on < end)
    if not changed:
        still = or_(TeamMembership.ends_on.is_(None), TeamMembership.ends_on > start)
        statement = statement.where(still)
    rows = db.session.execute(
        statement.order_by(TeamMembership.person_id, TeamMembership.starts_on, TeamMembership.id)
    )
    spans = spans_then((_span(row) for row in rows), changed)
    return tuple(span for span in spans if span.ends_on is None or span.ends_on > start)


def memberships_of(person_ids: Collection[int]) -> dict[int, tuple[MembershipSpan, ...]]:
    """Every membership of these people, oldest first."""
    found: dict[int, list[MembershipSpan]] = defaultdict(list)
    for chunk in _chunks(person_ids):
        rows = db.session.execute(
            select(*_SPAN)
            .where(TeamMembership.person_id.in_(chunk))
            .order_by(TeamMembership.starts_on, TeamMembership.id)
        )
        for row in rows:
            found[row.person_id].append(_span(row))
    return {person_id: tuple(spans) for person_id, spans in found.items()}


def calendars(
    person_ids: Collection[int] | None = None, as_of: datetime | None = None
) -> dict[int, PersonCalendar]:
    """Employment, enablement and absences of each person asked for (None: everybody).

    With `as_of`, as the records were known then: people added later are not there.
    """
    columns = select(
        Person.id, Person.hired_on, Person.left_on, Person.enabled_on, Person.disabled_on
    )
    away = select(Absence.person_id, Absence.starts_on, Absence.ends_on).order_by(
        Absence.starts_on, Absence.ends_on
    )
    if person_ids is not None:
        columns = columns.where(is_among(Person.id, person_ids))
        away = away.where(is_among(Absence.person_id, person_ids))
    then = past(PERSON, as_of), past(ABSENCE, as_of)
    return _calendars(db.session.execute(columns), db.session.execute(away), *then)


def _calendars(
    people: Iterable[AnyRow], away: Iterable[AnyRow], person_then: Past, absence_then: Past
) -> dict[int, PersonCalendar]:
    absences: dict[int, list[tuple[date, date]]] = defaultdict(list)
    for person_id, starts_on, ends_on in absences_then(away, absence_then):
        absences[person_id].append((starts_on, ends_on))
    present = {
        ident: PersonCalendar(hired, left, enabled, disabled, tuple(absences.get(ident, ())))
        for ident, hired, left, enabled, disabled in people
    }
    return calendars_then(present, person_then)


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
    for chunk in _chunks(person_ids):
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


def actor_by_key(key: str) -> Actor | None:
    """`actor_of` by the files' person_id."""
    ident = by_key([key]).get(key)
    return actor_of(ident) if ident is not None else None


def team_ids_by_name(names: Collection[str] | None = None) -> dict[str, int]:
    """Team ids by name; None asks for every team."""
    columns = select(Team.name, Team.id)
    if names is None:
        return _pairs(db.session.execute(columns))
    found: dict[str, int] = {}
    for chunk in _chunks(names):
        found.update(
            (name, ident) for name, ident in db.session.execute(columns.where(Team.name.in_(chunk)))
        )
    return found


def team_names(team_ids: Collection[int] | None = None) -> dict[int, str]:
    """Team names by id; None asks for every team."""
    columns = select(Team.id, Team.name)
    if team_ids is not None:
        columns = columns.where(Team.id.in_(team_ids))
    return _pairs(db.session.execute(columns))


def team_slugs() -> frozenset[str]:
    """Every address part taken by a team."""
    return frozenset(db.session.scalars(select(Team.slug)))


def teams(on: date, team_ids: Collection[int] | None = None) -> tuple[TeamRow, ...]:
    """Teams by name with headcount (leads not counted) and first lead on a day."""
    columns = select(Team.id, Team.slug, Team.name).order_by(Team.name)
    if team_ids is not None:
        columns = columns.where(Team.id.in_(team_ids))
    rows = db.session.execute(columns).all()
    counts: dict[int, int] = defaultdict(int)
    leads: dict[int, tuple[int, str]] = {}
    members = (
        select(TeamMembership.team_id, TeamMembership.is_lead, Person.id, Person.name)
        .join(Person, Person.id == TeamMembership.person_id)
        .where(_covers(on), TeamMembership.team_id.in_([row.id for row in rows]))
        .order_by(Person.id.desc())
    )
    for team_id, is_lead, person_id, name in db.session.execute(members):
        if is_lead:
            leads[team_id] = (person_id, name)
        else:
            counts[team_id] += 1
    return tuple(
        TeamRow(ident, slug, name, counts[ident], *leads.get(ident, (None, None)))
        for ident, slug, name in rows
    )


def team_by_slug(slug: str, on: date) -> TeamRow | None:
    """One team by its address, or None."""
    ident = db.session.scalar(select(Team.id).where(Team.slug == slug))
    found = teams(on, [ident]) if ident is not None else ()
    return found[0] if found else None


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
        .where(TeamMembership.person_id.in_(person_ids), _covers(on))
        .order_by(TeamMembership.starts_on, TeamMembership.id)
    )
    return {person_id: (name, slug) for person_id, name, slug in rows}


def changes_after(watermark: int, limit: int = 100_000) -> tuple[int, frozenset[int]]:
    """The newest change id and whose records changed since `watermark`."""
    rows = db.session.execute(
        select(PersonChange.id, PersonChange.person_id)
        .where(PersonChange.id > watermark)
        .order_by(PersonChange.id)
        .limit(limit)
    ).all()
    newest = rows[-1].id if rows else watermark
    return newest, frozenset(row.person_id for row in rows)


def sign_in_of(email: str, today: date) -> SignIn | None:
    """What a sign-in with this address is checked against; None when there is no account."""
    row = db.session.execute(
        select(Person.id, Account.password_hash, Account.version, Person.status, Person.left_on)
        .join(Account, Account.person_id == Person.id)
        .where(Person.email == email.lower())
    ).first()
    if row is None:
        return None
    return SignIn(
        person_id=row.id,
        password_hash=row.password_hash,
        version=row.version,
        may_enter=may_sign_in(row.status, row.left_on, today),
    )


# Who is behind a session, while it holds. Rooms above may ask more in the same statement.
OPEN_SESSION: Select[*tuple[Any, ...]] = (
    select(
        AuthSession.person_id,
        Person.role,
        Person.name,
        AuthSession.seen_at,
        AuthSession.created_at,
        Person.status,
        Person.left_on,
    )
    .join(Account, Account.person_id == AuthSession.person_id)
    .join(Person, Person.id == AuthSession.person_id)
    .where(
        AuthSession.id_hash == bindparam("id_hash"),
        AuthSession.expires_at > bindparam("now", type_=UtcDateTime()),
        AuthSession.account_version == Account.version,
    )
)
SESSION_COLUMNS = len(OPEN_SESSION.selected_columns)
# The latest changes of people, memberships and absences as one number: it differs as soon as one
# more is there, also when changes made at the same moment come in another order than their ids.
_LATEST = (
    select(PersonChange.id).order_by(PersonChange.id.desc()).limit(literal_column("20")).subquery()
)
NEWEST_CHANGE = select(func.sum(_LATEST.c.id)).scalar_subquery()
_SESSION = Question(OPEN_SESSION)


def open_session(id_hash: str, now: datetime) -> OpenSession | None:
    """The session behind a cookie, if it still holds.

    Not ended, not expired, the account's version unchanged, and a person who may still enter.
    """
    given = {"id_hash": id_hash, "now": now}
    if in_transaction():
        rows = [tuple(row) for row in db.session.execute(OPEN_SESSION, given)]
    else:
        rows = _SESSION.ask(db.engine, **given)
    return session_in(rows[0], now) if rows else None


def session_in(row: tuple[Any, ...], now: datetime) -> OpenSession | None:
    """The session in a row of `OPEN_SESSION`, if its person may still enter."""
    person_id, role, name, seen_at, created_at, status, left_on = row[:SESSION_COLUMNS]
    if not may_sign_in(status, left_on, now.date()):
        return None
    return OpenSession(person_id, role, name, seen_at, created_at)


def token_by_hash(token_hash: str, now: datetime) -> ApiToken | None:
    """A token that is neither revoked nor over."""
    return db.session.scalar(
        select(ApiToken).where(
            ApiToken.token_hash == token_hash,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > now,
        )
    )


def token_by_prefix(prefix: str) -> ApiToken | None:
    """A token by the part of it that may be shown."""
    return db.session.scalar(select(ApiToken).where(ApiToken.prefix == prefix))


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


_STORED = (
    Person.id,
    Person.key,
    Person.email,
    Person.name,
    Person.role,
    Person.channel,
    Person.time_zone,
    Person.hired_on,
    Person.left_on,
    Person.enabled_on,
    Person.disabled_on,
    Person.manager_id,
    Person.is_test,
    Person.alias,
    Person.ranking_opt_out,
    Person.status,
)


def stored_people(keys: Collection[str]) -> dict[str, StoredPerson]:
    """The records an import of these keys meets."""
    found: dict[str, StoredPerson] = {}
    for chunk in _chunks(keys):
        rows: Iterable[AnyRow] = db.session.execute(select(*_STORED).where(Person.key.in_(chunk)))
        found.update((row.key, StoredPerson(*tuple(row))) for row in rows)
    return found


def owners_of_emails(emails: Collection[str]) -> dict[str, str]:
    """The key of whoever holds each address."""
    found: dict[str, str] = {}
    for chunk in _chunks(emails):
        rows = db.session.execute(select(Person.email, Person.key).where(Person.email.in_(chunk)))
        found.update(_pairs(rows))
    return found


def manager_keys() -> dict[str, str | None]:
    """Everybody's key with the key of their manager."""
    boss = Person.__table__.alias("boss")
    rows = db.session.execute(
        select(Person.key, boss.c.key).outerjoin(boss, boss.c.id == Person.manager_id)
    )
    return {row[0]: row[1] for row in rows}


def absences_of(person_ids: Collection[int]) -> frozenset[tuple[int, date, date]]:
    """Every absence of these people as (person, first day, last day)."""
    found: set[tuple[int, date, date]] = set()
    for chunk in _chunks(person_ids):
        rows = db.session.execute(
            select(Absence.person_id, Absence.starts_on, Absence.ends_on).where(
                Absence.person_id.in_(chunk)
            )
        )
        found.update((row[0], row[1], row[2]) for row in rows)
    return frozenset(found)


def accounts_of(person_ids: Collection[int]) -> tuple[Account, ...]:
    """The accounts of those who have one, to be changed."""
    found: list[Account] = []
    for chunk in _chunks(person_ids):
        found.extend(db.session.scalars(select(Account).where(Account.person_id.in_(chunk))))
    return tuple(found)
