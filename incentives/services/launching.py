"""A contest from the launch page: written down, then launched or kept as a draft."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from core.letters import render_letter
from core.money import show
from core.policy import Actor
from incentives import access
from incentives.models import Contest
from incentives.notices import ContestWords
from incentives.queries import launching
from incentives.queries.launching import Replay
from incentives.rules.planning import LaunchAsk
from incentives.services import contests
from incentives.services.contests import ContestPlan, PrizePlan
from incentives.services.words import prize_sentence
from leaderboard.metrics import rule_sentence
from people import queries as people
from programme import queries as programmes
from programme.models import Programme


def start(ask: LaunchAsk, *, is_draft: bool, actor: Actor, now: datetime) -> Contest:
    """Write the contest down and, unless it stays a draft, launch it."""
    programme = launching.current_programme()
    today = programmes.calendar(programme).local_day(now)
    access.check_launch(actor, ask.team_ids, today)
    plan = plan_of(ask, programme)
    contest = contests.create_draft(plan, actor=actor, now=now)
    if not is_draft:
        contests.launch(contest.id, actor=actor, now=now)
    return contest


def plan_of(ask: LaunchAsk, programme: Programme) -> ContestPlan:
    """The form's contest; its address comes from its name."""
    if ask.starts_on is None or ask.last_on is None:
        raise ValueError("only a sound form becomes a plan")
    return ContestPlan(
        programme_id=programme.id,
        slug=launching.free_address(ask.title),
        title=ask.title,
        starts_on=ask.starts_on,
        last_on=ask.last_on,
        rules=(ask.rule,),
        mode=ask.mode,
        target_days=Fraction(ask.target_days),
        goal=ask.goal,
        team_ids=ask.team_ids,
        prizes=tuple(
            PrizePlan(title=prize.title, place=prize.place, cost_minor=prize.cost_minor)
            for prize in ask.prizes
        ),
    )


@dataclass(frozen=True)
class Aside:
    """What stands beside the launch form: the replay, the cost, the letter."""

    replay: Replay | None
    cost: str
    is_free: bool
    allowance: str
    needs_yes: bool
    subject: str
    letter: tuple[str, ...]


def aside(ask: LaunchAsk, now: datetime) -> Aside:
    """What the rules as typed would have done lately, may cost, and how they will be told."""
    programme = launching.current_programme()
    found = launching.replay(programme, ask, now) if ask.team_ids and ask.kind else None
    cost = ask.most_it_can_cost
    subject, text = announcement(ask, programme, "Maya")
    return Aside(
        replay=found,
        cost=show(cost, programme.currency),
        is_free=cost == 0,
        allowance=show(programme.prize_allowance_minor, programme.currency),
        needs_yes=cost > programme.prize_allowance_minor,
        subject=subject,
        letter=tuple(text.split("\n\n")),
    )


def announcement(ask: LaunchAsk, programme: Programme, reader: str) -> tuple[str, str]:
    """The letter as a rep will read it: subject and text."""
    calendar = programmes.calendar(programme)
    if ask.starts_on is None or ask.last_on is None:
        return "", ""
    names = people.team_names(ask.team_ids)
    words = ContestWords(
        id=0,
        slug="…",
        title=ask.title or "Your contest",
        starts_at=calendar.day_start(ask.starts_on),
        ends_at=calendar.day_end(ask.last_on),
        time_zone=programme.time_zone,
        teams=len(ask.team_ids),
        rules=(rule_sentence(ask.rule),),
        prizes=tuple(
            prize_sentence(prize.place, prize.title, None if ask.goal is None else str(ask.goal))
            for prize in ask.prizes
        ),
        target_days=str(ask.target_days),
        mode=ask.mode.value,
    )
    subject, text, _ = render_letter(
        "incentives/announced",
        contest=words,
        team=next(iter(names.values()), "Your team"),
        first_name=reader,
        stop_token="…",  # noqa: S106 - a picture of a letter carries no token
    )
    return subject, text.partition("\nYou get this because")[0].strip()
