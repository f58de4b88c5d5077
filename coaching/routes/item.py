"""One talk with its whole history: the rep answers, doubts, shares; the manager adds."""

from collections.abc import Callable
from functools import partial

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from coaching import access, forms, services
from coaching.access import Seen
from coaching.queries import items, pages
from coaching.routes.blueprint import blueprint
from coaching.routes.week import WORDS
from coaching.rules.life import OPEN_FIX, State
from coaching.rules.telling import Verdict
from core.clock import now
from core.db import transaction
from core.errors import Conflict, Invalid, NotFound, TooLate
from core.guards import current_actor, guard
from core.web import moment as moment_words

STEP_WORDS = {
    "publish_number": ("chart", "The number of the week before was shown"),
    "choose": ("search", "One moment was picked"),
    "record": ("edit", "The fix was handed back"),
    "day_reached": ("clock", "The day of the review came"),
    "leave": ("cal", "Moved by leave"),
    "mark": ("check", "The review was held"),
    "timeout": ("alert", "Nobody held it in time"),
    "close": ("lock", "Closed: the words stay as they are"),
}
STATE_WORDS = {
    State.PLANNED: "Being prepared",
    State.NUMBER_SHOWN: "No moment picked yet",
    State.DEAL_CHOSEN: "Picked, no fix yet",
    State.COACHED: "Fix handed back",
    State.DUE: "Review due",
    State.EXCUSED: "Review moved by leave",
    State.DONE: "Reviewed",
    State.NOT_DONE: "Reviewed",
    State.MISSED: "Not held",
    State.CLOSED: "Closed",
}
OUTCOMES = {
    "done": "Done at the next chance",
    "not_done": "Not done at the next chance",
    "no_chance": "No chance yet",
}
MISSED = {
    "manager": "Skipped: the manager did not hold it. That says nothing about the rep.",
    "not_picked": "Another rep of the team was coached that week.",
    "system": "Our outage: this week counts for nobody.",
}
AFTER_A_REVIEW = {State.DONE, State.NOT_DONE, State.MISSED, State.CLOSED}


@blueprint.get("/coaching/<uid>")
@guard("coach.own_items")
def item(uid: str) -> ResponseReturnValue:
    """Everything that was shown and said about one week of one rep, in the order it happened."""
    return _page(access.item_for(current_actor(), uid, now()), {}, {})


def _page(seen: Seen, given: dict[str, str], errors: dict[str, str]) -> str:
    owner = items.programme_of(seen.item)
    page = pages.item_page(seen.item, owner)
    zone = pages.zone_name(seen.item, owner)
    state = State(seen.item.state)
    return render_template(
        "coaching/item.html",
        seen=seen,
        page=page,
        owner=owner,
        clock=partial(moment_words, zone=zone),
        state_words=STATE_WORDS[state],
        step_words=STEP_WORDS,
        outcome=OUTCOMES.get(seen.item.outcome or ""),
        missed=MISSED.get(seen.item.missed_by or ""),
        is_over=state in AFTER_A_REVIEW,
        is_closed=state is State.CLOSED,
        has_fix=page.fix is not None,
        longest=forms.LONGEST_NOTE,
        longest_fix=forms.LONGEST_FIX,
        deputy_for=pages.names_of([seen.deputy_for]) if seen.deputy_for else [],
        verdict=_verdict(seen, owner),
        given=given,
        errors=errors,
        **WORDS,
    )


def _verdict(seen: Seen, owner: pages.Owner) -> Verdict | None:
    """What the data says so far, while a review is to be held."""
    if seen.item.state not in OPEN_FIX:
        return None
    return pages.verdicts(owner, [seen.item], now()).get(seen.item.id)


def _answer(uid: str, take: Callable[[], object], done: str) -> ResponseReturnValue:
    """Do one thing to an item; refused words stay in the form they were typed into."""
    actor, moment = current_actor(), now()
    seen = access.item_for(actor, uid, moment)
    try:
        with transaction():
            take()
    except Invalid as refused:
        name = request.form.get("form", "words")
        return _page(seen, dict(request.form.items()), {name: refused.message}), refused.status
    except (Conflict, TooLate) as refused:
        flash(f"{refused.message} {refused.fix or ''}".strip(), "late")
        given = dict(request.form.items())
        return _page(access.item_for(actor, uid, moment), given, {}), refused.status
    flash(done)
    return redirect(url_for("coaching.item", uid=uid))


def _words(lacking: str) -> str:
    return forms.words(request.form, "words", forms.LONGEST_NOTE, lacking)


@blueprint.post("/coaching/<uid>/acknowledge")
@guard("coach.rep_comment")
def acknowledge(uid: str) -> ResponseReturnValue:
    """The rep takes the fix on."""
    actor, moment = current_actor(), now()
    return _answer(
        uid,
        lambda: services.acknowledge(uid, actor=actor, now=moment),
        "Taken on. Your manager sees that you read it.",
    )


@blueprint.post("/coaching/<uid>/say")
@guard("coach.rep_comment")
def say(uid: str) -> ResponseReturnValue:
    """The rep answers, or doubts the facts."""
    actor, moment = current_actor(), now()
    kind = request.form.get("kind", "comment")
    if kind not in {"comment", "dispute"}:
        raise NotFound("There is nothing like that to say.")
    done = (
        "Your doubt is with your manager, who has to answer it."
        if kind == "dispute"
        else "Your answer stands beside the fix."
    )
    return _answer(
        uid,
        lambda: services.say(
            uid, kind, _words("Write a sentence or two."), actor=actor, now=moment
        ),
        done,
    )


@blueprint.post("/coaching/<uid>/addendum")
@guard("coach.addendum_closed")
def addendum(uid: str) -> ResponseReturnValue:
    """The manager adds to a closed talk; what stands there stays."""
    actor, moment = current_actor(), now()
    return _answer(
        uid,
        lambda: services.say(
            uid, "addendum", _words("Write what is to be added."), actor=actor, now=moment
        ),
        "Added. What stood there before is unchanged.",
    )


@blueprint.post("/coaching/<uid>/fix")
@guard("coach.edit_open")
def edit_fix(uid: str) -> ResponseReturnValue:
    """The author puts the fix in other words while it has not been taken on."""
    actor, moment = current_actor(), now()
    return _answer(
        uid,
        lambda: services.edit_fix(
            uid,
            forms.words(
                request.form, "words", forms.LONGEST_FIX, "Write the one thing to do next."
            ),
            actor=actor,
            now=moment,
        ),
        "Changed. The rep is told.",
    )


@blueprint.post("/coaching/<uid>/notes/<int:note_id>")
@guard("coach.edit_open")
def answer_dispute(uid: str, note_id: int) -> ResponseReturnValue:
    """The manager answers a doubt about the facts."""
    actor, moment = current_actor(), now()
    verdict = request.form.get("verdict", "")
    if verdict not in {"right", "stands"}:
        raise NotFound("There is no such answer.")
    access.item_for(actor, uid, moment)
    note = items.note_by_id(note_id)
    found = items.item_by_uid(uid)
    if note is None or found is None or note.item_id != found.id:
        raise NotFound("There is no such note.")
    return _answer(
        uid,
        lambda: services.answer_dispute(
            note_id, verdict, _words("Write why, in a sentence."), actor=actor, now=moment
        ),
        "Answered.",
    )


@blueprint.post("/coaching/<uid>/share")
@guard("coach.share_up")
def share(uid: str) -> ResponseReturnValue:
    """The rep shows a talk to the director above, or takes that back."""
    actor, moment = current_actor(), now()
    is_shared = request.form.get("shared") == "1"
    return _answer(
        uid,
        lambda: services.share_up(uid, is_shared, actor=actor, now=moment),
        "Your director can read it now." if is_shared else "Only you and your manager read it.",
    )
