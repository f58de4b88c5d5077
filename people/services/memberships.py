"""Who was in which team from when to when, taken in batch by batch, set-wise."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date

from core import history
from core.db import bulk_insert, upsert_rows
from core.intake.kinds import Batch, BatchResult, LoadContext, Problem, Row
from people import queries
from people.models import Team, TeamMembership
from people.rules import MembershipSpan, free_slug, membership_facts, membership_key, slug_of
from people.services.changes import note_changes
from people.services.known import known_people, with_end_after_start


def load_memberships(batch: Batch, context: LoadContext) -> BatchResult:
    """Add and change memberships by person, team and start; unknown teams are founded.

    Overlaps within one team are refused; elsewhere METRICS P7 says which team counts.
    """
    rows, aside = known_people(batch)
    good, problems = with_end_after_start(rows, "start_date", "end_date", half_open=True)
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
