"""Pages of contests and thanks: a contest, its entries, launching one, awards."""

from collections.abc import Mapping
from datetime import date, datetime
from threading import Lock

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.db import transaction
from core.errors import Conflict, Invalid, NotFound, PennantError
from core.guards import current_actor, guard
from core.money import show
from core.policy import Actor, Scope, scope_of
from core.web import not_modified, with_etag
from incentives import access, forms, queries
from incentives.models import Contest
from incentives.queries import documents, launching, pages
from incentives.queries.documents import Reader
from incentives.services import byhand, clock
from incentives.services import launching as launches

blueprint = Blueprint("incentives", __name__)

MOST_KEPT = 256
# Pages as sent, by session and tag: a reader who looks again gets the same bytes for two reads.
_kept: dict[tuple[str | None, str | None], str] = {}
_keeping = Lock()

STEP_WORDS = {
    "submitted": "Handed in.",
    "scheduled": "Approved. Everybody in it gets the announcement.",
    "draft": "Sent back to its author.",
    "running": "The contest runs.",
    "paused": "The contest rests.",
    "cancelled": "Called off. Everybody in it is told.",
    "final": "Decided. Awards are given and letters are on their way.",
}


def _reader(actor: Actor) -> Reader:
    return Reader(actor.person_id, sees_through_freeze=access.sees_through_freeze(actor))


def _own_teams(actor: Actor, contest: Contest, moment: datetime) -> frozenset[int]:
    """The teams marked as the reader's own: those they work in or lead."""
    today = moment.date()
    return access.nearest_teams(actor, contest, today)


def _tag(slug: str, moment: datetime, actor: Actor) -> str | None:
    """The page's tag: the counters, the reader, the minute; None when there is no such contest."""
    counters = queries.counter(slug)
    if counters is None:
        return None
    parts = (*counters, actor.person_id, request.cookies.get("theme", ""), f"{moment:%Y%m%d%H%M}")
    return ".".join(str(part) for part in (slug, *parts, request.query_string.decode()[:60]))


@blueprint.get("/contests/<slug>")
@guard("contest.rules_view")
def contest(slug: str) -> ResponseReturnValue:
    """A contest: the Board, one's own team, how points work, what there is to win, is it fair."""
    actor, moment = current_actor(), now()
    tag = _tag(slug, moment, actor)
    is_plain = tag is not None and "_flashes" not in session
    key = (g.get("session_id"), tag)
    if is_plain:
        unchanged = not_modified(tag or "")
        if unchanged is not None:
            return unchanged
        kept = _kept.get(key)
        if kept is not None:
            return with_etag(kept, tag or "")
    found = access.visible_contest(actor, slug, moment.date())
    page = pages.contest_page(
        found,
        _reader(actor),
        _own_teams(actor, found, moment),
        moment,
        everybody="all" in request.args,
    )
    body = render_template(
        "incentives/contest.html",
        contest=found,
        page=page,
        board=page.board,
        may=_may(actor, found, moment.date()),
        awards=queries.awards(found.id, found.rev),
        team_names=queries.names_of_teams(found),
        disputes=queries.disputes(found.id) if found.state == "provisional" else (),
        history=queries.history(found.id) if _may_audit(actor, found, moment) else (),
        liability=show(found.liability_minor, found.currency),
        until=queries.decided_at(found),
        action=_next_action(actor, page),
    )
    if is_plain and key[0] is not None:
        _keep(key, body)
    return with_etag(body, tag or "")


def _keep(key: tuple[str | None, str | None], body: str) -> None:
    """Keep a page for the reader who asked for it, until its counters or the minute move on."""
    with _keeping:
        while len(_kept) >= MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = body


def _may(actor: Actor, found: Contest, today: date) -> dict[str, bool]:
    """Which buttons the page offers; the services check again."""
    state = found.state
    approves = access.may(actor, "contest.approve_launch", found, today)
    steers = access.may(actor, "contest.pause_resume", found, today)
    is_author = found.author_id is not None and found.author_id == actor.person_id
    return {
        "submit": state == "draft" and access.may(actor, "contest.submit", found, today),
        "approve": state == "submitted"
        and approves
        and (not is_author or not access.other_approvers(found.author_id)),
        "send_back": state == "submitted" and approves,
        "pause": state == "running" and steers,
        "resume": state == "paused" and steers,
        "cancel": state
        in {"draft", "submitted", "scheduled", "running", "paused", "grace", "provisional"}
        and access.may(actor, "contest.cancel", found, today),
        "doubt": state == "provisional"
        and scope_of(actor, "contest.dispute_open") is not Scope.NONE,
        "decide": state == "provisional"
        and access.may(actor, "contest.dispute_decide", found, today)
        and not is_author,
    }


def _may_audit(actor: Actor, found: Contest, moment: datetime) -> bool:
    return access.may(actor, "contest.audit_view", found, moment.date())


def _next_action(actor: Actor, page: pages.ContestPage) -> str:
    """What one more day would do for the reader, in words."""
    mine = next((line for line in page.squad if line.you), None)
    if mine is None or page.board.seconds_left is None or not mine.asked:
        return ""
    left = mine.asked - mine.done
    if left <= 0:
        return f"You are on target with {mine.done} days. Help one colleague to theirs."
    days = "day" if left == 1 else "days"
    return f"{left} more {days} and you count for {page.team}."


@blueprint.get("/contests/<slug>/board")
@guard("board.view_team_ranking")
def board(slug: str) -> ResponseReturnValue:
    """The Board alone, for polling: 204 while nothing changed since version `v`."""
    actor, moment = current_actor(), now()
    counters = queries.counter(slug)
    if counters is not None and request.args.get("v") == f"{counters[0]}.{counters[1]}":
        return "", 204
    found = access.visible_contest(actor, slug, moment.date())
    view = pages.board_view(
        found,
        _reader(actor),
        _own_teams(actor, found, moment),
        moment,
        everybody="all" in request.args,
    )
    return render_template("incentives/_board.html", board=view, contest=found, action="")


@blueprint.get("/contests/<slug>/explain")
@guard("board.view_team_ranking")
def explain(slug: str) -> ResponseReturnValue:
    """The entries behind one team's score."""
    actor, moment = current_actor(), now()
    found = access.visible_contest(actor, slug, moment.date())
    table = documents.table_for(found, _reader(actor), as_of=None, now=moment)
    unit = request.args.get("unit", "")
    place = next((row for row in table.places if row.unit == unit), None)
    if place is None:
        raise NotFound("This team does not take part.")
    document = documents.explanation(
        found,
        place,
        as_of=min(moment, table.as_of) if table.is_frozen else moment,
        with_names=access.sees_team(actor, place.unit_id, moment.date()),
    )
    return render_template(
        "incentives/explain.html",
        contest=found,
        place=place,
        found=document,
        reasons=REASONS,
        own_only=not access.sees_team(actor, place.unit_id, moment.date()),
    )


REASONS = {
    "counted": "counted",
    "cap": "0, over the daily cap",
    "held": "0, held for review",
    "no_object": "0, no deal named",
    "repeat": "0, this deal counted already",
    "below_min_value": "0, below the least value",
    "not_enabled": "0, not enabled that day",
    "no_team": "0, on no team that day",
    "late": "0, came after the closing",
}


@blueprint.post("/contests/<slug>/step")
@guard("contest.rules_view")
def step(slug: str) -> ResponseReturnValue:
    """Take a step by hand; the matrix and the state decide whether it may be taken."""
    to = request.form.get("to", "")
    try:
        with transaction():
            taken = byhand.advance(
                slug, to, actor=current_actor(), now=now(), reason=request.form.get("reason", "")
            )
            reached = taken.state
    except PennantError as refused:
        if refused.status in {403, 404}:
            raise
        flash(f"{refused.message} {refused.fix or ''}".strip(), "late")
    else:
        flash(STEP_WORDS.get(reached, "Done."))
    return redirect(url_for("incentives.contest", slug=slug))


@blueprint.post("/contests/<slug>/doubt")
@guard("contest.dispute_open")
def doubt(slug: str) -> ResponseReturnValue:
    """Say that something about a provisional result is wrong."""
    actor, moment = current_actor(), now()
    found = access.visible_contest(actor, slug, moment.date())
    try:
        with transaction():
            clock.open_dispute(found.id, request.form.get("text", ""), actor=actor, now=moment)
    except PennantError as refused:
        flash(refused.message, "late")
    else:
        flash("Thank you. Nothing is decided until sales operations has looked at it.")
    return redirect(url_for("incentives.contest", slug=slug))


@blueprint.post("/contests/<slug>/doubt/<int:dispute_id>")
@guard("contest.dispute_decide")
def decide(slug: str, dispute_id: int) -> ResponseReturnValue:
    """Answer a doubt."""
    actor, moment = current_actor(), now()
    found = access.contest_to(actor, "contest.dispute_decide", slug, moment.date())
    if dispute_id not in {each.id for each in queries.disputes(found.id)}:
        raise NotFound("There is no such doubt.")
    try:
        with transaction():
            clock.decide_dispute(
                dispute_id,
                is_upheld=request.form.get("upheld") == "1",
                answer=request.form.get("answer", "").strip()[:2000],
                actor=actor,
                now=moment,
            )
    except PennantError as refused:
        flash(refused.message, "late")
    else:
        flash("Answered.")
    return redirect(url_for("incentives.contest", slug=slug))


@blueprint.get("/contests/new")
@guard("contest.create_draft")
def new() -> ResponseReturnValue:
    """Launch a contest: one page, six short parts, sound defaults in every field."""
    actor, moment = current_actor(), now()
    offer = launching.setting(moment)
    given = launching.defaults(offer)
    league = launching.league_of(offer.teams, access.own_teams(actor, offer.today))
    form = _read(offer, given, [str(team) for team in league])
    return _launch_page(offer, form, moment, errors={})


@blueprint.post("/contests/new")
@guard("contest.create_draft")
def launch() -> ResponseReturnValue:
    """Launch it, keep it as a draft, or only look at how last month would have ended."""
    moment = now()
    offer = launching.setting(moment)
    form = _read(offer, request.form.to_dict(), request.form.getlist("teams"))
    wanted = request.form.get("do", "launch")
    if wanted == "preview":
        return _launch_page(offer, form, moment, errors={})
    if not form.is_sound:
        return _launch_page(offer, form, moment, errors=form.errors), 422
    try:
        with transaction():
            started = launches.start(
                form.ask, is_draft=wanted == "draft", actor=current_actor(), now=moment
            )
            slug, state = started.slug, started.state
    except (Invalid, Conflict) as refused:
        errors = {refused.field or "title": f"{refused.message} {refused.fix or ''}".strip()}
        return _launch_page(offer, form, moment, errors=errors), 422
    flash(_started_words(form.ask.title, state))
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
    """The panel beside the form, as scripts fetch it while one types."""
    moment = now()
    form = _read(launching.setting(moment), request.form.to_dict(), request.form.getlist("teams"))
    return render_template("incentives/_preview.html", aside=launches.aside(form.ask, moment))


def _read(offer: launching.Setting, given: dict[str, str], teams: list[str]) -> forms.LaunchForm:
    return forms.launch_form(
        given,
        teams,
        kinds=offer.kinds,
        known_teams=offer.team_ids,
        currency=offer.currency,
        today=offer.today,
    )


def _launch_page(
    offer: launching.Setting,
    form: forms.LaunchForm,
    moment: datetime,
    *,
    errors: Mapping[str, str],
) -> str:
    return render_template(
        "incentives/launch.html",
        given=form.raw,
        errors=errors,
        ask=form.ask,
        offer=offer,
        modes=pages.mode_choices(),
        teams=offer.offered(form.ask.team_ids, everybody="all" in request.args),
        working_days=launching.working_days(form.ask.starts_on, form.ask.last_on),
        aside=launches.aside(form.ask, moment),
    )


@blueprint.get("/awards")
@guard("recog.wall_view")
def awards() -> ResponseReturnValue:
    """Who was thanked for what, and what teams have won."""
    actor, moment = current_actor(), now()
    own = queries.thanks(person_id=actor.person_id) if actor.person_id is not None else ()
    return render_template(
        "incentives/awards.html",
        own=own,
        wall=queries.thanks(limit=24),
        teams=queries.team_awards(limit=40),
        sees_money=_sees_money(actor),
        show=show,
        today=moment.date(),
    )


def _sees_money(actor: Actor) -> bool:
    return scope_of(actor, "budget.view") is Scope.ALL
