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
from incentives.models import Contest
from incentives.queries import checks, documents
from incentives.queries.documents import Reader
from incentives.services import byhand
from incentives.services.contests import ContestPlan, PrizePlan
from incentives.services.playbook import apply_contests

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
            )
            for prize in entry.prizes
        ),
        target_days=entry.target_days,
        min_team_size=entry.min_team_size,
        baseline_days=entry.baseline_days,
        freeze_hours=entry.freeze_hours,
        goal=entry.goal,
        team_ids=None if entry.teams is None else tuple(team_ids[name] for name in entry.teams),
    )


def _apply_contests(run: Apply, entries: Sequence[ContestEntry]) -> Sequence[str]:
    team_ids = queries.team_ids_by_name()
    plans = [_plan(run.programme_id, entry, team_ids) for entry in entries]
    return apply_contests(plans, actor=run.actor, now=run.now, approve_as=run.approve_as)


PLAYBOOK_PARTS = (PlaybookPart("contests", 40, contests_part, _apply_contests),)


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
    place = next((row for row in table.places if row.unit == unit), None)
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
        contest = byhand.advance(slug, state, actor=actor, now=now, reason=reason)
        reached = contest.state
    click.echo(f"{slug} is {reached}.")


COMMANDS = (contests_group,)
CHECKS = (checks.verify,)
