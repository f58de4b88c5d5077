"""A contest from the launch page: written down, then launched or kept as a draft."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from core import audit
from core.letters import render_letter
from core.money import show
from core.policy import Actor
from incentives import access
from incentives.models import Contest
from incentives.notices import ContestWords
from incentives.queries import launching, pages, prospects
from incentives.queries.launching import Check, Replay, Setting
from incentives.queries.pages import PointLine
from incentives.rules.planning import LaunchAsk, draw_halves, second_half
from incentives.services import contests
from incentives.services.contests import ContestPlan, PrizePlan
from incentives.services.words import neighbour_check, prize_sentence, reach_check
from leaderboard.metrics import rule_sentence
from leaderboard.rules.units import DivisionPlan, UnitKind
from people import queries as people
from programme import queries as programmes
from programme.models import Programme
from programme.services import Draw, record_draw

DAY = timedelta(days=1)
LATER = ", second half"
LONGEST_TITLE = 120


def start(
    ask: LaunchAsk, *, is_draft: bool, seed: int, actor: Actor, now: datetime
) -> tuple[Contest, ...]:
    """Write the contest down and, unless it stays a draft, launch it; two for a staggered start.

    `seed` decides the lot and is kept in the audit trail, so that the draw can be checked.
    """
    programme = launching.current_programme()
    today = programmes.calendar(programme).local_day(now)
    access.check_launch(actor, ask.team_ids, today)
    if ask.staggered:
        started = _in_halves(ask, programme, seed, actor, now)
    else:
        started = (contests.create_draft(plan_of(ask, programme), actor=actor, now=now),)
    if not is_draft:
        for contest in started:
            contests.launch(contest.id, actor=actor, now=now)
    return started


def _in_halves(
    ask: LaunchAsk, programme: Programme, seed: int, actor: Actor, now: datetime
) -> tuple[Contest, ...]:
    """The two contests of a staggered start, and the draw the lift is worked out from."""
    if ask.starts_on is None or ask.last_on is None:
        raise ValueError("only a sound form becomes a plan")
    today = programmes.calendar(programme).local_day(now)
    offered = launching.candidates(programme, today)
    sizes = {team.id: team.reps for team in offered if team.id in ask.team_ids}
    halves = draw_halves(sizes, seed)
    first, last = second_half(ask.starts_on, ask.last_on)
    later = f"{ask.title[: LONGEST_TITLE - len(LATER)]}{LATER}"
    asks = (
        replace(ask, team_ids=halves.early),
        replace(ask, title=later, team_ids=halves.late, starts_on=first, last_on=last),
    )
    started = tuple(
        contests.create_draft(plan_of(each, programme), actor=actor, now=now) for each in asks
    )
    draw = Draw(started[0].slug, ask.starts_on, first - DAY, halves.arms)
    record_draw(programme.id, draw, actor, now)
    audit.record(
        "contest.draw",
        actor=actor,
        now=now,
        subject=f"contest:{started[0].id}",
        detail={"seed": str(seed), "early": list(halves.early), "late": list(halves.late)},
    )
    return started


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
        rules=ask.rules,
        mode=ask.mode,
        target_days=Fraction(ask.target_days),
        goal=ask.goal,
        team_ids=ask.team_ids,
        prizes=tuple(
            PrizePlan(
                title=prize.title,
                place=prize.place,
                cost_minor=prize.cost_minor,
                is_improvement=prize.is_improvement,
                for_manager=prize.for_manager,
                min_loops_kept=prize.min_loops_kept,
                stock=prize.stock,
            )
            for prize in ask.prizes
        ),
        kind=ask.unit,
        divisions=DivisionPlan() if ask.unit is UnitKind.DIVISION else None,
        tie_break=() if ask.tie_break is None else (ask.tie_break,),
        sources=ask.sources,
    )


@dataclass(frozen=True)
class Poster:
    """The poster as it will hang on the first day, in words; `slug` is where its code leads."""

    title: str
    slug: str
    programme: str
    on: str
    when: str
    rule: PointLine | None
    foot: str
    prize: str


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
    ahead: tuple[Check, ...]
    promised: str
    poster: Poster


def aside(ask: LaunchAsk, offer: Setting, now: datetime) -> Aside:
    """What the rules as typed would have done lately, may cost, and how they will be told."""
    programme = launching.current_programme()
    found = launching.replay(programme, ask, now) if ask.team_ids and ask.rules else None
    cost = ask.most_it_can_cost(offer.reps_of(ask.team_ids))
    subject, text = announcement(ask, programme, offer, "Maya")
    return Aside(
        replay=found,
        cost=show(cost, programme.currency),
        is_free=cost == 0,
        allowance=show(programme.prize_allowance_minor, programme.currency),
        needs_yes=cost > programme.prize_allowance_minor,
        subject=subject,
        letter=tuple(text.split("\n\n")),
        ahead=_ahead(ask, programme, offer, now),
        promised=show(prospects.promised(programme), programme.currency),
        poster=_poster(ask, programme),
    )


def _ahead(
    ask: LaunchAsk, programme: Programme, offer: Setting, now: datetime
) -> tuple[Check, ...]:
    """What this contest would run into, and what it could show (METRICS 5.4, X12)."""
    days = launching.working_days(ask.starts_on, ask.last_on)
    found = [neighbour_check(each) for each in prospects.neighbours(programme, ask)]
    reach = prospects.reach(programme, ask, offer.teams, days, now)
    if reach is not None and (ask.staggered or reach.change is not None):
        found.append(reach_check(reach, staggered=ask.staggered))
    return tuple(found)


def _poster(ask: LaunchAsk, programme: Programme) -> Poster:
    first, last = ask.starts_on, ask.last_on
    title = ask.title or "Your contest"
    return Poster(
        title=title,
        slug=launching.free_address(title),
        programme=programme.name,
        on=f"{first:%A} {first.day} {first:%B}" if first else "its first day",
        when=f"{first:%-d %B} to {last:%-d %B}." if first and last else "",
        rule=pages.point_line(ask.rules[0]) if ask.rules else None,
        foot=pages.foot_of(ask.mode, Fraction(ask.target_days)),
        prize=next((prize.title for prize in ask.prizes), ""),
    )


def announcement(
    ask: LaunchAsk, programme: Programme, offer: Setting, reader: str
) -> tuple[str, str]:
    """The letter as a rep will read it: subject and text."""
    calendar = programmes.calendar(programme)
    if ask.starts_on is None or ask.last_on is None:
        return "", ""
    names = people.team_names(ask.team_ids)
    is_solo = ask.unit is UnitKind.PERSON
    words = ContestWords(
        id=0,
        slug="…",
        title=ask.title or "Your contest",
        starts_at=calendar.day_start(ask.starts_on),
        ends_at=calendar.day_end(ask.last_on),
        time_zone=programme.time_zone,
        teams=offer.reps_of(ask.team_ids) if is_solo else len(ask.team_ids),
        rules=tuple(map(rule_sentence, ask.rules)),
        prizes=tuple(
            prize_sentence(prize.place, prize.title, None if ask.goal is None else str(ask.goal))
            for prize in ask.prizes
        ),
        target_days=str(ask.target_days),
        mode=ask.mode.value,
        is_solo=is_solo,
    )
    subject, text, _ = render_letter(
        "incentives/announced",
        contest=words,
        team=next(iter(names.values()), "Your team"),
        first_name=reader,
        stop_token="…",  # noqa: S106 - a picture of a letter carries no token
    )
    return subject, text.partition("\nYou get this because")[0].strip()
