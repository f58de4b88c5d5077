"""The directory import: people, memberships and absences taken in batch by batch, set-wise."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from core import audit, history
from core.db import bulk_insert, upsert_rows
from core.intake.kinds import Batch, BatchResult, LoadContext, Problem, Row, SetAside
from core.policy import Role, Scope, scope_of
from people import queries
from people.models import Absence, ExternalId, Person, PersonChange, Team, TeamMembership
from people.queries import StoredPerson
from people.rules import (
    MembershipSpan,
    absence_key,
    free_slug,
    manager_cycles,
    membership_facts,
    membership_key,
    person_facts,
    slug_of,
)

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
STAYS_ERASED = "This person was erased and stays so."


def note_changes(person_ids: Collection[int], now: datetime) -> None:
    """Leave word for upper rooms that these people's records changed."""
    bulk_insert(
        PersonChange,
        [{"person_id": ident, "changed_at": now} for ident in sorted(set(person_ids))],
    )


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
    erased = [key for key, person in stored.items() if person.status == "erased"]
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


def end_sessions_of(person_ids: Iterable[int]) -> None:
    """The sessions of these people end; what changed begins with a new sign-in (TRUST S11)."""
    for account in queries.accounts_of(list(person_ids)):
        account.version += 1


def load_memberships(batch: Batch, context: LoadContext) -> BatchResult:
    """Add and change memberships by person, team and start; unknown teams are founded.

    Overlaps within one team are refused; elsewhere METRICS P7 says which team counts.
    """
    rows, aside = _known_people(batch)
    good, problems = _with_end_after_start(rows, "start_date", "end_date", half_open=True)
    teams = _teams({row["team"] for _line, row, _person in good})
    stored = queries.memberships_of({person for _line, _row, person in good})
    spans = {
        (span.person_id, span.team_id, span.starts_on): span
        for owned in stored.values()
        for span in owned
    }
    asked: dict[tuple[int, int, date], tuple[int, MembershipSpan]] = {}
    for line, row, person in good:
        team = teams[row["team"]]
        before = spans.get((person, team, row["start_date"]))
        wanted = _wanted_span(row, person, team, before, batch.columns)
        asked[(person, team, row["start_date"])] = (line, wanted)
    problems.extend(_refuse_overlaps(asked, spans))
    differing = {
        key: span
        for key, (_line, span) in asked.items()
        if key not in spans or _content(spans[key]) != _content(span)
    }
    new = [_membership_row(span) for key, span in differing.items() if key not in spans]
    bulk_insert(TeamMembership, new)
    upsert_rows(
        TeamMembership,
        [_membership_row(span) for key, span in differing.items() if key in spans],
        ["person_id", "team_id", "starts_on"],
        ["ends_on", "is_lead"],
    )
    touched = frozenset(span.person_id for span in differing.values())
    said = {
        membership_key(span): membership_facts(spans[key]) if key in spans else None
        for key, span in differing.items()
    }
    history.keep(queries.MEMBERSHIP, said, context.now)
    note_changes(touched, context.now)
    return BatchResult(
        added=len(new),
        changed=len(differing) - len(new),
        unchanged=len(asked) - len(differing),
        set_aside=aside,
        problems=problems,
        touched=touched,
    )


def _known_people(batch: Batch) -> tuple[list[tuple[int, Row, int]], list[SetAside]]:
    """Rows with the id of their person, and those whose person nobody knows yet."""
    ids = queries.by_key({row["person_id"] for _line, row in batch.rows})
    known: list[tuple[int, Row, int]] = []
    aside: list[SetAside] = []
    for line, row in batch.rows:
        key = row["person_id"]
        if key in ids:
            known.append((line, row, ids[key]))
        else:
            aside.append(SetAside(line, batch.raw(line), "unknown_person", key))
    return known, aside


def _with_end_after_start(
    rows: Sequence[tuple[int, Row, int]], start: str, end: str, *, half_open: bool
) -> tuple[list[tuple[int, Row, int]], list[Problem]]:
    """Rows whose end lies after their start; of a half-open span the two may not be equal."""
    good: list[tuple[int, Row, int]] = []
    problems: list[Problem] = []
    for line, row, person in rows:
        first, last = row[start], row[end]
        if last is not None and (last < first or (half_open and last == first)):
            problems.append(Problem(line, end, "end_before_start", str(last)))
        else:
            good.append((line, row, person))
    return good, problems


def _teams(names: Collection[str]) -> dict[str, int]:
    """Ids of the named teams; those that do not exist are founded."""
    known = queries.team_ids_by_name(names)
    missing = sorted(set(names) - known.keys())
    if missing:
        slugs = set(queries.team_slugs())
        rows = []
        for name in missing:
            slug = free_slug(name, slugs) if slug_of(name) in slugs else slug_of(name)
            slugs.add(slug)
            rows.append({"name": name, "slug": slug})
        bulk_insert(Team, rows)
        known |= queries.team_ids_by_name(missing)
    return known


def _wanted_span(
    row: Row,
    person: int,
    team: int,
    before: MembershipSpan | None,
    columns: Collection[str],
) -> MembershipSpan:
    """The membership a row asks for; what the file has no column for stays as stored."""
    ends_on, is_lead = row["end_date"], row["lead"]
    if before is not None:
        ends_on = ends_on if "end_date" in columns else before.ends_on
        is_lead = is_lead if "lead" in columns else before.is_lead
    return MembershipSpan(
        person_id=person,
        team_id=team,
        starts_on=row["start_date"],
        ends_on=ends_on,
        is_lead=is_lead,
        id=before.id if before else 0,
    )


def _refuse_overlaps(
    asked: dict[tuple[int, int, date], tuple[int, MembershipSpan]],
    spans: Mapping[tuple[int, int, date], MembershipSpan],
) -> list[Problem]:
    """Take rows out of `asked` that overlap another span of the same person and team."""
    by_pair: dict[tuple[int, int], list[MembershipSpan]] = defaultdict(list)
    for key, span in (dict(spans) | {at: span for at, (_line, span) in asked.items()}).items():
        by_pair[key[:2]].append(span)
    problems: list[Problem] = []
    for pair in {key[:2] for key in asked}:
        standing: list[MembershipSpan] = []
        ordered = sorted(by_pair[pair], key=lambda span: span.starts_on)
        ordered.sort(key=lambda span: (*pair, span.starts_on) in asked)
        for span in ordered:
            key = (*pair, span.starts_on)
            if key in asked and any(span.overlaps(other) for other in standing):
                line, _span = asked.pop(key)
                problems.append(Problem(line, "start_date", "overlap", str(span.starts_on)))
            else:
                standing.append(span)
    return problems


def _content(span: MembershipSpan) -> tuple[date | None, bool]:
    return span.ends_on, span.is_lead


def _membership_row(span: MembershipSpan) -> dict[str, object]:
    return {
        "person_id": span.person_id,
        "team_id": span.team_id,
        "starts_on": span.starts_on,
        "ends_on": span.ends_on,
        "is_lead": span.is_lead,
    }


def load_external_ids(batch: Batch, _context: LoadContext) -> BatchResult:
    """Tie other systems' ids to people; an id means one person, the one named last.

    To somebody who was erased nothing is tied any more.
    """
    rows, aside = _known_people(batch)
    erased = queries.erased_people()
    gone = [(line, row["person_id"]) for line, row, person in rows if person in erased]
    asked = {
        (row["system"], row["ref"]): person for _line, row, person in rows if person not in erased
    }
    stored = queries.external_ids(asked)
    new = [pair for pair in asked if pair not in stored]
    changed = [pair for pair in asked if stored.get(pair, asked[pair]) != asked[pair]]
    upsert_rows(
        ExternalId,
        [
            {"system": system, "ref": ref, "person_id": asked[system, ref]}
            for system, ref in (*new, *changed)
        ],
        ["system", "ref"],
    )
    return BatchResult(
        added=len(new),
        changed=len(changed),
        unchanged=len(asked) - len(new) - len(changed) + len(gone),
        set_aside=aside,
        problems=[
            Problem(line, "person_id", "not_counted", key, STAYS_ERASED, refuses=False)
            for line, key in gone
        ],
    )


def load_absences(batch: Batch, context: LoadContext) -> BatchResult:
    """Add absences; the three columns are the key, so there is nothing to change."""
    rows, aside = _known_people(batch)
    good, problems = _with_end_after_start(rows, "start_date", "end_date", half_open=False)
    stored = queries.absences_of({person for _line, _row, person in good})
    asked = {(person, row["start_date"], row["end_date"]) for _line, row, person in good}
    new = sorted(asked - stored)
    bulk_insert(
        Absence,
        [{"person_id": person, "starts_on": first, "ends_on": last} for person, first, last in new],
    )
    touched = frozenset(person for person, _first, _last in new)
    history.keep(queries.ABSENCE, {absence_key(*key): None for key in new}, context.now)
    note_changes(touched, context.now)
    return BatchResult(
        added=len(new),
        unchanged=len(good) - len(new),
        set_aside=aside,
        problems=problems,
        touched=touched,
    )
