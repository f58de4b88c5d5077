"""Steps that take two people: asked for by one, confirmed by another (CONTESTS, Settled).

A second person is asked for where money is at stake. Where nobody else could say yes, the first
person's own word is recorded as such and the step is taken at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from core import audit, outbox
from core.db import db, lock_row
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.policy import Actor
from incentives import access, notices
from incentives.models import Award, Contest, SecondYes
from incentives.notices import News
from incentives.queries import life
from incentives.rules.contests import State, needs_approval
from incentives.rules.exclusion import Subject
from incentives.services import adjusting, award_steps, exclusion, steering
from incentives.services.contests import names_of
from incentives.services.steps import locked
from incentives.services.words import contest_words
from programme import queries as programmes

Terms = Mapping[str, object]


@dataclass(frozen=True)
class Word:
    """What was asked for: by whom, why, and who confirmed it."""

    terms: Terms
    reason: str
    actor: Actor
    now: datetime
    second_id: int | None = None
    award_id: int | None = None


@dataclass(frozen=True)
class Verb:
    """A step that may take two: who may, whether it does here, and what it is."""

    action: str
    words: str
    takes_two: Callable[[Contest, Award | None], bool]
    check: Callable[[Contest, Word], None]
    run: Callable[[Contest, Word], None]


@dataclass(frozen=True)
class Outcome:
    """Whether the step was taken, or for whose yes it waits."""

    is_taken: bool
    was_alone: bool = False
    waits_for: tuple[str, ...] = field(default=())


def has_money(contest: Contest, _award: Award | None) -> bool:
    """Something is reserved for its prizes."""
    return contest.liability_minor > 0 and contest.state not in {State.DRAFT, State.SUBMITTED}


def above_allowance(contest: Contest, _award: Award | None) -> bool:
    """Its prizes are more than its author may spend alone."""
    allowance = programmes.by_id(contest.programme_id).prize_allowance_minor
    return needs_approval(contest.liability_minor, allowance)


def always(_contest: Contest, _award: Award | None) -> bool:
    """Whatever is at stake."""
    return True


def _subject(terms: Terms) -> Subject:
    return Subject(
        person_id=cast("int | None", terms.get("person_id")),
        team_id=cast("int | None", terms.get("team_id")),
    )


def _check_cancel(contest: Contest, word: Word) -> None:
    if contest.state not in {State.DRAFT, State.SUBMITTED} and not word.reason.strip():
        raise Invalid("Say why the contest is called off.", field="reason")


def _cancel(contest: Contest, word: Word) -> None:
    steering.cancel(contest.id, word.reason, actor=word.actor, now=word.now)


def _check_disqualify(contest: Contest, word: Word) -> None:
    exclusion.check(contest, _subject(word.terms), str(word.terms.get("code", "")), word.reason)


def _disqualify(contest: Contest, word: Word) -> None:
    exclusion.disqualify(
        contest.id,
        _subject(word.terms),
        code=str(word.terms.get("code", "")),
        reason=word.reason,
        actor=word.actor,
        now=word.now,
        second_id=word.second_id,
    )


def _check_adjust(contest: Contest, word: Word) -> None:
    adjusting.check(contest, str(word.terms.get("cause", "")), word.reason, word.now)


def _adjust(contest: Contest, word: Word) -> None:
    adjusting.adjust(
        contest.id,
        cause=str(word.terms.get("cause", "")),
        reason=word.reason,
        actor=word.actor,
        second_id=word.second_id,
        now=word.now,
    )


def _check_award(_contest: Contest, word: Word) -> None:
    if not word.reason.strip():
        raise Invalid("Say why.", field="reason")


def _drop(_contest: Contest, word: Word) -> None:
    award_steps.drop(word.award_id or 0, word.reason, actor=word.actor, now=word.now)


def _reverse(_contest: Contest, word: Word) -> None:
    award_steps.reverse(word.award_id or 0, word.reason, actor=word.actor, now=word.now)


VERBS = {
    "cancel": Verb("contest.cancel", "call it off", has_money, _check_cancel, _cancel),
    "disqualify": Verb(
        "contest.disqualify", "leave somebody out", above_allowance, _check_disqualify, _disqualify
    ),
    "adjust": Verb("contest.reopen_adjust", "amend its result", always, _check_adjust, _adjust),
    "drop": Verb("award.reverse", "drop an award that waits", always, _check_award, _drop),
    "reverse": Verb("award.reverse", "take an award back", always, _check_award, _reverse),
}


def do(
    verb: str,
    slug: str,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    terms: Terms | None = None,
    award_id: int | None = None,
) -> Outcome:
    """Take a step, or ask a second person for it. Asked again by another, it is confirmed."""
    kind = VERBS[verb]
    found = access.contest_to(actor, kind.action, slug, now.date())
    contest = locked(found.id)
    award = _award_of(contest, award_id)
    word = Word(terms or {}, reason.strip()[:2000], actor, now, award_id=award_id)
    kind.check(contest, word)
    if actor.is_system or not kind.takes_two(contest, award):
        kind.run(contest, word)
        return Outcome(is_taken=True)
    others = access.second_people(actor, kind.action, contest, now.date())
    if not others:
        _note("contest.second_missing", contest, verb, actor, now)
        kind.run(contest, word)
        return Outcome(is_taken=True, was_alone=True)
    return _ask_or_confirm(verb, contest, word, others)


def _award_of(contest: Contest, award_id: int | None) -> Award | None:
    if award_id is None:
        return None
    award = lock_row(Award, award_id)
    if award is None or award.contest_id != contest.id:
        raise NotFound("There is no such award.")
    return award


def _ask_or_confirm(verb: str, contest: Contest, word: Word, others: frozenset[int]) -> Outcome:
    key = open_key(verb, contest, word)
    waiting = life.second_by_key(key)
    if waiting is not None and waiting.asked_by_id != word.actor.person_id:
        _confirm(waiting, contest, word.actor, word.now)
        return Outcome(is_taken=True)
    names = names_of(others)
    if waiting is None:
        _ask(verb, contest, word, key, names)
    return Outcome(is_taken=False, waits_for=tuple(sorted(names.values())))


def open_key(verb: str, contest: Contest, word: Word) -> str:
    """Under which key a request waits: one step of one contest, about one person or award."""
    about = word.award_id or word.terms.get("person_id") or word.terms.get("team_id") or ""
    kind = "team" if word.terms.get("team_id") else ""
    return f"contest:{contest.id}:{verb}:{kind}{about}"


def _ask(verb: str, contest: Contest, word: Word, key: str, names: Mapping[int, str]) -> None:
    request = SecondYes(
        contest_id=contest.id,
        award_id=word.award_id,
        verb=verb,
        terms=dict(word.terms),
        reason=word.reason,
        asked_by_id=word.actor.person_id or 0,
        asked_at=word.now,
        open_key=key,
    )
    db.session.add(request)
    contest.change += 1
    db.session.flush()
    _note("contest.second_asked", contest, verb, word.actor, word.now)
    told = News(
        key=f"second_asked:{request.id}",
        subject=f"{contest.title}: somebody needs your yes",
        lines=(
            f"{word.actor.name} wants to {VERBS[verb].words}. The reason: {word.reason}",
            "It takes two people. Look at it on the contest's page, then confirm or refuse it.",
        ),
        why="You get this because you may be the second person.",
    )
    outbox.post_all(notices.news(contest_words(contest), names, told), word.now)


def settle(request_id: int, *, is_yes: bool, actor: Actor, now: datetime) -> Contest:
    """Confirm, refuse or (as who asked) withdraw a request."""
    request = db.session.get(SecondYes, request_id)
    if request is None or request.contest_id is None:
        raise NotFound("There is no such request.")
    contest = locked(request.contest_id)
    db.session.refresh(request)
    if request.state != "open":
        return contest
    kind = VERBS[request.verb]
    access.contest_to(actor, kind.action, contest.slug, now.date())
    is_own = request.asked_by_id == actor.person_id
    if is_yes and is_own:
        raise NotAllowed("Somebody else has to confirm what you asked for.")
    if is_yes:
        _confirm(request, contest, actor, now)
        return contest
    steering.end_request(request, "withdrawn" if is_own else "refused", actor, now)
    contest.change += 1
    _note("contest.second_refused", contest, request.verb, actor, now)
    return contest


def _confirm(request: SecondYes, contest: Contest, actor: Actor, now: datetime) -> None:
    """Take the step in the name of who asked, with the second person beside."""
    if request.asked_by_id == actor.person_id:
        raise Conflict("A second person is somebody else.", code="same_person")
    asker = access.actor_with_id(request.asked_by_id)
    if asker is None:
        raise Conflict("Who asked for this is not active any more; ask for it anew.")
    steering.end_request(request, "given", actor, now)
    _note("contest.second_given", contest, request.verb, actor, now)
    kind = VERBS[request.verb]
    word = Word(
        request.terms, request.reason, asker, now, actor.person_id, award_id=request.award_id
    )
    kind.check(contest, word)
    kind.run(contest, word)


def _note(action: str, contest: Contest, verb: str, actor: Actor, now: datetime) -> None:
    audit.record(
        action, actor=actor, now=now, subject=f"contest:{contest.id}", detail={"verb": verb}
    )
