"""Rules of our own signals, for sales operations, and the button by which a rep sets one aside."""

from datetime import datetime, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from adoption import services
from adoption.forms import rules as forms
from adoption.forms.rules import RuleForm
from adoption.models import SignalRule
from adoption.queries import page, quiet
from adoption.queries.page import Programme
from adoption.rules.quiet import Firing, Since
from core.clock import now
from core.db import transaction
from core.errors import Conflict, NotFound
from core.guards import current_actor, guard

SHOWN_FIRINGS = 12
SINCE_WORDS = {
    Since.PROPOSAL.value: "its proposal, or a later step",
    Since.CREATED.value: "its creation, or a later step",
    Since.LAST_USE.value: "the last step on it",
}


@guard("import.upload")
def rules_page() -> ResponseReturnValue:
    """Every rule with its state and what it fired, and the form of one."""
    owner = _owner()
    row = _rule(owner, request.args.get("rule", ""))
    form = RuleForm() if row is None else forms.form_of_rule(quiet.plan_of(row))
    return _page(owner, form, now())


@guard("import.upload")
def save_rule() -> ResponseReturnValue:
    """Save a rule, or with `act=preview` say what it would have fired and save nothing."""
    owner, moment = _owner(), now()
    row = _rule(owner, request.form.get("slug", ""))
    told = request.form
    typed = RuleForm(
        slug="" if row is None else row.slug,
        title=told.get("title", ""),
        quiet_days=told.get("quiet_days", ""),
        since=told.get("since", ""),
        kinds=tuple(told.getlist("kinds")),
        least_amount=told.get("least_amount", ""),
    )
    taken = {each.slug for each in quiet.rules(owner.id)}
    plan, form = forms.rule_of_form(typed, _kinds(owner, moment), taken)
    if plan is None:
        return _page(owner, form, moment), 422
    if request.form.get("act") == "preview":
        return _page(owner, form, moment, quiet.preview(owner, plan, moment))
    try:
        with transaction():
            saved = services.save_rule(owner.id, plan, actor=current_actor(), now=moment)
            is_on = saved.is_on
    except Conflict as refused:
        problems = {"title": refused.message}
        return _page(owner, RuleForm(**{**vars(form), "problems": problems}), moment), 422
    flash("Saved. It goes by its new words from tomorrow." if is_on else "Saved, and still off.")
    return redirect(url_for("adoption.rules_page"), 303)


@guard("import.upload")
def switch_rule(slug: str) -> ResponseReturnValue:
    """Switch a rule on or off."""
    owner, is_on = _owner(), request.form.get("is_on") == "1"
    with transaction():
        row = services.switch_rule(owner.id, slug, is_on=is_on, actor=current_actor(), now=now())
        title = row.title
    flash(f"“{title}” is on: it fires from tomorrow." if is_on else f"“{title}” is off.")
    return redirect(url_for("adoption.rules_page"), 303)


# A rep's own word on their own moment, as in the weekly loop.
@guard("coach.rep_comment")
def dismiss() -> ResponseReturnValue:
    """Set one of the reader's own signals aside; the first time stands."""
    with transaction():
        services.dismiss_signal(request.form.get("signal", ""), current_actor(), now())
    flash("Set aside. If you do run it by its day, that counts all the same.")
    return redirect(url_for("people.my_week"), 303)


def _owner() -> Programme:
    """The programme whose rules the page is about. Raises NotFound."""
    owner = page.current_programme()
    if owner is None:
        raise NotFound("There is no programme yet.", fix="Apply a playbook first.")
    return owner


def _rule(owner: Programme, slug: str) -> SignalRule | None:
    """The programme's rule of this name, None where none is named. Raises NotFound."""
    if not slug:
        return None
    row = quiet.rule_by_slug(slug)
    if row is None or row.programme_id != owner.id:
        raise NotFound("There is no such rule.")
    return row


def _kinds(owner: Programme, moment: datetime) -> tuple[str, ...]:
    return quiet.known_kinds(owner, quiet.calendar_of(owner).local_day(moment))


def _page(
    owner: Programme, form: RuleForm, moment: datetime, found: list[Firing] | None = None
) -> str:
    """The page with a form as it stands, and what it would have fired where that was asked."""
    since = moment - timedelta(days=quiet.PREVIEW_DAYS)
    return render_template(
        "adoption/signals.html",
        owner=owner,
        rules=quiet.rules(owner.id),
        fired=quiet.fired_counts(owner.id, since),
        form=form,
        kinds=[(kind, kind.replace("_", " ")) for kind in _kinds(owner, moment)],
        since_words=SINCE_WORDS,
        found=found,
        deals=len({each.deal.key for each in found or ()}),
        reps=len({each.deal.person_id for each in found or ()}),
        newest=(found or [])[: -SHOWN_FIRINGS - 1 : -1],
        preview_days=quiet.PREVIEW_DAYS,
    )
