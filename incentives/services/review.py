"""The fair-play desk: look for patterns, let people decide on what was found (CONTESTS case 33).

A flag changes nothing. Only a person's hold takes events out of the score, until a person lets them
count again or rules that they stay out; every decision is audited and told to whom it concerns.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from adoption.services import hold_events, release_events
from core import audit
from core.db import db, insert_missing, lock_row, upsert_rows
from core.errors import Conflict, Invalid, NotFound
from core.policy import Actor
from incentives.models import Contest, ReviewFlag, ReviewMark
from incentives.notices import News
from incentives.queries import fairplay
from incentives.rules.detectors import EventKey, Finding, findings
from incentives.rules.fairplay import REVIEWED
from incentives.services.deciding import check_free, check_open, tell, work_out_anew
from incentives.services.steps import locked
from leaderboard.queries import tables

CHUNK = 500
LONGEST = 2000


@dataclass(frozen=True)
class Looked:
    """What one look at a contest saw: findings by rep, also of reps without any."""

    contest_id: int
    newest_event_id: int
    findings: Mapping[int, tuple[Finding, ...]]


def look(contest_id: int, now: datetime, *, at_everybody: bool) -> Looked:
    """Look for patterns without changing anything; do it outside a transaction, it takes a while.

    `at_everybody` False looks only at reps with events stored since the last time.
    """
    contest = db.session.get_one(Contest, contest_id)
    spec = fairplay.spec_of(contest)
    newest = fairplay.newest_event_id()
    since = None if at_everybody else fairplay.mark_of(contest.id)
    people = sorted(fairplay.people_to_look_at(spec, since))
    found: dict[int, tuple[Finding, ...]] = {}
    for start in range(0, len(people), CHUNK):
        chunk = people[start : start + CHUNK]
        acts = fairplay.acts_of(spec, chunk, now)
        known = fairplay.flags_of_people(contest.id, chunk)
        for person_id, course in fairplay.courses(contest, spec, chunk).items():
            seen = fairplay.seen_of(known.get(person_id, []))
            found[person_id] = findings(acts.get(person_id, ()), course, seen)
    return Looked(contest.id, newest, found)


def note(looked: Looked, now: datetime) -> dict[str, int]:
    """Write a flag for every new pattern; returns how many were raised and how many fell away.

    The evidence is the key: the same events raise a flag once, however often this runs. An open
    flag whose events changed gives way to the new one.
    """
    contest = locked(looked.contest_id)
    counts = {"raised": 0, "superseded": 0}
    if contest.state not in REVIEWED:
        return counts
    known = fairplay.flags_of_people(contest.id, looked.findings)
    for person_id, found in looked.findings.items():
        own = known.get(person_id, [])
        counts["raised"] += _raise(contest.id, person_id, found, own, now)
        counts["superseded"] += _supersede(found, own)
    mark = {"contest_id": contest.id, "newest_event_id": looked.newest_event_id}
    upsert_rows(ReviewMark, [mark], key=["contest_id"])
    if any(counts.values()):
        contest.change += 1
    return counts


def _raise(
    contest_id: int,
    person_id: int,
    found: Iterable[Finding],
    own: Collection[ReviewFlag],
    now: datetime,
) -> int:
    """Insert what is new; a flag that had given way stands again when its events are back."""
    raised = 0
    by_evidence = {(flag.detector, flag.evidence_hash): flag for flag in own}
    for each in found:
        flag = by_evidence.get((each.detector.value, each.evidence_hash))
        if flag is not None:
            if flag.state == "superseded":
                flag.state, flag.found_at = "open", now
                raised += 1
            continue
        row = {
            "contest_id": contest_id,
            "person_id": person_id,
            "detector": each.detector.value,
            "evidence_hash": each.evidence_hash,
            "evidence": [list(key) for key in each.keys],
            "numbers": each.numbers,
            "found_at": now,
            "state": "open",
            "held_keys": [],
        }
        key = ["contest_id", "person_id", "detector", "evidence_hash"]
        raised += bool(insert_missing(ReviewFlag, [row], key))
    return raised


def _supersede(found: Iterable[Finding], own: Collection[ReviewFlag]) -> int:
    current = {(each.detector.value, each.evidence_hash) for each in found}
    gone = [
        flag
        for flag in own
        if flag.state == "open" and (flag.detector, flag.evidence_hash) not in current
    ]
    for flag in gone:
        flag.state = "superseded"
    return len(gone)


def hold(
    flag_id: int,
    reason: str,
    *,
    keys: Collection[EventKey] | None = None,
    actor: Actor,
    now: datetime,
) -> ReviewFlag:
    """Take a flag's events, or some of them, out of the score until somebody has decided."""
    flag, contest = _opened(flag_id, "open")
    said = _said(reason, "Say why these events wait.")
    evidence = fairplay.keys_of(flag.evidence)
    wanted = evidence if keys is None else frozenset(keys)
    if not wanted or not wanted <= evidence:
        raise Invalid("Choose at least one of the events shown.", field="event")
    alone = check_free(actor, contest, about=flag.person_id)
    before = _points(contest, flag.person_id, now)
    hold_events(contest.programme_id, wanted, now=now)
    flag.state, flag.held_keys = "held", [list(key) for key in sorted(wanted)]
    flag.looked_by_id, flag.looked_at, flag.looked_because = actor.person_id, now, said
    _record("event.hold", flag, actor, now, {"events": len(wanted), "alone": alone})
    _settle(contest, flag, before, HELD, actor=actor, now=now)
    return flag


def clear(flag_id: int, reason: str, *, actor: Actor, now: datetime) -> ReviewFlag:
    """Say that there is nothing wrong with a pattern; these events raise it no more."""
    flag, contest = _opened(flag_id, "open")
    said = _said(reason, "Say what you found.")
    alone = check_free(actor, contest, about=flag.person_id)
    flag.state = "cleared"
    flag.looked_by_id, flag.looked_at, flag.looked_because = actor.person_id, now, said
    contest.change += 1
    _record("event.clear_flag", flag, actor, now, {"alone": alone})
    return flag


def rule(flag_id: int, reason: str, *, is_upheld: bool, actor: Actor, now: datetime) -> ReviewFlag:
    """Decide on held events: they count again, or they stay out of this contest for good."""
    flag, contest = _opened(flag_id, "held")
    said = _said(reason, "Say why.")
    alone = check_free(actor, contest, about=flag.person_id)
    before = _points(contest, flag.person_id, now)
    flag.state = "upheld" if is_upheld else "released"
    flag.ruled_by_id, flag.ruled_at, flag.ruled_because = actor.person_id, now, said
    action = "event.uphold_hold" if is_upheld else "event.release"
    _record(action, flag, actor, now, {"events": len(flag.held_keys), "alone": alone})
    if is_upheld:
        contest.change += 1
        tell(contest, flag.person_id, _news(contest, flag, UPHELD), now)
        return flag
    release_events(contest.programme_id, _free_to_count(contest, flag), now=now)
    _settle(contest, flag, before, RELEASED, actor=actor, now=now)
    return flag


def _free_to_count(contest: Contest, flag: ReviewFlag) -> frozenset[EventKey]:
    """The held events that no other decision still holds."""
    still: set[EventKey] = set()
    for other in fairplay.flags(contest.id, states=("held", "upheld")):
        if other.id != flag.id:
            still |= fairplay.keys_of(other.held_keys)
    return fairplay.keys_of(flag.held_keys) - still


def _opened(flag_id: int, state: str) -> tuple[ReviewFlag, Contest]:
    """The flag and its contest, both locked, the contest first; Conflict when decided meanwhile."""
    seen = db.session.get(ReviewFlag, flag_id)
    if seen is None:
        raise NotFound("There is no such sign.")
    contest = locked(seen.contest_id)
    flag = lock_row(ReviewFlag, flag_id) or seen
    check_open(contest)
    if flag.state != state:
        raise Conflict("Somebody has decided on this meanwhile.", code="decided")
    return flag, contest


def _said(reason: str, otherwise: str) -> str:
    said = reason.strip()[:LONGEST]
    if not said:
        raise Invalid(otherwise, field="reason")
    return said


def _points(contest: Contest, person_id: int, now: datetime) -> Fraction:
    """What the rep's events are worth at present, over every unit they stood for."""
    until = min(now, contest.grace_ends_at)
    found = tables.scores_of_person(fairplay.spec_of(contest), person_id, until)
    return sum((score.points for score in found), Fraction(0))


def _record(
    action: str, flag: ReviewFlag, actor: Actor, now: datetime, detail: dict[str, object]
) -> None:
    about = {"contest": flag.contest_id, "person": flag.person_id, "detector": flag.detector}
    audit.record(action, actor=actor, now=now, subject=f"flag:{flag.id}", detail=about | detail)


def _settle(
    contest: Contest,
    flag: ReviewFlag,
    before: Fraction,
    lines: tuple[str, str],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Let the board follow, and tell the rep where the score changed (nothing where it did not)."""
    changed = _points(contest, flag.person_id, now) != before
    if changed:
        work_out_anew(contest, "events under review", actor=actor, now=now)
        tell(contest, flag.person_id, _news(contest, flag, lines), now)
    else:
        contest.change += 1


HELD = (
    "Some of your events in {title} are being looked at",
    (
        "{events} of your events in {title} do not count for now, while somebody looks at them. "
        "This says nothing about you: a pattern was noticed that can have many reasons. You will "
        "hear either way."
    ),
)
RELEASED = (
    "Your events in {title} count again",
    "{events} of your events in {title} were looked at and count again. Thank you for waiting.",
)
UPHELD = (
    "Some of your events in {title} stay out of the score",
    (
        "{events} of your events in {title} were looked at and do not count in this contest. Your "
        "use of the tool stays recorded as it is. If you see it differently, say so on the "
        "contest's fair-play page before the result is final."
    ),
)


def _news(contest: Contest, flag: ReviewFlag, lines: tuple[str, str]) -> News:
    words = {"title": contest.title, "events": len(flag.held_keys)}
    return News(
        key=f"review_{flag.state}:{flag.id}",
        subject=lines[0].format(**words),
        lines=(lines[1].format(**words),),
        why="You get this because it concerns your own events.",
    )
