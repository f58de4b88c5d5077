"""What training adds to other rooms' pages: the next milestone in a rep's week."""

from collections.abc import Sequence
from datetime import date, datetime

from flask import render_template

from core.policy import Actor, Role
from core.slots import Panel
from training_tracker import access, queries
from training_tracker.queries import OverduePerson
from training_tracker.rules import MilestoneState

LONG_AGO_DAYS = 30


def my_next_milestone(actor: Actor, now: datetime) -> str | None:
    """The reader's next milestone with its date, or what a manager's team still owes."""
    owner = queries.current_programme()
    if owner is None or actor.person_id is None:
        return None
    today = queries.today_of(owner, now)
    if actor.role is Role.REP:
        own = queries.own_milestones(owner.id, actor.person_id, today, now)
        if not own:
            return None
        return render_template(
            "training_tracker/_my_week.html", own=own, next=queries.next_milestone(own), today=today
        )
    if actor.role is Role.MANAGER:
        late = queries.late_on_team(owner, access.people_to_see(actor, today), now)
        if late:
            return render_template("training_tracker/_team_week.html", late=late[:3], more=late[3:])
    return None


def overdue_headline(actor: Actor, now: datetime) -> dict[str, object] | None:
    """A page opens with training only when some of it is overdue: one's own, or a rep's."""
    owner = queries.current_programme()
    if owner is None or actor.person_id is None:
        return None
    today = queries.today_of(owner, now)
    if actor.role is Role.MANAGER:
        return _team_headline(queries.late_on_team(owner, access.people_to_see(actor, today), now))
    if actor.role is not Role.REP:
        return None
    own = queries.own_milestones(owner.id, actor.person_id, today, now)
    coming = queries.next_milestone(own)
    if coming is None or coming.status.state is not MilestoneState.OVERDUE:
        return None
    words = "slipped by" if coming.status.days_late <= LONG_AGO_DAYS else "is still open"
    return {
        "priority": 40,
        "headline": f"{coming.milestone.course.title} {words}. Today is a good day for it.",
        "lede": "Once it is done, everything here is about your work again.",
        "action_url": f"/training/{coming.milestone.course.slug}",
        "action_label": "See what it takes",
    }


def _team_headline(late: Sequence[OverduePerson]) -> dict[str, object] | None:
    """Who needs their manager, by first name where it is one."""
    people = {each.row.person_id: each for each in late}
    if not people:
        return None
    first = late[0]
    who = f"{first.name.split()[0]} needs" if len(people) == 1 else f"{len(people)} reps need"
    return {
        "priority": 35,
        "headline": f"{who} you this week.",
        "lede": f"{first.row.course_title} is past its date. Ask what is in the way.",
        "action_url": "/training",
        "action_label": "See who and what",
    }


def trained_step(
    actor: Actor, now: datetime, through: date | None = None, **_context: object
) -> dict[str, object] | None:
    """The step of the adoption page between having the tool and logging in to it."""
    owner = queries.current_programme()
    found = None if owner is None or through is None else queries.trained(owner, through)
    if found is None:
        return None
    return {
        "order": 10,
        "label": "Trained",
        "count": found.people,
        "href": f"/training/{found.course.slug}",
        "note": f"Trained: passed {found.course.title}.",
        "is_open": True,
    }


PANELS = (
    Panel(slot="adoption_steps", order=10, render=trained_step),
    Panel(slot="my_week_headline", order=40, render=overdue_headline),
    Panel(slot="my_week", order=40, render=my_next_milestone),
)
