"""What we say, on pages: tips, campaigns with reach and results, and the one-click stop."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from comms import access, notices, queries, services
from comms.forms import CampaignPlan, Problems, campaign_form, problems_of, tip_form
from comms.models import Campaign
from comms.notices import Reader
from comms.rules import CADENCE_WORDS, REASONS, STATE_WORDS, WEEKDAY_WORDS, WEEKDAYS
from comms.services import CampaignSpec, TipSpec
from core.clock import now
from core.db import transaction
from core.errors import Conflict, Invalid, NotFound
from core.guards import csrf, current_actor, guard, public

blueprint = Blueprint("comms", __name__)

WORDS: dict[str, Any] = {
    "reasons": REASONS,
    "state_words": STATE_WORDS,
    "weekday_words": WEEKDAY_WORDS,
    "cadence_words": CADENCE_WORDS,
    "tip_html": notices.tip_html,
}


@blueprint.get("/tips")
@guard("tip.view")
def tips() -> ResponseReturnValue:
    """All tips, and for those who may, the campaigns, the next issue and what went out."""
    return _tips_page({}, {})


def _tips_page(values: dict[str, str], problems: dict[str, str]) -> str:
    actor, moment = current_actor(), now()
    owner = queries.current_programme()
    if owner is None:
        return render_template("comms/empty.html")
    sees_reach = access.may_see_reach(actor)
    upcoming = queries.upcoming(owner, moment) if sees_reach else []
    return render_template(
        "comms/tips.html",
        tips=queries.tips(owner.id),
        sent=queries.times_sent(owner.id) if sees_reach else {},
        mine=queries.newest_tip(actor.person_id, moment) if actor.person_id else None,
        campaigns=queries.campaigns(owner.id) if sees_reach else [],
        upcoming=upcoming,
        past=queries.past_issues(owner.id) if sees_reach else [],
        sees_reach=sees_reach,
        may_write=access.may_write_tips(actor),
        may_schedule=access.may_schedule(actor),
        kind_choices=[(kind, kind.replace("_", " ")) for kind in owner.key_actions],
        zone=owner.time_zone,
        values=values,
        problems=problems,
        **WORDS,
    )


@blueprint.post("/tips")
@guard("tip.draft")
def write() -> ResponseReturnValue:
    """Add a tip; what is wrong is said beside its field and the text is kept."""
    owner = _owner()
    values = {name: request.form.get(name, "") for name in ("subject", "body", "about")}
    try:
        plan = tip_form(values)
        with transaction():
            services.write_tip(
                owner.id,
                TipSpec(plan.slug, plan.subject, plan.body, plan.about),
                actor=current_actor(),
                now=now(),
            )
    except Problems as wrong:
        return _tips_page(values, dict(wrong.by_field)), 422
    except (Invalid, Conflict) as refused:
        return _tips_page(values, {"subject": refused.message}), 422
    flash("Tip added. It takes its turn after the others.")
    return redirect(url_for("comms.tip", slug=plan.slug), 303)


def _owner() -> Any:  # noqa: ANN401 - the programme room's class, which a door does not import
    owner = queries.current_programme()
    if owner is None:
        raise NotFound("There is no programme yet.")
    return owner


@blueprint.get("/tips/<slug>")
@guard("tip.view")
def tip(slug: str) -> ResponseReturnValue:
    """One tip, as its readers see it in their letter."""
    owner, actor = _owner(), current_actor()
    found = queries.tip_by_slug(owner.id, slug)
    if found is None:
        raise NotFound(f"There is no tip {slug}.")
    return render_template(
        "comms/tip.html",
        tip=found,
        programme=owner.name,
        sent=queries.times_sent(owner.id).get(found.id, 0) if access.may_see_reach(actor) else None,
        may_test=actor.person_id is not None and access.may_write_tips(actor),
        **WORDS,
    )


@blueprint.post("/tips/<slug>/test")
@guard("campaign.test_send")
def send_me_a_test(slug: str) -> ResponseReturnValue:
    """Send the tip to oneself."""
    actor = current_actor()
    if actor.person_id is None:
        raise NotFound("There is nobody to send it to.")
    with transaction():
        services.send_test(
            _owner().id, slug, Reader(actor.person_id, actor.name), actor=actor, now=now()
        )
    flash("On its way to you. It is in the outbox until it may leave.")
    return redirect(url_for("comms.tip", slug=slug), 303)


@blueprint.get("/campaigns/new")
@guard("campaign.schedule")
def new_campaign() -> ResponseReturnValue:
    """The form of a new campaign."""
    return _new_page({}, (), {})


def _new_page(values: dict[str, str], states: tuple[str, ...], problems: dict[str, str]) -> str:
    owner = _owner()
    return render_template(
        "comms/new_campaign.html",
        values=values,
        states=states,
        problems=problems,
        day_choices=list(zip(WEEKDAYS, WEEKDAY_WORDS, strict=True)),
        first_day=queries.today_of(owner, now()) + timedelta(days=1),
        zone=owner.time_zone,
        tips=[each for each in queries.tips(owner.id) if each.retired_at is None],
        **WORDS,
    )


@blueprint.post("/campaigns")
@guard("campaign.schedule")
def schedule() -> ResponseReturnValue:
    """Start a campaign; what is wrong is said beside its field."""
    names = ("slug", "day", "time", "cadence", "holdout_percent", "starts_on")
    values = {name: request.form.get(name, "") for name in names}
    states = tuple(request.form.getlist("states"))
    try:
        plan = campaign_form(values, states)
        with transaction():
            services.schedule_campaign(_owner().id, _spec(plan), actor=current_actor(), now=now())
    except Problems as wrong:
        return _new_page(values, states, dict(wrong.by_field)), 422
    except (Invalid, Conflict) as refused:
        return _new_page(values, states, problems_of(refused)), 422
    flash("Campaign scheduled.")
    return redirect(url_for("comms.campaign", slug=plan.slug), 303)


def _spec(plan: CampaignPlan) -> CampaignSpec:
    return CampaignSpec(
        slug=plan.slug,
        day=plan.day,
        at=plan.at,
        cadence=plan.cadence,
        states=plan.states,
        holdout_percent=plan.holdout_percent,
        starts_on=plan.starts_on,
    )


@blueprint.get("/campaigns/<slug>")
@guard("mail.delivery_aggregate")
def campaign(slug: str) -> ResponseReturnValue:
    """One campaign: rhythm, next issue with reach and reasons, past issues with counts."""
    actor, moment = current_actor(), now()
    owner = _owner()
    found = _campaign(slug)
    sees_reach = access.may_see_reach(actor)
    return render_template(
        "comms/campaign.html",
        campaign=found,
        next=queries.next_issue(found, owner, moment) if sees_reach else None,
        past=queries.past_issues(owner.id, found.id),
        tips=queries.campaign_tips(found),
        may_stop=access.may_stop(actor, found),
        sees_reach=sees_reach,
        zone=owner.time_zone,
        **WORDS,
    )


def _campaign(slug: str) -> Campaign:
    found = queries.campaign_by_slug(slug, _owner().id)
    if found is None:
        raise NotFound(f"There is no campaign {slug}.")
    return found


@blueprint.post("/campaigns/<slug>/stop")
@guard("campaign.stop")
def stop(slug: str) -> ResponseReturnValue:
    """Stop a campaign for good."""
    found = _campaign(slug)
    with transaction():
        services.stop_campaign(found.id, actor=current_actor(), now=now())
    flash("Campaign stopped. Nothing more will be queued.")
    return redirect(url_for("comms.campaign", slug=slug), 303)


@blueprint.get("/unsubscribe/<token>")
@public
def unsubscribe(token: str) -> ResponseReturnValue:
    """The page behind the stop link: it asks first, because mail scanners open links too."""
    _, list_name, stopped = services.read_stop(token)
    return render_template(
        "comms/unsubscribe.html", token=token, list_name=list_name, stopped=stopped, done=False
    )


@blueprint.post("/unsubscribe/<token>")
@csrf.exempt
@public
def unsubscribe_now(token: str) -> ResponseReturnValue:
    """Stop the list, without cookie, form token or redirect (RFC 8058); again changes nothing."""
    moment: datetime = now()
    wants_back = request.form.get("again") == "yes"
    with transaction():
        if wants_back:
            _, list_name = services.resume_list(token, moment)
        else:
            _, list_name = services.stop_list(token, moment)
    return render_template(
        "comms/unsubscribe.html",
        token=token,
        list_name=list_name,
        stopped=not wants_back,
        done=True,
    )
