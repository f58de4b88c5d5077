"""Contests at a terminal: standings, explanations, steps by hand; and the playbook's contests."""

from collections.abc import Sequence
from datetime import datetime

import click

from core import clock as house_clock
from core.db import transaction
from core.doors import terminal
from core.errors import Invalid, NotFound
from core.playbook import Apply, PlaybookPart
from incentives import access, queries
from incentives.forms import ContestEntry, contests_part
from incentives.forms.series import BracketEntry, SeasonEntry, brackets_part, seasons_part
from incentives.models import Contest
from incentives.queries import checks, documents, life
from incentives.queries.documents import Reader
from incentives.services import budgets, byhand, stock
from incentives.services.contests import ContestPlan, PrizePlan, SidePlan
from incentives.services.playbook import (
    BracketPlan,
    PrizeOffer,
    SeasonPlan,
    apply_brackets,
    apply_contests,
    apply_seasons,
    least_team,
)

OPERATOR = Reader(sees_through_freeze=True)


def _plan(programme_id: int, entry: ContestEntry, team_ids: dict[str, int]) -> ContestPlan:
    unknown = [name for name in entry.teams or () if name not in team_ids]
    if unknown:
        raise Invalid(
            f"contest {entry.slug}: there is no team {unknown[0]}.",
            field="teams",
            fix="Import memberships first, or correct the team's name.",
        )
    return ContestPlan(
        programme_id=programme_id,
        slug=entry.slug,
        title=entry.title,
        starts_on=entry.start,
        last_on=entry.end,
        rules=entry.rules,
        mode=entry.mode,
        prizes=tuple(
            PrizePlan(
                title=prize.title,
                place=prize.place,
                cost_minor=prize.cost_minor,
                reserve_score=prize.reserve_score,
                is_improvement=prize.is_improvement,
                for_manager=prize.for_manager,
                min_loops_kept=prize.min_loops_kept,
                stock=prize.stock,
            )
            for prize in entry.prizes
        ),
        target_days=entry.target_days,
        min_team_size=entry.min_team_size,
        baseline_days=entry.baseline_days,
        freeze_hours=entry.freeze_hours,
        goal=entry.goal,
        team_ids=None if entry.teams is None else tuple(team_ids[name] for name in entry.teams),
        kind=entry.unit,
        sides=_sides(entry),
        divisions=entry.divisions,
        tie_break=entry.tie_break,
        sources=entry.sources,
        pause_moves_end=entry.pause_moves_end,
    )


def _sides(entry: ContestEntry) -> tuple[SidePlan, ...]:
    """The lists of people with the people's ids."""
    known = queries.people_by_key([key for side in entry.sides for key in side.people])
    unknown = [key for side in entry.sides for key in side.people if key not in known]
    if unknown:
        raise Invalid(
            f"contest {entry.slug}: there is nobody with the person_id {unknown[0]}.",
            field="teams",
            fix="Import people first, or correct the list.",
        )
    return tuple(
        SidePlan(side.name, tuple(known[key] for key in side.people)) for side in entry.sides
    )


def _apply_contests(run: Apply, entries: Sequence[ContestEntry]) -> Sequence[str]:
    team_ids = queries.team_ids_by_name()
    plans = [_plan(run.programme_id, entry, team_ids) for entry in entries]
    return apply_contests(plans, actor=run.actor, now=run.now, approve_as=run.approve_as)


def _apply_seasons(run: Apply, entries: Sequence[SeasonEntry]) -> Sequence[str]:
    plans = [_season_plan(run.programme_id, entry) for entry in entries]
    return apply_seasons(plans, actor=run.actor, now=run.now)


def _season_plan(programme_id: int, entry: SeasonEntry) -> SeasonPlan:
    found = {slug: queries.contest_by_slug(slug) for slug in entry.contests}
    unknown = [slug for slug, contest in found.items() if contest is None]
    if unknown:
        raise Invalid(f"season {entry.slug}: there is no contest {unknown[0]}.", field="contests")
    return SeasonPlan(
        programme_id=programme_id,
        slug=entry.slug,
        title=entry.title,
        board_ids=tuple(contest.board_id for contest in found.values() if contest is not None),
        place_points=entry.place_points,
        most_wins=entry.most_wins,
    )


def _apply_brackets(run: Apply, entries: Sequence[BracketEntry]) -> Sequence[str]:
    known = queries.team_ids_by_name()
    plans = [
        (
            _bracket_plan(run.programme_id, entry, known),
            [PrizeOffer(each.title, each.place, each.cost_minor) for each in entry.prizes],
        )
        for entry in entries
    ]
    return apply_brackets(plans, actor=run.actor, now=run.now, approve_as=run.approve_as)


def _bracket_plan(programme_id: int, entry: BracketEntry, known: dict[str, int]) -> BracketPlan:
    unknown = [name for name in entry.teams if name not in known]
    if unknown:
        raise Invalid(f"bracket {entry.slug}: there is no team {unknown[0]}.", field="teams")
    least = entry.min_team_size
    return BracketPlan(
        programme_id=programme_id,
        slug=entry.slug,
        title=entry.title,
        team_ids=tuple(known[name] for name in entry.teams),
        rounds=entry.rounds,
        rules=entry.rules,
        mode=entry.mode,
        target_days=entry.target_days,
        min_team_size=least_team(programme_id) if least is None else least,
        tie_break=entry.tie_break,
        freeze_hours=entry.freeze_hours,
    )


PLAYBOOK_PARTS = (
    PlaybookPart("contests", 40, contests_part, _apply_contests),
    PlaybookPart("seasons", 41, seasons_part, _apply_seasons),
    PlaybookPart("brackets", 42, brackets_part, _apply_brackets),
)


def _contest(slug: str) -> Contest:
    found = queries.contest_by_slug(slug)
    if found is None:
        known = ", ".join(contest.slug for contest in queries.contests()[:10])
        raise NotFound(f"There is no contest {slug}.", fix=f"Known: {known}." if known else None)
    return found


@click.group("contests")
def contests_group() -> None:
    """Contests: where teams stand, why, and steps by hand."""


@contests_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@terminal.friendly
def list_command(*, as_json: bool) -> None:
    """Every contest with its state and dates."""
    found = [documents.heading(contest) for contest in queries.contests()]
    if as_json:
        terminal.print_json({"contests": found})
        return
    for row in found:
        click.echo(f"{row['contest']:24} {row['state']:12} {row['start']} to {row['end']}")


@contests_group.command("standings")
@click.argument("slug")
@click.option("--as-of", type=terminal.INSTANT, help="What had been received by then.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@terminal.friendly
def standings_command(slug: str, *, as_of: datetime | None, as_json: bool) -> None:
    """Where the teams of a contest stand, now or at an instant."""
    now = house_clock.now()
    contest = _contest(slug)
    if as_json:
        terminal.print_json(documents.standings(contest, OPERATOR, as_of=as_of, now=now))
        return
    table = documents.table_for(contest, OPERATOR, as_of=as_of, now=now)
    click.echo(f"{contest.title}, {contest.state}, rules {contest.rules_hash[:12]}")
    for place in table.places:
        score = "-" if place.score is None else f"{float(place.score):.4f}"
        rank = "-" if place.rank is None else str(place.rank)
        met = f"{place.participants}/{place.roster}"
        click.echo(f"{rank:>4}  {place.unit:30} {score:>10}  {met:>8}  {place.reason or ''}")


@contests_group.command("explain")
@click.argument("slug")
@click.argument("unit")
@click.option("--as-of", type=terminal.INSTANT, help="What had been received by then.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@terminal.friendly
def explain_command(slug: str, unit: str, *, as_of: datetime | None, as_json: bool) -> None:
    """The entries behind one team's score, counted or not, each with its reason."""
    now = house_clock.now()
    contest = _contest(slug)
    table = documents.table_for(contest, OPERATOR, as_of=as_of, now=now)
    place = documents.place_called(contest, table, unit)
    if place is None:
        raise NotFound(f"{unit} does not take part in {slug}.")
    found = documents.explanation(contest, place, as_of=as_of or now, with_names=True)
    if as_json:
        terminal.print_json(found)
        return
    click.echo(f"{unit}: {place.participants} of {place.roster} reps met their own target")
    for line in documents.explanation_lines(found):
        click.echo(line)


@contests_group.command("advance")
@click.argument("slug")
@click.option("--to", "state", required=True, help="The state to go to.")
@click.option("--as-of", type=terminal.INSTANT, help="Take the step as of this instant.")
@click.option("--by", "person_key", required=True, metavar="PERSON_ID", help="Who does it.")
@click.option("--reason", default="", help="Needed to send back, pause or call off.")
@terminal.friendly
def advance_command(
    slug: str, *, state: str, as_of: datetime | None, person_key: str, reason: str
) -> None:
    """Take one step by hand, with the same guards as the page."""
    now = as_of or house_clock.now()
    with transaction():
        actor = access.actor_named(person_key)
        reached = byhand.advance(slug, state, actor=actor, now=now, reason=reason)
    click.echo(f"{slug} is {reached.state}.")
    if reached.waits_for:
        names = ", ".join(reached.waits_for)
        terminal.stop(f"It waits for a second person: {names}.", code=terminal.PARTLY)


@contests_group.command("budget")
@click.argument("programme")
@click.argument("amount", type=int)
@click.option("--by", "person_key", required=True, metavar="PERSON_ID", help="Who sets it.")
@click.option("--second", "second_key", metavar="PERSON_ID", help="Who confirms it.")
@terminal.friendly
def budget_command(programme: str, amount: int, *, person_key: str, second_key: str | None) -> None:
    """Set all the money there is for a programme's prizes, in minor units of its currency."""
    now = house_clock.now()
    with transaction():
        left = budgets.set_budget(
            life.programme_called(programme),
            amount,
            actor=access.actor_named(person_key),
            second=None if second_key is None else access.actor_named(second_key),
            now=now,
        )
    click.echo(f"{programme} has {amount} for prizes, {left} of it free.")


@contests_group.command("stock")
@click.argument("slug")
@click.argument("prize")
@click.argument("amount", type=int)
@click.option("--by", "person_key", required=True, metavar="PERSON_ID", help="Who says so.")
@click.option("--second", "second_key", metavar="PERSON_ID", help="Who confirms it.")
@terminal.friendly
def stock_command(
    slug: str, prize: str, amount: int, *, person_key: str, second_key: str | None
) -> None:
    """Say how many of a contest's prize there are."""
    with transaction():
        found = stock.adjust(
            _contest(slug),
            prize,
            amount,
            actor=access.actor_named(person_key),
            second=None if second_key is None else access.actor_named(second_key),
            now=house_clock.now(),
        )
        left = amount - found.taken
    click.echo(f"There are {amount} of {prize}, {left} of them free.")


COMMANDS = (contests_group,)
CHECKS = (checks.verify,)
