"""Commands, import kinds and figures of the adoption room."""

from collections.abc import Collection

import click

from adoption import services
from adoption.cli import active, figures
from adoption.cli.imports import IMPORTS
from adoption.queries import checks
from adoption.queries import figures as figure_queries
from adoption.queries.weeks import programmes_with_usage
from core import clock
from core.db import transaction
from core.doors import terminal
from core.intake.kinds import Follower, LoadContext
from core.playbook import PlaybookFollower

__all__ = [
    "CHECKS",
    "COMMANDS",
    "FIGURES",
    "IMPORTS",
    "IMPORT_FOLLOWERS",
    "PLAYBOOK_FOLLOWERS",
]

CHECKS = (checks.verify_all,)
FIGURES = (*figures.FIGURES, *active.FIGURES)


@click.group("adoption")
def adoption_group() -> None:
    """Usage and what is counted from it."""


@adoption_group.command("rebuild")
@click.option("--programme", "slug", help="One programme; all of them without this.")
def rebuild_command(slug: str | None) -> None:
    """Forget every derived row and build it anew from the events."""
    ident = figure_queries.programme_id_of(slug) if slug else None
    if slug and ident is None:
        terminal.stop(f"There is no programme {slug}.")
    for programme_id in [ident] if ident else programmes_with_usage():
        with transaction():
            services.date_events_anew(programme_id)
            done = services.rebuild(programme_id, clock.now())
        click.echo(f"programme {programme_id}: {done.weeks} weeks judged")


def _redate_people(person_ids: Collection[int], _context: LoadContext) -> None:
    services.follow_people(person_ids)


def _redate_programme(programme_id: int) -> None:
    services.follow_programme(programme_id)


COMMANDS = (adoption_group,)
IMPORT_FOLLOWERS = (Follower("people", _redate_people),)
PLAYBOOK_FOLLOWERS = (PlaybookFollower(_redate_programme),)
