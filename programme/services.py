"""The verbs of the programme room: start or change a programme, its outcomes, its questions."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from core import audit, history
from core.db import (
    bulk_insert,
    db,
    delete_where,
    insert_missing,
    insert_missing_returning,
    revise,
)
from core.errors import Conflict
from core.playbook import Apply, Playbook
from core.policy import Actor
from programme import queries
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
from programme.rules import (
    SERIES_FIELDS,
    AskPlan,
    OutcomePlan,
    ProgrammePlan,
    starts_new_series,
)

ASK_FIELDS = ("question", "roles", "is_anonymous")
OUTCOME_FIELDS = ("title", "unit", "direction", "baseline")


@dataclass(frozen=True)
class Started:
    """A programme after a playbook was applied, and what that changed, in sentences."""

    programme_id: int
    changes: tuple[str, ...]
    notices: tuple[str, ...] = ()


def start_programme(plan: ProgrammePlan, actor: Actor, now: datetime) -> Started:
    """Create the programme, or make it say what the plan says. The same plan again: no change.

    A change of what "sustained" means raises `rule_version`, which starts a new series.
    """
    notices = []
    sponsor_id = None
    if plan.sponsor is not None:
        sponsor_id = queries.person_id_by_key(plan.sponsor)
        if sponsor_id is None:
            notices.append(
                f"The sponsor {plan.sponsor} is not in the directory yet: import people, "
                "then apply the playbook again."
            )
    values = {**plan.values, "sponsor_id": sponsor_id}
    row = queries.get(plan.slug)
    if row is None:
        row = Programme(slug=plan.slug, **values)  # type: ignore[arg-type]
        db.session.add(row)
        db.session.flush()
        _note_rule(row, now)
        _audit("programme.start", actor, now, row, {"rule_version": row.rule_version})
        return Started(row.id, (f"programme {plan.slug}: created",), tuple(notices))
    before = _rule_of(row)
    changed = _change(row, values)
    if starts_new_series(changed):
        _note_rule_before(row, before)
        row.rule_version += 1
        _note_rule(row, now)
    if changed:
        db.session.flush()
        detail = {"fields": changed, "rule_version": row.rule_version}
        _audit("programme.change", actor, now, row, detail)
    sentences = tuple(f"programme {plan.slug}: {name} changed" for name in changed)
    return Started(row.id, sentences, tuple(notices))


def _rule_of(row: Programme) -> dict[str, object]:
    """The fields whose change starts a new series, as they stand."""
    return {name: getattr(row, name) for name in SERIES_FIELDS}


def _note_rule(row: Programme, now: datetime) -> None:
    """Keep what "sustained" means from now on."""
    db.session.add(
        RuleVersion(programme_id=row.id, version=row.rule_version, since=now, rule=_rule_of(row))
    )


def _note_rule_before(row: Programme, before: dict[str, object]) -> None:
    """Keep what it meant until now, where the programme is older than these notes."""
    insert_missing(
        RuleVersion,
        [{"programme_id": row.id, "version": row.rule_version, "since": None, "rule": before}],
        ["programme_id", "version"],
    )


def _change(row: Programme | Outcome | Ask, values: dict[str, object]) -> list[str]:
    """Set what differs; the names of the columns that did."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


def _audit(
    action: str, actor: Actor, now: datetime, row: Programme, detail: dict[str, object]
) -> None:
    audit.record(action, actor=actor, now=now, subject=f"programme:{row.id}", detail=detail)


def set_outcomes(
    programme_id: int, plans: Sequence[OutcomePlan], actor: Actor, now: datetime
) -> list[str]:
    """Make the programme's outcomes say what the plans say; outcomes not named stay."""
    stored = queries.outcome_rows(programme_id)
    known = {row.slug: row for row in queries.outcomes(programme_id)}
    changes = []
    for plan in plans:
        values = {name: getattr(plan, name) for name in OUTCOME_FIELDS}
        row = stored.get(plan.slug)
        if row is None:
            row = Outcome(programme_id=programme_id, slug=plan.slug, **values)
            db.session.add(row)
            db.session.flush()
            _set_inside(row.id, plan)
            changes.append(f"outcome {plan.slug}: created")
            continue
        changed = _change(row, values)
        before = known[plan.slug]
        if before.targets != dict(plan.targets) or before.metrics != plan.metrics:
            _set_inside(row.id, plan)
            changed.append("targets and metrics")
        if changed:
            changes.append(f"outcome {plan.slug}: {', '.join(changed)} changed")
    if changes:
        db.session.flush()
        subject = f"programme:{programme_id}"
        audit.record(
            "outcome.set", actor=actor, now=now, subject=subject, detail={"changes": changes}
        )
    return changes


def _set_inside(outcome_id: int, plan: OutcomePlan) -> None:
    """Replace an outcome's targets and metric links."""
    delete_where(Target, Target.outcome_id == outcome_id)
    delete_where(AdoptionMetricLink, AdoptionMetricLink.outcome_id == outcome_id)
    insert_missing(
        Target,
        [
            {"outcome_id": outcome_id, "quarter": quarter, "value": value}
            for quarter, value in plan.targets.items()
        ],
        ["outcome_id", "quarter"],
    )
    insert_missing(
        AdoptionMetricLink,
        [{"outcome_id": outcome_id, "metric": metric} for metric in plan.metrics],
        ["outcome_id", "metric"],
    )


def set_asks(programme_id: int, plans: Sequence[AskPlan], actor: Actor, now: datetime) -> list[str]:
    """Make the programme's questions say what the plans say; questions not named stay."""
    stored = queries.asks(programme_id)
    changes = []
    for plan in plans:
        values: dict[str, object] = {
            "question": plan.question,
            "roles": list(plan.roles),
            "is_anonymous": plan.is_anonymous,
        }
        row = stored.get(plan.slug)
        if row is None:
            db.session.add(Ask(programme_id=programme_id, slug=plan.slug, **values))  # type: ignore[arg-type]
            changes.append(f"ask {plan.slug}: created")
        elif changed := _change(row, values):
            changes.append(f"ask {plan.slug}: {', '.join(changed)} changed")
    if changes:
        db.session.flush()
        subject = f"programme:{programme_id}"
        audit.record("ask.set", actor=actor, now=now, subject=subject, detail={"changes": changes})
    return changes


def enrol(programme_id: int, person_ids: Collection[int], now: datetime) -> int:
    """Put people into a programme; who is in it already stays. Returns how many were new."""
    rows = [
        {"programme_id": programme_id, "person_id": person_id, "enrolled_at": now}
        for person_id in sorted(person_ids)
    ]
    new = insert_missing_returning(
        Enrolment, rows, ["programme_id", "person_id"], ["programme_id", "person_id"]
    )
    keys = {queries.enrolment_key(row.programme_id, row.person_id): None for row in new}
    history.keep(queries.ENROLMENT, keys, now)
    return len(new)


@dataclass(frozen=True)
class Reading:
    """What an outcome was observed to be on a day; no team means the whole company."""

    outcome_id: int
    read_on: date
    value: Decimal
    team_id: int | None = None

    @property
    def key(self) -> tuple[int, date, int]:
        """A reading is known by outcome, day and team."""
        return self.outcome_id, self.read_on, self.team_id or 0


def record_readings(readings: Sequence[Reading], now: datetime) -> tuple[int, int]:
    """Store readings by outcome, day and team; how many were new and how many changed.

    What a corrected reading said before is kept. Keys in `readings` are distinct.
    """
    if not readings:
        return 0, 0
    days = [reading.read_on for reading in readings]
    outcomes = {reading.outcome_id for reading in readings}
    stored = queries.readings_of(outcomes, min(days), max(days))
    new = [reading for reading in readings if reading.key not in stored]
    changed = [
        reading
        for reading in readings
        if reading.key in stored and stored[reading.key].value != reading.value
    ]
    before: dict[str, history.Facts | None] = {_reading_key(reading): None for reading in new}
    for reading in changed:
        before[_reading_key(reading)] = {"value": str(stored[reading.key].value)}
        stored[reading.key].value = reading.value
    history.keep(queries.READING, before, now)
    bulk_insert(
        OutcomeReading,
        [
            {
                "outcome_id": reading.outcome_id,
                "read_on": reading.read_on,
                "value": reading.value,
                "team_id": reading.team_id,
                "team_ref": reading.team_id or 0,
            }
            for reading in new
        ],
    )
    db.session.flush()
    return len(new), len(changed)


def _reading_key(reading: Reading) -> str:
    return " ".join(map(str, reading.key))


def record_holdout(
    programme_id: int, slug: str, percent: int, starts_on: date, ends_on: date | None
) -> None:
    """Note that something holds back `percent` % of the reps by the hash of their name (X15).

    Nobody held back, or an end before the start, leaves no experiment. Raises Conflict when teams
    were drawn under this name.
    """
    row = queries.experiment_row(programme_id, slug)
    if row is not None and row.unit != "rep":
        raise Conflict(f"There is an experiment {slug} with teams already.", field="slug")
    if percent == 0 or (ends_on is not None and ends_on < starts_on):
        if row is not None:
            delete_where(Experiment, Experiment.id == row.id)
            db.session.expunge(row)
        return
    if row is None:
        row = Experiment(programme_id=programme_id, slug=slug, unit="rep", starts_on=starts_on)
        db.session.add(row)
    terms = {"starts_on": starts_on, "ends_on": ends_on, "holdout_percent": percent}
    revise(row, terms)
    db.session.flush()


@dataclass(frozen=True)
class Draw:
    """Teams drawn by lot to start early or late, and the days in which only the early ones have."""

    slug: str
    starts_on: date
    ends_on: date
    arms: Mapping[int, str]


def record_draw(programme_id: int, draw: Draw, actor: Actor, now: datetime) -> None:
    """Keep what teams drew, once for ever. Raises Conflict when the name has an experiment."""
    if queries.experiment_row(programme_id, draw.slug) is not None:
        raise Conflict(f"There is an experiment {draw.slug} already.", field="slug")
    row = Experiment(
        programme_id=programme_id,
        slug=draw.slug,
        unit="team",
        starts_on=draw.starts_on,
        ends_on=draw.ends_on,
    )
    db.session.add(row)
    db.session.flush()
    bulk_insert(
        ArmAssignment,
        [
            {"experiment_id": row.id, "team_id": team_id, "arm": arm}
            for team_id, arm in sorted(draw.arms.items())
        ],
    )
    sides = Counter(draw.arms.values())
    subject, detail = f"programme:{programme_id}", {"slug": draw.slug, **sides}
    audit.record("experiment.draw", actor=actor, now=now, subject=subject, detail=detail)


@dataclass(frozen=True)
class Applied:
    """A playbook after it was applied: what changed and what to know, in sentences."""

    programme_id: int
    changes: tuple[str, ...]
    notices: tuple[str, ...]


def apply_playbook(
    book: Playbook, *, approve_as: int | None, actor: Actor, now: datetime
) -> Applied:
    """Apply every part of a playbook in the caller's transaction, the programme itself first."""
    plan: ProgrammePlan = next(value for part, value in book.values if part.key == "programme")
    started = start_programme(plan, actor, now)
    run = Apply(started.programme_id, actor, now, approve_as)
    changes = [*started.changes, *(change for _part, change in book.changes(run))]
    queries.by_id(started.programme_id).playbook_hash = book.fingerprint
    return Applied(started.programme_id, tuple(changes), started.notices)
