"""What contests and thanks add to other rooms' pages."""

from datetime import datetime

from flask import render_template

from core.policy import Actor, Role, Scope, scope_of
from core.slots import Panel
from incentives import access, queries
from incentives.queries import brackets, fairplay, pages


def my_place(actor: Actor, now: datetime) -> str | None:
    """A rep's place in every running contest with the neighbours; a lead's teams likewise."""
    if actor.person_id is None:
        return None
    if actor.role is Role.REP:
        places = pages.own_places(actor.person_id, now)
    elif actor.role is Role.MANAGER:
        places = pages.team_places(access.led_teams(actor, now.date()), now)
    else:
        return None
    return render_template("incentives/_my_place.html", places=places) if places else None


def place_headline(actor: Actor, now: datetime) -> dict[str, object] | None:
    """The first page opens with the race while the reader can still do something for it."""
    if actor.person_id is not None and actor.role is Role.MANAGER:
        places = pages.team_places(access.led_teams(actor, now.date()), now)
        return pages.team_headline(places[0]) if places else None
    if actor.person_id is None or actor.role is not Role.REP:
        return None
    return next(
        (
            found
            for each in pages.own_places(actor.person_id, now)
            if (found := pages.headline(each)) is not None
        ),
        None,
    )


def my_awards(actor: Actor, now: datetime) -> str | None:
    """A rep's own thanks, the latest three."""
    if actor.person_id is None:
        return None
    own = queries.thanks(person_id=actor.person_id, limit=20)
    return render_template("incentives/_my_awards.html", own=own) if own else None


def waiting_headline(actor: Actor, now: datetime) -> dict[str, object] | None:
    """Whoever may approve sees what waits for it."""
    if scope_of(actor, "contest.approve_launch") is not Scope.ALL or actor.role is Role.ADMIN:
        return None
    waiting = [found for found in queries.unpublished(None) if found.state == "submitted"]
    if not waiting:
        return None
    return {
        "priority": 60,
        "headline": f"{waiting[0].title} waits for your yes.",
        "lede": "Its prizes cost more than its author may spend alone.",
        "action_url": f"/contests/{waiting[0].slug}",
        "action_label": "Look at it",
    }


def questions_headline(actor: Actor, now: datetime) -> dict[str, object] | None:
    """Whoever decides on signs, claims and doubts sees which contest waits for it."""
    if scope_of(actor, "event.hold") is not Scope.ALL or actor.person_id is None:
        return None
    found = fairplay.asking(now)
    if not found:
        return None
    first = found[0]
    if first.is_unsigned:
        lede = "Everything is decided; it waits for a signature, because its designer wins money."
    else:
        lede = "Prizes wait until each sign, claim and doubt is decided."
    count = first.waiting.total
    return {
        "priority": 55,
        "headline": f"{first.title} waits for your signature."
        if first.is_unsigned
        else f"{first.title}: {count} open {'question' if count == 1 else 'questions'}.",
        "lede": lede,
        "action_url": f"/contests/{first.slug}/fair-play",
        "action_label": "Look at it",
    }


def team_awards(actor: Actor, now: datetime, *, team_id: int) -> str | None:
    """What a team has won, on its page."""
    won = queries.team_awards(team_ids=[team_id], limit=6)
    return render_template("incentives/_team_awards.html", won=won) if won else None


def boards_head(actor: Actor, now: datetime) -> str | None:
    """Above the list of boards: launch one, and what is not announced yet."""
    may_launch = scope_of(actor, "contest.create_draft") is not Scope.NONE
    drafts = [
        found for found in queries.unpublished(None) if access.is_visible(actor, found, now.date())
    ]
    if not may_launch and not drafts:
        return None
    return render_template("incentives/_boards_head.html", may_launch=may_launch, drafts=drafts)


def bracket_prizes(actor: Actor, now: datetime, *, bracket_slug: str) -> str | None:
    """What a bracket's winner and runner-up get, on its page."""
    lines = brackets.lines_of(bracket_slug)
    return render_template("incentives/_bracket_prizes.html", prizes=lines) if lines else None


PANELS = (
    Panel(slot="my_week_headline", order=20, render=place_headline),
    Panel(slot="my_week_headline", order=10, render=waiting_headline),
    Panel(slot="my_week_headline", order=12, render=questions_headline),
    Panel(slot="my_week", order=10, render=my_place),
    Panel(slot="my_week", order=60, render=my_awards),
    Panel(slot="team", order=60, render=team_awards),
    Panel(slot="boards_head", order=10, render=boards_head),
    Panel(slot="bracket_prizes", order=10, render=bracket_prizes),
)
