"""HubSpot: its deals, with owners by name only, and its people, with a last sign-in only.

Dates are local to the account and are taken as they stand: a date is not moved by any zone.
"""

from collections.abc import Iterator
from pathlib import Path

from core.intake.exports.accounts import Account, Accounts, full_name, note_last_seen
from core.intake.exports.deals import DealFields, deals_part
from core.intake.exports.table import AMOUNT, DATE, Field, Line, Table
from core.intake.kinds import Asked, Part, Passed, Preset

SYSTEM = "hubspot"

DEALS = DealFields(
    system=SYSTEM,
    fields=(
        Field("id", ("Record ID", "Deal ID", "Record ID - Deal", "hs_object_id"), required=True),
        Field("owner_ref", ("Owner ID", "Deal owner ID", "HubSpot Owner ID", "hubspot_owner_id")),
        Field("owner_email", ("Deal owner email", "Owner email")),
        Field("owner", ("Deal owner", "Owner")),
        Field("account", ("Associated Company", "Associated Company (Primary)", "Company name")),
        Field("product", ("Product", "Line item")),
        Field("amount", ("Amount", "amount"), AMOUNT),
        Field("currency", ("Currency", "deal_currency_code")),
        Field("stage", ("Deal Stage", "dealstage"), required=True),
        Field("is_closed", ("Is Deal Closed?", "Is closed", "hs_is_closed")),
        Field("is_won", ("Is Closed Won", "Is closed won", "hs_is_closed_won")),
        Field("is_lost", ("Is Closed Lost", "Is closed lost", "hs_is_closed_lost")),
        Field("chance", ("Deal probability",), AMOUNT),
        Field("created", ("Create Date", "createdate"), DATE),
        Field("closed", ("Close Date", "closedate"), DATE),
    ),
)
OWNERS = (
    Field("ref", ("User ID", "Owner ID"), required=True),
    Field("email", ("Email", "Email address"), required=True),
    Field("first", ("First name",)),
    Field("last", ("Last name",)),
    Field("seen", ("Last login date", "Last login")),
    Field("teams", ("Assigned teams", "Teams")),
)
TEAMS = (
    "Assigned teams have no dates, and a team without dates would rewrite every figure of the "
    "past. Import memberships with start_date."
)


def _deals(path: Path, asked: Asked) -> Iterator[Part]:
    yield deals_part(Table(path, DEALS.fields, asked, system="hubspot-deals"), DEALS)


def _owners(path: Path, asked: Asked) -> Iterator[Part]:
    table = Table(path, OWNERS, asked, system="hubspot-owners")
    accounts = Accounts(table, SYSTEM, ())

    def read(line: Line) -> Account | Passed | None:
        ref = line.need("ref")
        name = full_name((line["first"], line["last"])) or line["email"]
        return Account(line.number, ref, f"hubspot-{ref}", line["email"].lower(), name)

    accounts.read(read)
    note_last_seen(accounts, table, "seen")
    if table.has("teams"):
        accounts.note(1, table.written("teams"), "not_dated", "", TEAMS)
    yield from accounts.parts()


HUBSPOT = (
    Preset(
        "hubspot-deals",
        _deals,
        "HubSpot deals; owners are found by name.",
        "deals",
        known_by=("Record ID", "Deal Stage", "Deal owner"),
    ),
    Preset(
        "hubspot-owners",
        _owners,
        "HubSpot people: names, addresses and ids.",
        "people",
        known_by=("User ID", "First name", "Last name", "Last login date"),
    ),
)
