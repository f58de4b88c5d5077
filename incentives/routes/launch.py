"""The launch page: a contest asked for on one page, with last month played again beside it."""

import secrets
from collections.abc import Mapping
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.db import transaction
from core.errors import Conflict, Invalid
from core.guards import current_actor, guard
from core.policy import Actor, Scope, scope_of
from core.settings import settings
from incentives import access, forms
from incentives.queries import launching, pages
from incentives.routes.blueprint import blueprint
from incentives.routes.posters import code
from incentives.services import launching as launches

SEED_BITS = 53


@blueprint.get("/contests/new")
@guard("contest.create_draft")
def new() -> ResponseReturnValue:
    """Launch a contest: one page, six short parts, sound defaults in every field.

    `?like=<slug>` begins with the rules of an earlier contest.
    """
    actor, moment = current_actor(), now()
    offer = launching.setting(moment)
    start = _start(offer, actor, moment)
    teams = start.teams or launching.league_of(offer.teams, access.own_teams(actor, offer.today))
    ticked = forms.Ticked([str(team) for team in teams], start.kinds, start.sources)
    form = _read(offer, start.given, ticked)
    return _launch_page(offer, form, moment, errors={})


def _start(offer: launching.Setting, actor: Actor, moment: datetime) -> launching.Start:
    """Sound defaults, or what an earlier contest had."""
    slug = request.args.get("like")
    if slug:
        return launching.like(access.visible_contest(actor, slug, moment.date()), offer)
    return launching.Start(launching.defaults(offer), offer.kinds[:1], None)


@blueprint.post("/contests/new")
@guard("contest.create_draft")
def launch() -> ResponseReturnValue:
    """Launch it, keep it as a draft, or only look at how last month would have ended."""
    moment = now()
    offer = launching.setting(moment)
    form = _typed(offer)
    wanted = request.form.get("do", "launch")
    if wanted == "preview":
        return _launch_page(offer, form, moment, errors={})
    if not form.is_sound:
        return _launch_page(offer, form, moment, errors=form.errors), 422
    try:
        with transaction():
            started = launches.start(
                form.ask,
                is_draft=wanted == "draft",
                seed=secrets.randbits(SEED_BITS),
                actor=current_actor(),
                now=moment,
            )
            slug, state = started[0].slug, started[0].state
    except (Invalid, Conflict) as refused:
        errors = {refused.field or "title": f"{refused.message} {refused.fix or ''}".strip()}
        return _launch_page(offer, form, moment, errors=errors), 422
    flash(_started_words(form.ask.title, state))
    if form.ask.staggered:
        flash("The lot is drawn and kept: half of the teams race now, the others afterwards.")
    return redirect(url_for("incentives.contest", slug=slug))


def _started_words(title: str, state: str) -> str:
    if state == "draft":
        return f"{title} is saved as a draft. Only you see it."
    if state == "submitted":
        return f"{title} is handed in. Its prizes need somebody else's yes."
    return f"{title} is launched."


@blueprint.post("/contests/preview")
@guard("contest.create_draft")
def preview() -> ResponseReturnValue:
    """The panel beside the form, as scripts fetch it while one types.

    The scoring rows come along when another kind was ticked; else the fields stay untouched.
    """
    moment = now()
    offer = launching.setting(moment)
    form = _typed(offer)
    rows_change = request.form.get("scored", "") != " ".join(form.ask.kinds)
    return render_template(
        "incentives/_preview.html",
        aside=launches.aside(form.ask, offer, moment),
        rows_change=rows_change,
        **_scoring(offer, form, {}),
    )


def _typed(offer: launching.Setting) -> forms.LaunchForm:
    got = request.form
    names = ("teams", "kinds", "sources")
    return _read(offer, got.to_dict(), forms.Ticked(*(got.getlist(name) for name in names)))


def _read(
    offer: launching.Setting, given: dict[str, str], ticked: forms.Ticked
) -> forms.LaunchForm:
    return forms.launch_form(
        given,
        ticked,
        known_sources=offer.sources,
        kinds=offer.kinds,
        known_teams=offer.team_ids,
        currency=offer.currency,
        today=offer.today,
    )


def _scoring(
    offer: launching.Setting, form: forms.LaunchForm, errors: Mapping[str, str]
) -> dict[str, object]:
    """What the rows of the scoring part show."""
    names = dict(offer.kind_names)
    return {
        "given": form.raw,
        "errors": errors,
        "ask": form.ask,
        "scored": [(kind, names[kind]) for kind in form.ask.kinds],
        "how_often": forms.HOW_OFTEN,
        "units": forms.UNITS,
        "ties": forms.TIES,
        "prizes": forms.PRIZES,
    }


def _launch_page(
    offer: launching.Setting,
    form: forms.LaunchForm,
    moment: datetime,
    *,
    errors: Mapping[str, str],
) -> str:
    actor = current_actor()
    aside = launches.aside(form.ask, offer, moment)
    return render_template(
        "incentives/launch.html",
        offer=offer,
        modes=pages.mode_choices(),
        teams=offer.offered(form.ask.team_ids, everybody="all" in request.args),
        working_days=launching.working_days(form.ask.starts_on, form.ask.last_on),
        aside=aside,
        examples=launching.examples(
            launching.current_programme(),
            sees_drafts=scope_of(actor, "contest.approve_launch") is Scope.ALL,
        ),
        liked=request.args.get("like", ""),
        qr=code(settings().base_url + url_for("incentives.contest", slug=aside.poster.slug)),
        **_scoring(offer, form, errors),
    )
