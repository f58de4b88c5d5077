"""The week's page: a manager's Monday loop, or a rep's own view of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from coaching import access, forms, services
from coaching.access import How
from coaching.models import CoachingItem
from coaching.queries import ideas, pages
from coaching.routes.blueprint import blueprint
from coaching.rules import telling
from coaching.rules.ideas import Blanks, Offer
from core.clock import now
from core.db import transaction
from core.errors import Conflict, Invalid, NotFound, PennantError, TooLate
from core.guards import current_actor, guard
from core.policy import Actor, Role, Scope, scope_of
from core.web import moment as moment_words

WORDS = {
    "money": telling.money,
    "days": telling.days,
    "summary": telling.summary,
    "timeline": telling.timeline,
    "sentence": telling.sentence,
    "arithmetic": telling.arithmetic,
    "is_priced": telling.is_priced,
    "possessive": telling.possessive,
    "plate": telling.plate,
    "trend": telling.trend,
    "evidence": telling.evidence,
}
FIRST_ON_THE_LIST = 5


@dataclass(frozen=True)
class Standing:
    """Whom somebody coaches today, and the people whose teams that makes theirs."""

    people: Mapping[int, access.For]
    lead_ids: frozenset[int]

    @property
    def second(self) -> frozenset[int]:
        """The reps coached by a dotted line."""
        return frozenset(key for key, each in self.people.items() if each.how is How.SECOND)

    @property
    def rep_ids(self) -> frozenset[int]:
        """Everybody coached."""
        return frozenset(self.people)


@dataclass(frozen=True)
class Typed:
    """What was sent and refused: the page is shown again with it."""

    given: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    reviewing: str = ""


@blueprint.get("/coaching")
@guard("coach.own_items")
def week() -> ResponseReturnValue:
    """Your week's talk: one number, one moment, one fix, one review; a rep sees their own."""
    actor = current_actor()
    if actor.role is Role.DIRECTOR:
        return redirect(url_for("coaching.gap"))
    if scope_of(actor, "coach.create") is Scope.NONE:
        return _own_page(actor, now())
    return _week_page(actor, now(), Typed())


def _own_page(actor: Actor, moment: datetime) -> str:
    """What the reader's manager sees about them."""
    owner = pages.default_programme()
    if owner is None or actor.person_id is None:
        return render_template("coaching/empty.html", reason="programme")
    return render_template(
        "coaching/own.html",
        page=pages.own(owner, actor.person_id, moment),
        clock=partial(moment_words, zone=owner.time_zone),
        ends=_ending,
        **WORDS,
    )


def _ending(item: CoachingItem) -> str:
    return telling.ending(item.state, item.outcome, item.proof, item.missed_by, item.review_on)


def standing_of(actor: Actor, moment: datetime, owner: pages.Owner) -> Standing:
    """Whom the actor coaches at a moment."""
    today, _week = pages.week_at(owner, moment)
    people = access.coached_people(actor, today)
    bosses = {each.deputy_for for each in people.values() if each.deputy_for is not None}
    return Standing(people, frozenset({actor.person_id or 0, *bosses}))


def _week_page(actor: Actor, moment: datetime, typed: Typed) -> str:
    owner = pages.default_programme()
    if owner is None or actor.person_id is None:
        return render_template("coaching/empty.html", reason="programme")
    standing = standing_of(actor, moment, owner)
    found = pages.monday(owner, moment, rep_ids=standing.rep_ids, lead_ids=standing.lead_ids)
    mine = access.markable(actor, [each.item for each in found.owed], standing.people, found.today)
    page = replace(found, owed=[each for each in found.owed if each.item.id in mine])
    if not (standing.people or page.owed or page.coming):
        return render_template("coaching/empty.html", reason="nobody")
    picked = _picked(page, typed)
    rest = page.choices[FIRST_ON_THE_LIST:]
    return render_template(
        "coaching/monday.html",
        page=page,
        acting_for=pages.names_of(standing.lead_ids - {actor.person_id}),
        second=standing.second,
        verdicts=pages.verdicts(owner, [each.item for each in page.owed], moment),
        total=_sum(page.choices, owner.currency),
        rest_total=_sum(rest, owner.currency),
        rest_ids={each.id for each in rest},
        is_any_priced=any(telling.is_priced(each.told) for each in page.choices),
        reviewing=typed.reviewing,
        given_words=typed.given.get("words", "") if typed.reviewing else "",
        review_errors=typed.errors if typed.reviewing else {},
        coached=bool(page.coached),
        **_moment_words(owner, actor, moment, picked, typed),
        **WORDS,
    )


def _picked(page: pages.Monday, typed: Typed) -> pages.Choice | None:
    """The moment asked for, if it can be picked; else the dearest that can."""
    wanted = forms.number(typed.given.get("moment", "") or request.args.get("moment", ""))
    return next((each for each in page.free if each.id == wanted), next(iter(page.free), None))


def _sum(choices: Iterable[pages.Choice], currency: str) -> str:
    """What the listed deals are worth together; nothing where none has an amount."""
    amounts = [each.told.amount for each in choices if each.told.amount is not None]
    return telling.money(sum(amounts), currency) if amounts else ""


def _moment_words(
    owner: pages.Owner,
    actor: Actor,
    moment: datetime,
    picked: pages.Choice | None,
    typed: Typed,
) -> dict[str, Any]:
    """What the chosen moment's panel shows: its fix to change, its review to book."""
    booked = pages.booking(owner, actor.person_id or 0, moment)
    given = {} if typed.reviewing else typed.given
    offers: tuple[Offer, ...] = ()
    if picked is not None:
        blanks = Blanks(
            picked.title,
            picked.rep.name.split()[0] if picked.rep.name.split() else picked.rep.name,
            f"{booked.on:%A}",
            f"{booked.times[0]:%H:%M}",
        )
        offers = ideas.suggested(owner, picked.told.status, blanks)
    wanted = given.get("idea", "") or request.args.get("idea", "")
    offer = next((each for each in offers if each.slug == wanted), next(iter(offers), None))
    return {
        "picked": picked,
        "offers": offers,
        "offer": offer,
        "words": given.get("words", offer.words if offer else ""),
        "longest": forms.LONGEST_FIX,
        "booking": booked,
        "slot": given.get("at", "") or f"{booked.times[0]:%H:%M}",
        "other": given.get("other", ""),
        "errors": {} if typed.reviewing else typed.errors,
        "refused": "" if typed.reviewing else typed.refused,
        "clock": partial(moment_words, zone=booked.zone),
    }


@blueprint.get("/coaching/moment")
@guard("coach.create")
def moment() -> ResponseReturnValue:
    """The chosen moment alone, for a page that is open already; without scripts the whole page."""
    actor, at = current_actor(), now()
    owner = pages.default_programme()
    wanted = forms.number(request.args.get("moment", ""))
    if owner is None or wanted is None:
        raise NotFound("There is no such moment.")
    _today, this_week = pages.week_at(owner, at)
    standing = standing_of(actor, at, owner)
    picked = pages.choice(owner, this_week, wanted, standing.rep_ids)
    if picked is None or not picked.is_free:
        raise NotFound("There is no such moment.")
    return render_template(
        "coaching/_moment.html",
        coached=pages.is_coached(this_week, owner, standing.rep_ids),
        **_moment_words(owner, actor, at, picked, Typed()),
        **WORDS,
    )


@blueprint.post("/coaching/hand-back")
@guard("coach.create")
def hand_back() -> ResponseReturnValue:
    """Hand back the one fix and book its review: both or neither."""
    actor, at = current_actor(), now()
    try:
        asked = forms.hand_back(request.form)
        with transaction():
            item = services.hand_back(
                asked.item_uid,
                asked.moment_id,
                asked.words,
                idea=asked.idea,
                at=asked.at,
                actor=actor,
                now=at,
            )
            said = pages.booked_words(item)
    except (Invalid, Conflict, TooLate) as refused:
        return _again(actor, at, refused), refused.status
    flash(said)
    return redirect(url_for("coaching.week"))


@blueprint.post("/coaching/<uid>/review")
@guard("coach.review_mark")
def review(uid: str) -> ResponseReturnValue:
    """Record a review: what the data shows, and a word where one is wanted."""
    actor, at = current_actor(), now()
    try:
        words = forms.optional_words(request.form, f"words-{uid}")
        with transaction():
            item = services.record_review(
                uid,
                words=words,
                statement=request.form.get("statement") == "1",
                actor=actor,
                now=at,
            )
            said = pages.review_words(item)
    except (Invalid, Conflict, TooLate) as refused:
        return _again(actor, at, refused, reviewing=uid), refused.status
    flash(said)
    if request.form.get("back") == "week":
        return redirect(url_for("coaching.week"))
    return redirect(url_for("coaching.item", uid=uid))


def _again(actor: Actor, at: datetime, refused: PennantError, reviewing: str = "") -> str:
    """The week's page with what was typed and why it was not taken."""
    given = dict(request.form.items())
    if reviewing:
        given["words"] = given.get(f"words-{reviewing}", "")
    by_field = {"at": "at", "words": "words", f"words-{reviewing}": "words"}
    name = by_field.get(refused.field or "")
    why = f"{refused.message} {refused.fix or ''}".strip()
    errors = {name: why} if name else {}
    if reviewing and not errors:
        flash(why, "late")
    return _week_page(actor, at, Typed(given, errors, "" if errors else why, reviewing))
