"""One command and one machine door for every figure (CONTRACT section 5)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import click
from flask import Blueprint, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from core import figures, policy
from core.clock import now
from core.csv_file import csv_file
from core.doors import terminal
from core.errors import Invalid, NotAllowed, NotFound
from core.guards import current_actor, person_or_machine

blueprint = Blueprint("figures", __name__)


def _programme(slug: str) -> Any:  # noqa: ANN401 - the programme room's own class, which core must not know
    found = current_app.extensions["pennant"]["programmes"].get(slug)
    if found is None:
        msg = f"There is no programme {slug}."
        raise NotFound(msg)
    return found


def _given() -> dict[str, str]:
    """Return the query's parameters; raises Invalid when one is given twice."""
    for name, values in request.args.lists():
        if len(values) > 1:
            msg = f"{name} is given twice."
            raise Invalid(msg, field=name)
    return dict(request.args.items())


@blueprint.get("/api/v1/programmes/<slug>/figures/<name>")
@person_or_machine("dashboard.programme", "figures:read")
def figure(slug: str, name: str) -> ResponseReturnValue:
    """Answer one figure."""
    chosen = figures.find(name)
    actor = current_actor()
    if actor.role is not None:
        scope = policy.require(actor, chosen.action)
        if chosen.lists_people and scope is not policy.Scope.ALL:
            msg = f"{name} lists people by name, and your role does not see everybody's."
            raise NotAllowed(msg, fix="Your own people stand on the pages of their room.")
    programme = _programme(slug)
    asked = replace(figures.ask(chosen, programme, _given(), now()), actor=actor)
    rows_url = (
        f"{url_for('figures.rows', slug=slug, name=name)}?{request.query_string.decode()}"
        if chosen.rows
        else None
    )
    return jsonify(figures.answer(chosen, programme, asked, rows_url))


@blueprint.get("/api/v1/programmes/<slug>/figures/<name>/rows")
@person_or_machine("people.metrics_individual", "figures:read")
def rows(slug: str, name: str) -> ResponseReturnValue:
    """List the rows behind a figure, for those who may see everybody's."""
    return jsonify(figure=name, rows=_rows_behind(slug, name))


@blueprint.get("/api/v1/programmes/<slug>/figures/<name>/rows.csv")
@person_or_machine("people.metrics_individual", "figures:read")
def rows_as_csv(slug: str, name: str) -> ResponseReturnValue:
    """Hand out the same rows as a file."""
    found = _rows_behind(slug, name)
    heads = tuple(found[0]) if found else ()
    return csv_file(name, heads, ([row[head] for head in heads] for row in found))


def _rows_behind(slug: str, name: str) -> list[dict[str, object]]:
    chosen = figures.find(name)
    actor = current_actor()
    allowed = policy.scope_of(actor, "people.metrics_individual") is policy.Scope.ALL
    if chosen.rows is None or not (allowed or "figures:read" in actor.scopes):
        msg = "There are no rows to show here."
        raise NotFound(msg)
    asked = figures.ask(chosen, _programme(slug), _given(), now())
    return [dict(row) for row in chosen.rows(asked)]


@click.command("figures")
@click.argument("name")
@click.option("--programme", "slug", required=True, help="The programme's slug.")
@click.option("-p", "pairs", multiple=True, metavar="KEY=VALUE", help="A parameter; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@terminal.friendly
def figures_command(name: str, slug: str, pairs: tuple[str, ...], *, as_json: bool) -> None:
    """Compute one figure: `flask figures adoption --programme csp -p through=2026-10-31`."""
    chosen = figures.find(name)
    programme = _programme(slug)
    given: dict[str, str] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or key in given:
            msg = f"-p takes key=value, each key once; not {pair!r}."
            raise Invalid(msg)
        given[key] = value
    asked = figures.ask(chosen, programme, given, now())
    answer = figures.answer(chosen, programme, asked, None)
    if as_json:
        terminal.print_json(answer)
        return
    click.echo(f"{name} of {slug}, as of {answer['as_of']}")
    _print_values(cast("Mapping[str, object]", answer["value"]))
    if chosen.beside is not None:
        click.echo(chosen.beside.title)
        _print_values(chosen.beside.compute(asked))


def _print_values(values: Mapping[str, object]) -> None:
    for key, item in values.items():
        click.echo(f"  {key}: {item}")


COMMANDS = (figures_command,)
