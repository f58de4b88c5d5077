"""Every SELECT of the programme room."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, or_, select

import people.queries
from core.calendars import ProgrammeCalendar
from core.db import db
from core.history import past
from people.models import Person
from programme.models import (
    AdoptionMetricLink,
    ArmAssignment,
    Ask,
    Enrolment,
    Experiment,
    Outcome,
    OutcomeReading,
    Programme,
    RuleVersion,
    Target,
)
from programme.rules import weekdays_of

# The subject of core.history this room keeps.
ENROLMENT = "enrolment"
READING = "outcome_reading"


@dataclass(frozen=True)
class OutcomeRow:
    """An outcome with its targets by quarter and the adoption metrics linked to it."""

    id: int
    slug: str
    title: str
    unit: str
    direction: str
    baseline: Decimal
    targets: dict[int, Decimal]
    metrics: tuple[str, ...]


def get(slug: str) -> Programme | None:
    """The programme with this slug."""
    return db.session.scalars(select(Programme).where(Programme.slug == slug)).one_or_none()


def by_id(programme_id: int) -> Programme:
    """The programme with this id, which must exist."""
    return db.session.get_one(Programme, programme_id)


def default() -> Programme | None:
    """The programme meant when none is named: the latest launched, then the latest created."""
    latest = select(Programme).order_by(Programme.launch_on.desc(), Programme.id.desc()).limit(1)
    return db.session.scalars(latest).one_or_none()


def default_name() -> str | None:
    """The name of `default()`, alone, for every page's frame."""
    latest = select(Programme.name).order_by(Programme.launch_on.desc(), Programme.id.desc())
    return db.session.scalars(latest.limit(1)).one_or_none()


def all_programmes() -> tuple[Programme, ...]:
    """Every programme, oldest launch first."""
    return tuple(db.session.scalars(select(Programme).order_by(Programme.launch_on, Programme.id)))


def id_of(slug: str | None) -> int | None:
    """The id of the named programme; without a name that of `default()`."""
    programme = default() if slug is None else get(slug)
    return None if programme is None else programme.id


def habits(programme_id: int | None) -> tuple[str, ZoneInfo | None]:
    """The kind that counts as a login, and the zone whose date counts."""
    programme = None if programme_id is None else db.session.get(Programme, programme_id)
    if programme is None:
        return "login", None
    return programme.login_kind, calendar(programme).tz


def rule_versions(programme_id: int) -> tuple[RuleVersion, ...]:
    """Every version of the programme's adoption rule that was noted, oldest first."""
    mine = select(RuleVersion).where(RuleVersion.programme_id == programme_id)
    return tuple(db.session.scalars(mine.order_by(RuleVersion.version)))


def calendar(programme: Programme) -> ProgrammeCalendar:
    """The programme's zone, weeks and working days."""
    return ProgrammeCalendar(
        programme.time_zone,
        programme.week_start,
        weekdays_of(programme.workweek),
        frozenset(map(date.fromisoformat, programme.holidays)),
    )


def members(programme_id: int, as_of: datetime | None = None) -> frozenset[int]:
    """METRICS P1 within a programme: reps, not test, enrolled here or nowhere at all.

    With `as_of`, as roles, test marks and enrolments were known then.
    """
    enrolled_since = {key for key, facts in past(ENROLMENT, as_of).items() if facts is None}
    changed = people.queries.roles_then(as_of)
    if enrolled_since or changed:
        return _members_then(programme_id, enrolled_since, changed)
    here = exists().where(
        and_(Enrolment.person_id == Person.id, Enrolment.programme_id == programme_id)
    )
    anywhere = exists().where(Enrolment.person_id == Person.id)
    reps = select(Person.id).where(
        Person.role == "rep", Person.is_test.is_(False), or_(here, ~anywhere)
    )
    return frozenset(db.session.scalars(reps))


def _members_then(
    programme_id: int,
    enrolled_since: Collection[str],
    changed: Mapping[int, tuple[str, bool] | None],
) -> frozenset[int]:
    """`members` with what changed since put back."""
    programmes: dict[int, set[int]] = defaultdict(set)
    for person_id, owner in db.session.execute(select(Enrolment.person_id, Enrolment.programme_id)):
        if enrolment_key(owner, person_id) not in enrolled_since:
            programmes[person_id].add(owner)
    found = set()
    for person_id, *now in db.session.execute(select(Person.id, Person.role, Person.is_test)):
        role_and_test = changed.get(person_id, tuple(now))
        is_here = programme_id in programmes.get(person_id, {programme_id})
        if role_and_test == ("rep", False) and is_here:
            found.add(person_id)
    return frozenset(found)


def enrolment_key(programme_id: int, person_id: int) -> str:
    """How `core.history` names an enrolment."""
    return f"{programme_id}:{person_id}"


def programmes_of(person_id: int) -> tuple[int, ...]:
    """The programmes a person belongs to, latest launch first."""
    own = frozenset(
        db.session.scalars(select(Enrolment.programme_id).where(Enrolment.person_id == person_id))
    )
    latest = select(Programme.id).order_by(Programme.launch_on.desc(), Programme.id.desc())
    return tuple(found for found in db.session.scalars(latest) if not own or found in own)


def outcomes(programme_id: int) -> tuple[OutcomeRow, ...]:
    """The programme's outcomes with targets and linked metrics, by slug."""
    mine = select(Outcome.id).where(Outcome.programme_id == programme_id)
    targets: dict[int, dict[int, Decimal]] = defaultdict(dict)
    for target in db.session.scalars(select(Target).where(Target.outcome_id.in_(mine))):
        targets[target.outcome_id][target.quarter] = target.value
    metrics: dict[int, list[str]] = defaultdict(list)
    links = select(AdoptionMetricLink).where(AdoptionMetricLink.outcome_id.in_(mine))
    for link in db.session.scalars(links.order_by(AdoptionMetricLink.metric)):
        metrics[link.outcome_id].append(link.metric)
    found = select(Outcome).where(Outcome.programme_id == programme_id).order_by(Outcome.slug)
    return tuple(
        OutcomeRow(
            row.id,
            row.slug,
            row.title,
            row.unit,
            row.direction,
            row.baseline,
            dict(targets[row.id]),
            tuple(metrics[row.id]),
        )
        for row in db.session.scalars(found)
    )


def outcome_rows(programme_id: int) -> dict[str, Outcome]:
    """The stored outcomes by slug, for changing them."""
    found = select(Outcome).where(Outcome.programme_id == programme_id)
    return {row.slug: row for row in db.session.scalars(found)}


def outcome_ids(programme_id: int) -> dict[str, int]:
    """The ids of the programme's outcomes by slug."""
    found = select(Outcome.slug, Outcome.id).where(Outcome.programme_id == programme_id)
    return {row.slug: row.id for row in db.session.execute(found)}


def team_ids(names: Collection[str]) -> dict[str, int]:
    """The ids of the named teams; a name nobody bears is left out."""
    return people.queries.team_ids_by_name(names)


def readings_of(
    outcome_ids: Collection[int], first: date, last: date
) -> dict[tuple[int, date, int], OutcomeReading]:
    """Readings of these outcomes within two days, by outcome, day and team (0: everybody)."""
    found = select(OutcomeReading).where(
        OutcomeReading.outcome_id.in_(outcome_ids), OutcomeReading.read_on.between(first, last)
    )
    return {(row.outcome_id, row.read_on, row.team_ref): row for row in db.session.scalars(found)}


def asks(programme_id: int) -> dict[str, Ask]:
    """The stored questions by slug."""
    found = select(Ask).where(Ask.programme_id == programme_id)
    return {row.slug: row for row in db.session.scalars(found)}


def person_id_by_key(key: str) -> int | None:
    """The person a playbook names as sponsor or approver."""
    return db.session.scalars(select(Person.id).where(Person.key == key)).one_or_none()


@dataclass(frozen=True)
class ExperimentRow:
    """A comparison drawn by lot; `arms` by team id, empty where the hash of the name decides."""

    slug: str
    unit: str
    starts_on: date
    ends_on: date | None
    holdout_percent: int | None
    arms: Mapping[int, str]


def experiments(programme_id: int) -> tuple[ExperimentRow, ...]:
    """The programme's experiments, oldest first."""
    mine = select(Experiment).where(Experiment.programme_id == programme_id)
    found = list(db.session.scalars(mine.order_by(Experiment.starts_on, Experiment.slug)))
    arms: dict[int, dict[int, str]] = defaultdict(dict)
    drawn = select(ArmAssignment).where(
        ArmAssignment.experiment_id.in_([row.id for row in found if row.unit == "team"])
    )
    for one in db.session.scalars(drawn.order_by(ArmAssignment.team_id)):
        arms[one.experiment_id][one.team_id] = one.arm
    return tuple(
        ExperimentRow(
            row.slug, row.unit, row.starts_on, row.ends_on, row.holdout_percent, arms[row.id]
        )
        for row in found
    )


def experiment_row(programme_id: int, slug: str) -> Experiment | None:
    """The stored experiment of this name, for changing."""
    mine = Experiment.programme_id == programme_id
    return db.session.scalar(select(Experiment).where(mine, Experiment.slug == slug))
