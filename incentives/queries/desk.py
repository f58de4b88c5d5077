"""The fair-play page put together: rules and their hash, who is eligible, who signed, what changed.

Everything here reads; who may see which part is decided by the door (`access`) and handed in.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select

from core.calendars import zone_of
from core.db import db
from core.money import show
from incentives.models import (
    Contest,
    ContestEvent,
    Dispute,
    Disqualification,
    ReviewFlag,
    SecondYes,
    SourceWaiver,
)
from incentives.queries import fairplay
from incentives.queries import records as rows
from incentives.queries.documents import Reader
from incentives.rules.detectors import Detector, words
from incentives.rules.fairplay import Eligibility, Shift, eligibility, shifts
from leaderboard.metrics import rule_sentence
from leaderboard.models import Board
from leaderboard.queries import facts, reads, tables
from leaderboard.rules.members import members
from leaderboard.rules.terms import canonical, fingerprint, rule_from, stored_rules
from people import queries as people

Line = tuple[str, str]


@dataclass(frozen=True)
class Rules:
    """The published rules in words, their exact text, and whether both hashes agree with it.

    `is_same`: the stored text still gives the published hash. `is_used`: the board counts by the
    point rules the text names.
    """

    lines: tuple[Line, ...]
    text: str
    hash: str
    is_same: bool
    is_used: bool


@dataclass(frozen=True)
class EligibleRow:
    """One rep's eligibility as shown."""

    name: str
    unit: str
    days: Eligibility


@dataclass(frozen=True)
class Signature:
    """Who took a step; `role` is said to everybody, `name` to those who may read the audit."""

    at: datetime
    step: str
    role: str
    name: str | None
    reason: str | None


@dataclass(frozen=True)
class Revision:
    """A result that was kept: when, why it was worked out, and which places it changed."""

    rev: int
    at: datetime
    reason: str
    changes: tuple[Shift, ...]


@dataclass(frozen=True)
class FlagRow:
    """A flag as the desk lists it."""

    id: int
    name: str
    words: str
    detector: str
    found_at: datetime
    state: str


# ---- the rules -----------------------------------------------------------------------------------

MODES = {
    "participation": "The share of each team's reps who met their own target of days.",
    "per_capita": "Points for each rep of the team.",
    "total": "All points of the team together.",
    "improvement": "How much the team rose above its own weeks before.",
    "handicap": "Points for each rep, levelled by what the team did in the weeks before.",
}
# Said in sentences of their own, or shown beside the rules.
WORDED = frozenset(
    {
        *("title", "start", "end", "time_zone", "mode", "rules", "target_days", "min_team_size"),
        *("grace_hours", "freeze_hours", "goal", "prizes", "shrink_k", "unit", "teams"),
    }
)


def rules_of(contest: Contest) -> Rules:
    """The rules as published, and the same recomputed from what is stored now."""
    board = db.session.get_one(Board, contest.board_id)
    terms = contest.terms
    stored = terms.get("rules")
    named = [rule_from(each) for each in stored] if isinstance(stored, list) else []
    return Rules(
        lines=tuple(_rule_lines(contest, terms, [rule_sentence(rule) for rule in named])),
        text=canonical(terms),
        hash=contest.rules_hash,
        is_same=fingerprint(terms) == contest.rules_hash,
        is_used=stored_rules(named) == board.rules,
    )


def _rule_lines(
    contest: Contest, terms: Mapping[str, object], sentences: Collection[str]
) -> list[Line]:
    lines = [
        (
            "When",
            (
                f"{terms['start']} to {terms['end']}, both days included, by the clock of "
                f"{terms['time_zone']}. A use counts on the day it happened."
            ),
        ),
        ("Who races", _unit_words(terms)),
        ("Ranked by", MODES.get(str(terms["mode"]), str(terms["mode"]))),
        ("Points", ". ".join(f"{each[0].upper()}{each[1:]}" for each in sentences) + "."),
    ]
    if terms["mode"] == "participation":
        lines.append(
            (
                "Asked of each rep",
                (
                    f"{_number(terms['target_days'])} days in a full week; "
                    "leave and a late start lower it."
                ),
            )
        )
    lines += [
        (
            "Small teams",
            (
                f"Ranked from {_number(terms['min_team_size'])} reps on. Places go by a "
                f"score with {_number(terms.get('shrink_k', 10))} average colleagues added."
            ),
        ),
        ("Late data", f"Counts if it arrived within {terms['grace_hours']} hours of the end."),
    ]
    if terms.get("freeze_hours"):
        lines.append(
            ("Covered", f"The board is covered for the last {terms['freeze_hours']} hours.")
        )
    if terms.get("goal"):
        lines.append(("Goal", f"{float(Fraction(str(terms['goal'])) * 100):g}% taking part."))
    prizes = _prize_lines(contest, terms)
    lines.append(("Prizes", " ".join(prizes) or "None: it is for the honour."))
    lines += [
        (name.replace("_", " ").capitalize(), _plain(value))
        for name, value in sorted(terms.items())
        if name not in WORDED and value not in (None, [], {}, False, "")
    ]
    return lines


def _unit_words(terms: Mapping[str, object]) -> str:
    names = {
        "team": "Manager teams",
        "person": "Reps, each for themselves",
        "adhoc": "Named lists of reps",
        "division": "Manager teams in divisions",
    }
    unit = names.get(str(terms.get("unit", "team")), str(terms.get("unit")))
    teams = terms.get("teams")
    return f"{unit}, {len(teams)} of them." if isinstance(teams, list) else f"{unit}, all of them."


def _prize_lines(contest: Contest, terms: Mapping[str, object]) -> list[str]:
    prizes = terms.get("prizes")
    found = []
    for prize in prizes if isinstance(prizes, list) else []:
        place = prize.get("place")
        who = "Every team that reaches the goal" if place == "goal" else f"Place {place}"
        cost = prize.get("cost") or 0
        worth = f", worth {show(int(cost), contest.currency)}" if cost else ""
        least = prize.get("reserve_score")
        found.append(
            f"{who}: {prize.get('title')}{worth}"
            + (f", from a score of {least}" if least else "")
            + "."
        )
    return found


def _number(value: object) -> str:
    return f"{float(Fraction(str(value))):g}"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


# ---- who is eligible -----------------------------------------------------------------------------


def eligible(
    contest: Contest, person_ids: Collection[int], *, unit_id: int | None = None
) -> tuple[EligibleRow, ...]:
    """These reps' days and the reasons, by name; of one unit only, if given (case 8)."""
    spec = fairplay.spec_of(contest)
    here = facts.staff(spec, person_ids)
    found = [
        each
        for person_id, member in members(
            spec.days, spec.working, here.spans, here.calendars, spec.units
        ).items()
        for each in eligibility(spec.terms, spec.working, member, here.calendars[person_id])
        if unit_id is None or each.unit_id == unit_id
    ]
    cards = people.cards({each.person_id for each in found})
    names = reads.unit_names(spec, {each.unit_id for each in found})
    listed = (
        EligibleRow(
            cards[each.person_id].on_boards or "Not listed", names.get(each.unit_id, ""), each
        )
        for each in found
        if each.person_id in cards
    )
    return tuple(sorted(listed, key=lambda row: (row.name, row.unit)))


def units_of(contest: Contest) -> tuple[tuple[int, str], ...]:
    """Every unit that races, with its name."""
    spec = fairplay.spec_of(contest)
    names = reads.unit_names(spec, tables.racing(spec))
    return tuple(sorted(names.items(), key=lambda pair: (pair[1], pair[0])))


def people_of_unit(contest: Contest, unit_id: int) -> frozenset[int]:
    """Who may have stood for a unit."""
    return tables.people_of(fairplay.spec_of(contest), unit_id)


# ---- who signed ----------------------------------------------------------------------------------

STEPS = {
    "submit": "Handed in",
    "send_back": "Sent back to its author",
    "approve": "Approved",
    "start": "Started",
    "pause": "Paused",
    "resume": "Went on",
    "end": "Ended",
    "grace_over": "Late data closed",
    "computed": "Worked out twice, with the same result",
    "dispute_upheld": "To be worked out anew",
    "finalise": "Declared final",
    "adjust": "Adjusted",
    "cancel": "Called off",
    "archive": "Put away",
}
ROLES = {
    "rep": "A rep",
    "manager": "A manager",
    "director": "A director",
    "sales_ops": "Sales operations",
    "executive": "An executive",
    "admin": "An administrator",
}
BY_RULE = "By the rule and the clock"


def signatures(contest: Contest, *, with_names: bool) -> tuple[Signature, ...]:
    """Who took each step, who was the second person, who let a source or a team off; by moment."""
    acts: list[tuple[datetime, str, int | None, str | None]] = [
        (event.recorded_at, STEPS.get(event.step, event.step), event.actor_id, event.reason)
        for event in rows.history(contest.id)
    ]
    acts.insert(0, (contest.created_at, "Drawn up", contest.author_id, None))
    acts += _others(contest.id)
    cards = people.cards({who for _, _, who, _ in acts if who is not None})
    found = []
    for at, step, who, reason in acts:
        card = cards.get(who or 0)
        role = BY_RULE if card is None else ROLES.get(card.role, card.role)
        name = card.name if card is not None and with_names else None
        found.append(Signature(at, step, role, name, reason))
    return tuple(sorted(found, key=lambda each: each.at))


def _others(contest_id: int) -> list[tuple[datetime, str, int | None, str | None]]:
    """Second persons, waivers, disqualifications; nobody's name is in what is said of them."""
    seconds = db.session.scalars(
        select(SecondYes).where(SecondYes.contest_id == contest_id, SecondYes.state == "given")
    )
    waivers = db.session.scalars(select(SourceWaiver).where(SourceWaiver.contest_id == contest_id))
    outs = db.session.scalars(
        select(Disqualification).where(Disqualification.contest_id == contest_id)
    ).all()
    found: list[tuple[datetime, str, int | None, str | None]] = [
        (
            each.decided_at or each.asked_at,
            f"Second person: {each.verb.replace('_', ' ')}",
            each.decided_by_id,
            None,
        )
        for each in seconds
    ]
    found += [
        (each.waived_at, f"Let the source {each.source} off", each.waived_by_id, each.reason)
        for each in waivers
    ]
    for each in outs:
        whom = "A team" if each.team_id is not None else "A rep"
        found.append((each.decided_at, f"{whom} left out", each.decided_by_id, None))
        if each.restored_at is not None:
            found.append((each.restored_at, f"{whom} let in again", each.restored_by_id, None))
    return found


# ---- what changed --------------------------------------------------------------------------------


def revisions(contest: Contest, *, with_places: bool) -> tuple[Revision, ...]:
    """Every result that was kept, newest first, with the places it changed.

    `with_places` False while the board is covered for this reader (case 36).
    """
    found: list[Revision] = []
    before: dict[str, int | None] = {}
    reason = "First result"
    for event in fairplay.computed(contest.id):
        if event.step == "dispute_upheld":
            reason = event.reason or "Corrected"
        if event.step == "adjust":
            reason = event.reason or "Adjusted"
        if event.step not in {"computed", "adjust"}:
            continue
        rev = found[-1].rev + 1 if found and event.step == "adjust" else _rev_of(event)
        places = [(p.unit, p.rank) for p in reads.frozen_places(contest.board_id, rev)]
        changes = shifts(places, before) if before and with_places else ()
        found.append(Revision(rev, event.recorded_at, reason, changes))
        before = dict(places)
    return tuple(reversed(found))


def _rev_of(event: ContestEvent) -> int:
    """The revision a result was kept as; the transition's key ends with it."""
    tail = event.key.rsplit(":", 1)[-1]
    return int(tail) if tail.isdigit() else 1


# ---- flags ---------------------------------------------------------------------------------------


def flag_rows(found: Collection[ReviewFlag]) -> tuple[FlagRow, ...]:
    """Flags in words, those that wait first."""
    cards = people.cards({flag.person_id for flag in found})
    listed = [
        FlagRow(
            flag.id,
            cards[flag.person_id].name,
            words(Detector(flag.detector), flag.numbers),
            flag.detector,
            flag.found_at,
            flag.state,
        )
        for flag in found
        if flag.person_id in cards
    ]
    order = {"open": 0, "held": 1}
    return tuple(
        sorted(listed, key=lambda row: (order.get(row.state, 2), -row.found_at.timestamp()))
    )


def zone_name(person_id: int | None, contest: Contest) -> str:
    """The reader's own zone, or the contest's."""
    card = None if person_id is None else people.card(person_id)
    own = card.time_zone if card is not None else None
    return zone_of(own or str(contest.terms.get("time_zone", "UTC"))).key


def is_covered(contest: Contest, reader: Reader, at: datetime) -> bool:
    """Whether a moment lies under the cover for this reader (case 36)."""
    board = db.session.get_one(Board, contest.board_id)
    return reads.is_hidden(board, at) and not reader.sees_through_freeze


def doubts_of(contest_id: int, person_id: int | None) -> tuple[Dispute, ...]:
    """A contest's doubts; of one person only, if given."""
    return tuple(
        each
        for each in rows.disputes(contest_id)
        if person_id is None or each.opened_by_id == person_id
    )


def names_of(person_ids: Collection[int]) -> dict[int, str]:
    """Names for the desk, where aliases would hide whom it is about."""
    return {ident: card.name for ident, card in people.cards(person_ids).items()}


@dataclass(frozen=True)
class Mark:
    """One event on a line of time: where, in percent of the line, and when in words."""

    x: float
    label: str


@dataclass(frozen=True)
class Timeline:
    """Events on a line from the first to the last, with the two ends in words."""

    marks: tuple[Mark, ...]
    first: str
    last: str


def timeline(moments: Collection[datetime], zone: str) -> Timeline | None:
    """The moments on one line, on somebody's own clock; None for no moment."""
    if not moments:
        return None
    start, end = min(moments), max(moments)
    span = (end - start).total_seconds() or 1.0
    marks = tuple(
        Mark(2 + 96 * (each - start).total_seconds() / span, moment_words(each, zone))
        for each in sorted(moments)
    )
    return Timeline(marks, moment_words(start, zone), moment_words(end, zone))


def moment_words(instant: datetime, zone: str) -> str:
    """An instant to the second, as evidence needs it."""
    return f"{instant.astimezone(zone_of(zone)):%a %d %b, %H:%M:%S}"
