"""The public CRM sales-opportunities set: a folder with sales_teams, sales_pipeline and lists.

It has names and dates only. People get an id and an address made from their name; a deal's dates
become usage (`deal_engaged`, `deal_won`, `deal_lost`) at noon UTC, which is the same date in every
zone from UTC-12 to UTC+11. What looks odd is noted row by row and comes in as it stands.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.intake.blocks import FileRefused
from core.intake.exports.plain import plain_rows
from core.intake.kinds import Asked, Part, Preset
from core.intake.problems import Problem

NAME = "maven-crm"
# Addresses under .invalid can never be written to.
DOMAIN = "maven-crm.invalid"
TEAMS, PIPELINE = "sales_teams.csv", "sales_pipeline.csv"
PRODUCTS, ACCOUNTS = "products.csv", "accounts.csv"
STAGES = {"Won": "won", "Lost": "lost", "Engaging": "open", "Prospecting": "open"}
CLOSING = {"Won": "deal_won", "Lost": "deal_lost"}
# The columns of what is made of them.
PEOPLE = ("person_id", "email", "name", "role", "channel", "enabled_on", "manager_id")
MEMBERSHIPS = ("person_id", "team", "start_date", "lead")
DEALS = (
    "deal_id",
    "person_id",
    "account",
    "product",
    "amount",
    "currency",
    "stage",
    "created_on",
    "closed_on",
)
USAGE = ("event_id", "person_id", "kind", "occurred_at", "object_id", "value", "source")

Cells = Mapping[str, str]
Numbered = Iterable[tuple[int, Cells]]
Row = dict[str, str]


def key_of(name: str) -> str:
    """Make an id from a name: `Mei-Mei Johns` becomes `mei-mei-johns`."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


@dataclass(frozen=True)
class _Export:
    """The folder and what its small tables say."""

    folder: Path

    def rows(self, name: str) -> Numbered:
        """Return the rows of one file with their line numbers; refuses a folder without it."""
        path = self.folder / name
        if not path.is_file():
            message = f"{name} is missing. Give the folder that holds {TEAMS} and {PIPELINE}."
            raise FileRefused("unreadable", message, name)
        return plain_rows(path)

    @cached_property
    def agents(self) -> list[tuple[int, Cells]]:
        return list(self.rows(TEAMS))

    @cached_property
    def first_day(self) -> str:
        """Return the pipeline's first date: from then on everybody is taken to have the tool."""
        days = (cells["engage_date"] for _line, cells in self.rows(PIPELINE))
        return min((day for day in days if day), default="")

    def names(self, name: str, column: str) -> frozenset[str]:
        """Return the known names of a list, empty when the folder does not have it."""
        if not (self.folder / name).is_file():
            return frozenset()
        return frozenset(cells[column] for _line, cells in self.rows(name))


def translate(folder: Path, _asked: Asked) -> Iterator[Part]:
    """Return people, memberships, deals and usage, in the order in which they must come in."""
    export = _Export(folder)
    yield Part("people", TEAMS, _people(export), header=PEOPLE)
    yield Part("memberships", TEAMS, _memberships(export), header=MEMBERSHIPS)
    yield Part("deals", PIPELINE, _deals(export), _oddities(export), header=DEALS)
    yield Part("usage", PIPELINE, _usage(export), header=USAGE)


def _people(export: _Export) -> Iterator[tuple[int, Row]]:
    """Managers first, at the line that first names them, then the agents."""
    managers: dict[str, tuple[int, str]] = {}
    for line, cells in export.agents:
        managers.setdefault(cells["manager"], (line, cells["regional_office"]))
    for name, (line, office) in managers.items():
        yield line, _person(name, "manager", office, "", "")
    for line, cells in export.agents:
        yield (
            line,
            _person(
                cells["sales_agent"],
                "rep",
                cells["regional_office"],
                key_of(cells["manager"]),
                export.first_day,
            ),
        )


def _person(name: str, role: str, office: str, manager: str, enabled_on: str) -> Row:
    key = key_of(name)
    return {
        "person_id": key,
        "email": f"{key}@{DOMAIN}",
        "name": name,
        "role": role,
        "channel": office,
        "enabled_on": enabled_on,
        "manager_id": manager,
    }


def _memberships(export: _Export) -> Iterator[tuple[int, Row]]:
    leads: set[str] = set()
    for line, cells in export.agents:
        manager = cells["manager"]
        if manager not in leads:
            leads.add(manager)
            yield line, _membership(manager, manager, export.first_day, "true")
        yield line, _membership(cells["sales_agent"], manager, export.first_day, "false")


def _membership(name: str, manager: str, since: str, lead: str) -> Row:
    return {"person_id": key_of(name), "team": f"Team {manager}", "start_date": since, "lead": lead}


def _deals(export: _Export) -> Iterator[tuple[int, Row]]:
    for line, cells in export.rows(PIPELINE):
        yield (
            line,
            {
                "deal_id": cells["opportunity_id"],
                "person_id": key_of(cells["sales_agent"]),
                "account": cells["account"],
                "product": cells["product"],
                "amount": cells["close_value"],
                "currency": "USD",
                "stage": STAGES.get(cells["deal_stage"], cells["deal_stage"]),
                "created_on": cells["engage_date"],
                "closed_on": cells["close_date"],
            },
        )


def _usage(export: _Export) -> Iterator[tuple[int, Row]]:
    """One event for a deal's engagement and one for its close, at the line of the deal."""
    for line, cells in export.rows(PIPELINE):
        if cells["engage_date"]:
            yield line, _event(cells, "deal_engaged", cells["engage_date"], "")
        kind = CLOSING.get(cells["deal_stage"])
        if kind and cells["close_date"]:
            yield line, _event(cells, kind, cells["close_date"], cells["close_value"])


def _event(cells: Cells, kind: str, day: str, value: str) -> Row:
    return {
        "event_id": f"{cells['opportunity_id']}:{kind}",
        "person_id": key_of(cells["sales_agent"]),
        "kind": kind,
        "occurred_at": f"{day}T12:00:00Z",
        "object_id": cells["opportunity_id"],
        "value": value,
        "source": NAME,
    }


def _oddities(export: _Export) -> list[Problem]:
    """Note what does not fit the set's own lists; nothing of it keeps a row out."""
    products = export.names(PRODUCTS, "product")
    accounts = export.names(ACCOUNTS, "account")
    agents = {cells["sales_agent"] for _line, cells in export.agents}
    found: list[Problem] = []
    for line, cells in export.rows(PIPELINE):
        product, account = cells["product"], cells["account"]
        if products and product not in products:
            found.append(_noted(line, "product", "unknown_product", product))
        if not account:
            message = "The deal names no account. It came in without one."
            found.append(_noted(line, "account", "missing", account, message))
        elif accounts and account not in accounts:
            found.append(_noted(line, "account", "unknown_account", account))
        if cells["sales_agent"] not in agents:
            found.append(_noted(line, "sales_agent", "unknown_person", cells["sales_agent"]))
    return found


def _noted(line: int, field: str, code: str, value: str, message: str = "") -> Problem:
    return Problem(line, field, code, value, message, refuses=False)


MAVEN_CRM = Preset(
    name=NAME,
    translate=translate,
    doc="The public CRM sales-opportunities set: a folder with sales_teams.csv and its fellows.",
    takes_folder=True,
    suffixes=(".zip",),
)
