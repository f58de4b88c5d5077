"""The directory import: everybody with their managers, taken in batch by batch, set-wise."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import audit, history
from core.db import bulk_insert, upsert_rows
from core.intake.kinds import Batch, BatchResult, LoadContext, Problem, Row
from core.policy import Role, Scope, scope_of
from people import queries
from people.models import Person
from people.queries import StoredPerson
from people.rules import manager_cycles, person_facts
from people.services.changes import end_sessions_of, note_changes
from people.services.known import STAYS_ERASED

PRIVILEGED = frozenset({Role.SALES_OPS, Role.EXECUTIVE, Role.ADMIN})

# What a column of the file is called on the person.
PERSON_FIELDS = {
    "email": "email",
    "name": "name",
    "role": "role",
    "channel": "channel",
    "time_zone": "time_zone",
    "hire_date": "hired_on",
    "leave_date": "left_on",
    "enabled_on": "enabled_on",
    "disabled_on": "disabled_on",
    "is_test": "is_test",
}
WRITTEN = (*PERSON_FIELDS.values(), "manager_id")
DEEPEST_LEVEL = 30


@dataclass
class _Sifting:
    """Rows of a batch still standing, by key, and the problems of those that fell."""

    rows: dict[str, tuple[int, Row]]
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def refuse(self, key: str, column: str, code: str, value: object, message: str = "") -> None:
        """Let a row fall with its reason."""
        line, _row = self.rows.pop(key)
        self.problems.append(Problem(line, column, code, str(value), message))

    def note(self, key: str, column: str, code: str, value: object, message: str) -> None:
        """Say something about a row that is stored all the same."""
        line = self.rows[key][0]
        self.notes.append(Problem(line, column, code, str(value), message, refuses=False))


def load_people(batch: Batch, context: LoadContext) -> BatchResult:
    """Add and change people by person_id; managers may stand anywhere in the batch.

    Columns the file lacks keep what is stored. A manager nobody knows is noted and left as it
    was; rows that close a circle of managers are refused, all of them.
    """
    sifting = _Sifting({row["person_id"]: (line, row) for line, row in batch.rows})
    stored = queries.stored_people(sifting.rows)
    erased = _erased_keys(sifting, stored)
    for key in erased:
        sifting.note(key, "person_id", "not_counted", key, STAYS_ERASED)
        del sifting.rows[key]
    _refuse_bad_dates(sifting)
    _refuse_roles(sifting, stored, batch.columns, context)
    _refuse_taken_emails(sifting, stored)
    managers = _managers(sifting, batch.columns)
    result = _store_people(sifting, stored, batch.columns, managers, context.now)
    if result.touched:
        audit.record(
            "import.apply",
            actor=context.actor,
            now=context.now,
            subject="import:people",
            detail={"added": result.added, "changed": result.changed},
        )
    return BatchResult(
        added=result.added,
        changed=result.changed,
        unchanged=result.unchanged + len(erased),
        problems=[*sifting.problems, *sifting.notes],
        touched=result.touched,
    )


def _erased_keys(sifting: _Sifting, stored: Mapping[str, StoredPerson]) -> list[str]:
    """The keys of people who were erased, also those whose key had told who they were."""
    new = {f"key:{key}": key for key in sifting.rows if key not in stored}
    kept = [key for key, person in stored.items() if person.status == "erased"]
    return [*kept, *(new[way] for way in sorted(queries.forgotten(new)))]


def _refuse_bad_dates(sifting: _Sifting) -> None:
    """A last day before the first, or a disabling before the enabling."""
    for key, (_line, row) in list(sifting.rows.items()):
        for first, last in (("hire_date", "leave_date"), ("enabled_on", "disabled_on")):
            if row[first] and row[last] and row[last] < row[first]:
                sifting.refuse(key, last, "end_before_start", row[last])
                break


def _refuse_roles(
    sifting: _Sifting,
    stored: Mapping[str, StoredPerson],
    columns: Collection[str],
    context: LoadContext,
) -> None:
    """Nobody raises a colleague to a role of trust by uploading a file (TRUST, role_assign)."""
    if "role" not in columns or scope_of(context.actor, "people.role_assign") is not Scope.NONE:
        return
    for key, (_line, row) in list(sifting.rows.items()):
        before = stored[key].role if key in stored else Role.REP
        if row["role"] != before and PRIVILEGED & {row["role"], before}:
            sifting.refuse(key, "role", "not_allowed", row["role"])


def _refuse_taken_emails(sifting: _Sifting, stored: Mapping[str, StoredPerson]) -> None:
    """An address belongs to one person; two people of one file may swap theirs."""
    first_with: dict[str, str] = {}
    for key, (_line, row) in list(sifting.rows.items()):
        earlier = first_with.setdefault(row["email"], key)
        if earlier != key:
            said = f"{earlier} has this address in the same file. Each person needs their own."
            sifting.refuse(key, "email", "key_taken", row["email"], said)
    owners = queries.owners_of_emails({row["email"] for _line, row in sifting.rows.values()})
    fell = True
    while fell:
        fell = False
        for key, (_line, row) in list(sifting.rows.items()):
            owner = owners.get(row["email"], key)
            if owner != key and _keeps_email(owner, row["email"], sifting):
                said = f"{owner} has this address. Correct one of the two."
                sifting.refuse(key, "email", "key_taken", row["email"], said)
                fell = True


def _keeps_email(owner: str, email: str, sifting: _Sifting) -> bool:
    """The owner does not give the address up in this batch."""
    return owner not in sifting.rows or sifting.rows[owner][1]["email"] == email


def _managers(sifting: _Sifting, columns: Collection[str]) -> dict[str, str | None]:
    """The manager's key each standing row asks for; circles are refused, strangers noted."""
    if "manager_id" not in columns:
        return {}
    present = queries.manager_keys()
    _root_those_above_themselves(sifting)
    while True:
        asked: dict[str, str | None] = {
            key: row["manager_id"] for key, (_line, row) in sifting.rows.items()
        }
        circle = manager_cycles(present | asked) & asked.keys()
        if not circle:
            break
        named = " -> ".join(sorted(circle)[:6])
        for key in sorted(circle):
            manager = asked[key]
            said = (
                f"The managers form a circle ({named}): somebody would be above themselves. "
                "Correct manager_id on one of these rows."
            )
            sifting.refuse(key, "manager_id", "manager_cycle", manager, said)
    known = present.keys() | asked.keys()
    for key, manager in list(asked.items()):
        if manager is not None and manager not in known:
            said = (
                f"Nobody has the person_id {manager}; {key} was imported and keeps the manager "
                "they had. Add the manager, then import this file again."
            )
            sifting.note(key, "manager_id", "unknown_manager", manager, said)
            del asked[key]
    return asked


def _root_those_above_themselves(sifting: _Sifting) -> None:
    """Some directories write the head of the company as their own manager: they have none."""
    for key, (_line, row) in sifting.rows.items():
        if row["manager_id"] == key:
            said = f"{key} is their own manager, which is read as: nobody is above them."
            sifting.note(key, "manager_id", "repaired", key, said)
            row["manager_id"] = None


@dataclass(frozen=True)
class _Stored:
    added: int
    changed: int
    unchanged: int
    touched: frozenset[int]


def _store_people(
    sifting: _Sifting,
    stored: Mapping[str, StoredPerson],
    columns: Collection[str],
    managers: Mapping[str, str | None],
    now: datetime,
) -> _Stored:
    """Insert the new, then write those that differ; a few statements whatever their number."""
    fields = {column: name for column, name in PERSON_FIELDS.items() if column in columns}
    _park_exchanged_emails(sifting, stored)
    new = [key for key in sifting.rows if key not in stored]
    ids = queries.by_key({*sifting.rows, *(boss for boss in managers.values() if boss)})
    late = _insert_new(new, sifting, managers, ids)
    changed: dict[str, dict[str, Any]] = {}
    for key in (*stored.keys() & sifting.rows.keys(), *late):
        row = sifting.rows[key][1]
        asked: dict[str, Any] = {name: row[column] for column, name in fields.items()}
        if key in managers:
            boss = managers[key]
            asked["manager_id"] = ids[boss] if boss else None
        before = vars(stored[key]) if key in stored else _new_person(key, row)
        if any(before[name] != value for name, value in asked.items()):
            changed[key] = {name: before[name] for name in _KEPT} | {"key": key} | asked
    upsert_rows(Person, changed.values(), ["key"], WRITTEN)
    renewed = [key for key in changed if key in stored]
    touched = frozenset(ids[key] for key in (*new, *renewed))
    before = {str(ids[key]): person_facts(stored[key]) for key in renewed}
    history.keep(queries.PERSON, {str(ids[key]): None for key in new} | before, now)
    note_changes(touched, now)
    end_sessions_of(ids[key] for key in renewed if changed[key]["role"] != stored[key].role)
    return _Stored(len(new), len(renewed), len(sifting.rows) - len(new) - len(renewed), touched)


def _insert_new(
    new: Sequence[str],
    sifting: _Sifting,
    managers: Mapping[str, str | None],
    ids: dict[str, int],
) -> list[str]:
    """Insert people level by level, so that each finds their manager there; fills `ids`.

    Those deeper than any company is are inserted without a manager and returned.
    """
    waiting = list(new)
    for _level in range(DEEPEST_LEVEL):
        known = {key: managers.get(key) for key in waiting}
        ready = [key for key, boss in known.items() if boss is None or boss in ids]
        rows = [
            _new_person(key, sifting.rows[key][1]) | {"manager_id": ids[boss] if boss else None}
            for key in ready
            for boss in (known[key],)
        ]
        bulk_insert(Person, rows)
        ids.update(queries.by_key(ready))
        waiting = [key for key in waiting if key not in ids]
        if not waiting:
            break
    bulk_insert(Person, [_new_person(key, sifting.rows[key][1]) for key in waiting])
    ids.update(queries.by_key(waiting))
    return waiting


_KEPT = (*WRITTEN, "alias", "ranking_opt_out", "status")


def _new_person(key: str, row: Row) -> dict[str, Any]:
    """A person's first record; the manager follows when everybody has an id."""
    return {
        "key": key,
        **{name: row[column] for column, name in PERSON_FIELDS.items()},
        "manager_id": None,
        "alias": None,
        "ranking_opt_out": False,
        "status": "active",
    }


def _park_exchanged_emails(sifting: _Sifting, stored: Mapping[str, StoredPerson]) -> None:
    """Free addresses that one person gives up to another: uniqueness is checked row by row."""
    standing = sifting.rows
    asked = {row["email"]: key for key, (_line, row) in standing.items()}
    given_up = [
        stored[key]
        for key in stored.keys() & standing.keys()
        if asked.get(stored[key].email, key) != key
    ]
    rows = [
        {name: getattr(person, name) for name in ("key", *_KEPT)} | {"email": f"#{person.id}"}
        for person in given_up
    ]
    upsert_rows(Person, rows, ["key"], ["email"])
