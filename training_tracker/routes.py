"""Training pages: who is where with which milestone, one course, and marking a completion."""

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core import charts
from core.clock import now
from core.db import transaction
from core.errors import Invalid, NotFound
from core.guards import current_actor, guard
from core.policy import Actor, Role, Scope, scope_of
from training_tracker import access, queries, services
from training_tracker.forms import mark_form
from training_tracker.services import Marked

blueprint = Blueprint("training_tracker", __name__)

SHOWN_AT_ONCE = 60
SHOWN_OVERDUE = 6
SHOWN_TEAMS = 12


def _chosen_people(actor: Actor, team: str, today: date) -> frozenset[int] | None:
    """Whom the page counts: a team within the actor's reach, or all of it; None is everybody."""
    reach = access.people_to_see(actor, today)
    if scope_of(actor, "training.team_status") is Scope.AGG:
        return None
    if not team:
        return reach
    chosen = queries.people_of_team(team, today)
    return chosen if reach is None else chosen & reach


@blueprint.get("/training")
@guard("training.catalogue")
def training() -> ResponseReturnValue:
    """The answer for the reader: what I owe, whom I should help, or how far everybody is."""
    actor, moment = current_actor(), now()
    owner = queries.current_programme()
    if owner is None:
        return render_template("training_tracker/empty.html")
    today = queries.today_of(owner, moment)
    scope = scope_of(actor, "training.team_status")
    if scope is Scope.NONE:
        own = (
            queries.own_milestones(owner.id, actor.person_id, today, moment)
            if actor.person_id is not None
            else []
        )
        return render_template(
            "training_tracker/own.html",
            own=own,
            next=queries.next_milestone(own),
            today=today,
            courses=queries.courses(owner.id),
            is_rep=actor.role is Role.REP,
        )
    team = request.args.get("team", "")
    chosen = _chosen_people(actor, team, today)
    names = scope is not Scope.AGG
    seen = queries.snapshot(owner.id, moment, chosen)
    late = queries.overdue_people(seen, today) if names else []
    fits = names and chosen is not None and len(chosen) <= SHOWN_AT_ONCE
    groups = queries.team_progress(seen, today) if names and not fits else []
    practice = queries.use_after_class(owner.id, moment, chosen)
    return render_template(
        "training_tracker/training.html",
        counts=queries.milestone_counts(seen, today),
        late=late[:SHOWN_OVERDUE],
        late_count=len(late),
        late_people=len({each.row.person_id for each in late}),
        matrix=queries.matrix(seen, today) if fits and chosen else None,
        team_rows=groups[:SHOWN_TEAMS],
        group_count=len(groups),
        practice=practice,
        chart=charts.staircase(practice.by_day, practice.size, practice.finding)
        if practice
        else None,
        teams=queries.teams_within(access.people_to_see(actor, today), today) if names else [],
        team=team,
        names=names,
        today=today,
        zone=owner.time_zone,
        fresh=queries.last_completion_at(owner.id),
    )


@blueprint.get("/training/<course>")
@guard("training.catalogue")
def course(course: str) -> ResponseReturnValue:
    """One course: what it asks, who has it, and a form to mark a completion where allowed."""
    return _course_page(course, {}, {}), 200


def _course_page(slug: str, values: dict[str, str], problems: dict[str, str]) -> str:
    actor, moment = current_actor(), now()
    owner = queries.current_programme()
    if owner is None:
        raise NotFound("There is no programme yet.")
    today = queries.today_of(owner, moment)
    row = services.course_of(owner.id, slug)
    team = request.args.get("team", "")
    chosen = _chosen_people(actor, team, today)
    scope = scope_of(actor, "training.team_status")
    names = scope not in {Scope.NONE, Scope.AGG}
    return render_template(
        "training_tracker/course.html",
        course=row,
        milestone=queries.milestone_of(owner.id, row.id),
        count=queries.course_count(row, today, moment, chosen) if scope is not Scope.NONE else None,
        people=queries.course_people(row, today, moment, chosen, team) if names else [],
        own=queries.own_standing(row, actor.person_id, today, moment),
        may_mark=access.may_mark_anybody(actor, today),
        teams=queries.teams_within(access.people_to_see(actor, today), today) if names else [],
        team=team,
        names=names,
        today=today,
        values=values,
        problems=problems,
    )


@blueprint.post("/training/<course>/completions")
@guard("training.record_completion")
def mark(course: str) -> ResponseReturnValue:
    """Mark that somebody finished the course; what is wrong is said beside its field."""
    moment = now()
    owner = queries.current_programme()
    if owner is None:
        raise NotFound("There is no programme yet.")
    values = {name: request.form.get(name, "") for name in ("person_id", "completed_on", "passed")}
    try:
        form = mark_form(values, queries.calendar_of(owner), moment)
        with transaction():
            services.record_completion(
                Marked(form.person_key, course, form.completed_at, form.is_passed),
                programme_id=owner.id,
                actor=current_actor(),
                now=moment,
            )
    except Invalid as refused:
        return _course_page(course, values, {refused.field or "": refused.message}), 422
    flash("Marked. Their milestone is up to date.")
    back = url_for("training_tracker.course", course=course, team=request.args.get("team") or None)
    return redirect(back, 303)
