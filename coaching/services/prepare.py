"""The week's number and what to talk about, made set-wise for every team at once.

A week is prepared once: what was shown stays, and a run days late works as of its slot's instant.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import people.queries
import programme.queries
from coaching import notices
from coaching.models import CoachingItem, CoachingMoment, CoachingStep, CoverageWeek, Loop
from coaching.queries import prepare as queries
from coaching.queries.prepare import Number, WeekFacts
from coaching.rules.days import iso_week
from coaching.rules.life import State
from coaching.rules.pricing import Moment
from coaching.services.steps import edge_of
from coaching.services.words import readers
from core import outbox
from core.calendars import DAY, WEEK_DAYS
from core.db import bulk_insert, delete_where, insert_missing, insert_missing_returning, upsert_rows
from core.errors import Conflict, Invalid
from core.graph import written_key
from core.outbox import Letter
from programme.models import Programme

MOMENTS_KEPT = 10
WEEKS_COUNTED = 9


@dataclass(frozen=True)
class Prepared:
    """How many of each were made."""

    loops: int = 0
    items: int = 0
    moments: int = 0


def prepare_week(
    programme_id: int,
    week: date,
    as_of: datetime,
    *,
    now: datetime | None = None,
    letters: bool = True,
) -> Prepared:
    """One loop for each team with a lead, one item for each rep there is something to say about.

    `as_of` is the official instant and decides what is known; `now` is when it is really done,
    which tells a week that came too late for its manager from one that was skipped. Letters of
    weeks gone by are not written, and none where the week is told in retrospect (`letters`). A week
    that was prepared is left as it is.
    """
    owner = programme.queries.by_id(programme_id)
    if programme.queries.calendar(owner).week_of(week) != week:
        raise Invalid(f"No week of the programme starts on {week}.", field="week")
    if queries.has_loops(programme_id, week):
        return Prepared()
    facts = queries.week_facts(owner, week, as_of)
    loops = _make_loops(owner, week, facts, now or as_of)
    if not loops:
        return Prepared()
    reps = [rep for rep in facts.talked_about if facts.reps[rep] in loops]
    items = _make_items(owner, week, facts, reps, loops)
    _note_steps(week, items, as_of)
    kept = {rep: facts.moments.get(rep, ())[:MOMENTS_KEPT] for rep in items}
    rows = list(_moment_rows(owner, items, kept, as_of))
    bulk_insert(CoachingMoment, rows)
    if letters:
        outbox.post_all(_letters(owner, week, facts, loops, now or as_of), now or as_of)
    return Prepared(len(loops), len(items), len(rows))


def _make_loops(owner: Programme, week: date, facts: WeekFacts, now: datetime) -> dict[int, int]:
    """Team -> its new loop; what another scheduler made meanwhile is not among them."""
    rows = []
    for team_id, lead_id in sorted(facts.leads.items()):
        waiting = facts.waiting[team_id]
        row = {
            "programme_id": owner.id,
            "team_id": team_id,
            "week": week,
            "through": week - DAY,
            "prepared_at": now,
            "manager_id": lead_id,
            **_numbers(facts.team_numbers[team_id]),
            "missed": waiting.count,
            "cost": waiting.cost,
            "is_complete": facts.is_complete,
            "outcome": "open",
            "decided_at": None,
        }
        rows.append(row)
    made = insert_missing_returning(
        Loop, rows, ["programme_id", "team_id", "week"], ["team_id", "id"]
    )
    return {row.team_id: row.id for row in made}


def _numbers(number: Number) -> dict[str, int]:
    return {"on_time": number.on_time, "due": number.due, "pending": number.pending}


def _make_items(
    owner: Programme, week: date, facts: WeekFacts, reps: Iterable[int], loops: dict[int, int]
) -> dict[int, int]:
    """Rep -> the new item, with its number shown."""
    rows = [
        {
            "uid": secrets.token_hex(16),
            "programme_id": owner.id,
            "loop_id": loops[facts.reps[rep]],
            "rep_id": rep,
            "week": week,
            "state": State.NUMBER_SHOWN.value,
            **_numbers(facts.numbers.get(rep, Number())),
            "moves": 0,
            "evidence": [],
            "is_shared_up": False,
            "change": 1,
        }
        for rep in reps
    ]
    made = insert_missing_returning(
        CoachingItem, rows, ["programme_id", "rep_id", "week"], ["rep_id", "id"]
    )
    return {row.rep_id: row.id for row in made}


def _note_steps(week: date, items: dict[int, int], as_of: datetime) -> None:
    """The first step of each; raises Conflict where a rep has an item of that week elsewhere."""
    edge = edge_of(State.PLANNED, "publish_number", State.NUMBER_SHOWN)
    rows = [
        {
            "key": written_key(edge.key, rep=rep, iso_week=iso_week(week)),
            "item_id": item_id,
            "frm": edge.frm,
            "to": edge.to,
            "event": edge.event,
            "at": as_of,
            "actor_id": None,
        }
        for rep, item_id in items.items()
    ]
    if insert_missing(CoachingStep, rows, ["key"]) != len(rows):
        raise Conflict("Another programme has just prepared this week.", code="prepared_elsewhere")


def _moment_rows(
    owner: Programme,
    items: dict[int, int],
    kept: Mapping[int, Sequence[Moment]],
    as_of: datetime,
) -> Iterator[dict[str, object]]:
    deals = queries.deals_behind(owner, [one for ones in kept.values() for one in ones], as_of)
    for rep, item_id in items.items():
        for position, moment in enumerate(kept[rep], 1):
            occasion = moment.occasion
            opener, episode = occasion.opener, occasion.episode
            deal = deals.get(opener.deal_key)
            yield {
                "item_id": item_id,
                "position": position,
                "signal_key": opener.key,
                "deal_key": opener.deal_key,
                "status": occasion.status.value,
                "fired_on": opener.fired_on,
                "delay_days": occasion.delay_days,
                "account": deal.account if deal else None,
                "amount": occasion.amount,
                "currency": (deal.currency if deal else None) or owner.currency,
                "proposal_on": deal.proposal_on if deal else None,
                "due_on": occasion.due,
                "dismissed_on": episode.dismissed_on,
                "acted_on": episode.acted_on,
                "closed_on": episode.closed_on,
                "rate": moment.rate,
                "decay": owner.weekly_decay,
                "cost": moment.cost,
            }


def _letters(
    owner: Programme, week: date, facts: WeekFacts, loops: dict[int, int], now: datetime
) -> Iterator[Letter]:
    """To each lead with a number or something to talk about, on the first working day.

    None once the week is over.
    """
    calendar = programme.queries.calendar(owner)
    use_by = calendar.day_start(week + WEEK_DAYS * DAY)
    if now >= use_by:
        return
    first = next(filter(calendar.is_working_day, calendar.week_days(week)), week)
    who = readers({facts.leads[team] for team in loops}, owner)
    names = people.queries.team_names()
    for team_id, loop_id in sorted(loops.items()):
        number, missed = facts.team_numbers[team_id], facts.waiting[team_id].count
        if not number.due and not missed:
            continue
        told = notices.NumberWords(
            loop_id=loop_id,
            team=names[team_id],
            on_time=number.on_time,
            due=number.due,
            missed=missed,
            first=week - WEEK_DAYS * DAY,
            last=week - DAY,
            is_complete=facts.is_complete,
        )
        reader = who[facts.leads[team_id]]
        not_before = max(now, calendar.day_start(first))
        yield notices.number_ready(told, reader, not_before=not_before, use_by=use_by)


def count_coverage(programme_id: int, as_of: datetime) -> int:
    """Count the last complete weeks anew, for late data moves them; returns the rows there are."""
    owner = programme.queries.by_id(programme_id)
    calendar = programme.queries.calendar(owner)
    weeks = calendar.complete_weeks(calendar.local_day(as_of) - DAY, WEEKS_COUNTED)
    counts = queries.week_counts(owner, weeks, as_of)
    rows = [
        {
            "programme_id": programme_id,
            "week": each.week,
            "person_id": each.person_id,
            "team_id": each.team_id,
            **_numbers(each.number),
        }
        for each in sorted(counts, key=lambda each: (each.week, each.person_id))
    ]
    delete_where(
        CoverageWeek,
        CoverageWeek.programme_id == programme_id,
        CoverageWeek.week >= weeks[0],
        CoverageWeek.week <= weeks[-1],
    )
    upsert_rows(CoverageWeek, rows, ["programme_id", "week", "person_id"])
    return len(rows)
