"""Salesforce: its people, its login history in three shapes, its opportunities.

Ids come with 15 signs or with 18, the last three only repeating which letters are capital: all are
read as 18. The login history is an EventLogFile (upper-case headers), a query of LoginHistory, or
the download of the Setup page; a login is known by person and second, so that the same login from
two of them is one event. Opportunities come from Data Loader (API names) or from a report (labels).
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from core.intake.directory import reference
from core.intake.exports.accounts import Account, Accounts, full_name, note_last_seen
from core.intake.exports.deals import DealFields, deals_part
from core.intake.exports.sign_ins import USAGE, sign_in
from core.intake.exports.table import DATE, MOMENT, Field, Line, Table
from core.intake.kinds import Asked, Part, Passed, Preset, Translated

SYSTEM = "salesforce"
_TAIL = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@lru_cache(maxsize=1 << 16)
def whole_id(written: str) -> str:
    """An id of 18 signs: one of 15 gets the three that say which of its letters are capital."""
    if len(written) != 15 or not written.isascii() or not written.isalnum():
        return written
    tail = (
        sum(1 << place for place, sign in enumerate(written[start : start + 5]) if sign.isupper())
        for start in (0, 5, 10)
    )
    return written + "".join(_TAIL[bits] for bits in tail)


PEOPLE = (
    Field("ref", ("Id", "User ID", "User: User ID"), required=True),
    Field("email", ("Email", "E-mail", "User: Email"), required=True),
    Field("first", ("FirstName", "First Name")),
    Field("last", ("LastName", "Last Name")),
    Field("name", ("Name", "Full Name")),
    Field("boss", ("ManagerId", "Manager ID")),
    Field("department", ("Department",)),
    Field("zone", ("TimeZoneSidKey",)),
    Field("active", ("IsActive", "Active")),
    Field("sort", ("UserType", "User Type")),
    Field("seen", ("LastLoginDate", "Last Login")),
)
INACTIVE = (
    "The account is inactive, but the export does not say since when. Give leave_date or "
    "disabled_on in a people file, so that the person is not counted after that day."
)


def _people(path: Path, asked: Asked) -> Iterator[Part]:
    table = Table(path, PEOPLE, asked, system="salesforce-users")
    more = {"channel": "department", "time_zone": "zone", "manager_id": "boss"}
    columns = tuple(ours for ours, theirs in more.items() if table.has(theirs))
    accounts = Accounts(table, SYSTEM, columns)

    def read(line: Line) -> Account | Passed | None:
        if line["sort"] and line["sort"].casefold() != "standard":
            return Passed(line.number, "UserType", line["sort"], "accounts of programs")
        ref = whole_id(line.need("ref"))
        if line["active"].casefold() in {"false", "0", "no"}:
            accounts.note(line.number, "IsActive", "not_dated", line["active"], INACTIVE)
        name = line["name"] or full_name((line["first"], line["last"]))
        values = {ours: line[theirs] for ours, theirs in more.items() if ours in columns}
        return Account(
            line.number, ref, ref, line["email"].lower(), name, values, whole_id(line["boss"])
        )

    accounts.read(read)
    note_last_seen(accounts, table, "seen")
    yield from accounts.parts()


LOGINS = (
    Field(
        "at",
        ("TIMESTAMP_DERIVED", "LoginTime", "Login Time", "Time", "TIMESTAMP"),
        MOMENT,
        required=True,
    ),
    Field("status", ("LOGIN_STATUS", "Status", "Login Status"), required=True),
    Field("ref", ("USER_ID_DERIVED", "UserId", "User ID", "USER_ID")),
    Field("name", ("USER_NAME", "Username", "User Name", "User")),
    Field("event", ("EVENT_TYPE",)),
)
SUCCESS = {"success", "login_no_error"}


def _logins(path: Path, asked: Asked) -> Iterator[Part]:
    table = Table(path, LOGINS, asked, system="salesforce-login-history")
    table.need_one_of("ref", "name")

    def make(line: Line) -> Iterator[Translated]:
        if line["event"] and line["event"].casefold() != "login":
            yield Passed(line.number, "EVENT_TYPE", line["event"], "events that are no logins")
            return
        status = line.word("status").casefold()
        if not line.need("status") or status not in SUCCESS:
            if not line.faults:
                yield Passed(line.number, table.written("status"), line["status"], "failed logins")
            return
        at = _second(line.moment("at")) or line.need("at")
        ref, name = whole_id(line["ref"]), line["name"]
        if not ref and not name:
            line.need("ref" if table.has("ref") else "name")
        who = reference(salesforce=ref, email=name if "@" in name else "", name=_only(name))
        yield (
            line.number,
            sign_in(asked, "salesforce-login-history", f"{ref or name}@{at}", who, at),
        )

    yield table.part("usage", USAGE, make)


def _second(moment: str) -> str:
    """A moment without its fraction: one of the three shapes has none."""
    return f"{moment[:19]}Z" if moment else ""


def _only(name: str) -> str:
    return "" if "@" in name else name


OPPORTUNITIES = DealFields(
    system=SYSTEM,
    fields=(
        Field("id", ("Id", "Opportunity ID", "Opportunity: Opportunity ID"), required=True),
        Field("owner_ref", ("OwnerId", "Owner ID", "Opportunity Owner ID")),
        Field("owner_email", ("Owner Email", "Opportunity Owner: Email", "Owner: Email")),
        Field(
            "owner", ("Opportunity Owner", "Owner", "Owner Name", "Opportunity Owner: Full Name")
        ),
        Field("account", ("Account Name", "AccountName", "Account: Account Name", "AccountId")),
        Field("product", ("Product Name", "Primary Product")),
        Field("amount", ("Amount",), "amount"),
        Field("currency", ("CurrencyIsoCode", "Amount Currency", "Opportunity Currency")),
        Field("stage", ("StageName", "Stage"), required=True),
        Field("is_closed", ("IsClosed", "Closed")),
        Field("is_won", ("IsWon", "Won")),
        Field("chance", ("Probability", "Probability (%)"), "amount"),
        Field("created", ("CreatedDate", "Created Date"), DATE),
        Field("closed", ("CloseDate", "Close Date"), DATE),
    ),
    own_id=whole_id,
)


def _opportunities(path: Path, asked: Asked) -> Iterator[Part]:
    table = Table(path, OPPORTUNITIES.fields, asked, system="salesforce-opportunities")
    yield deals_part(table, OPPORTUNITIES)


SALESFORCE = (
    Preset(
        "salesforce-users",
        _people,
        "People of Salesforce (Data Loader): directory, managers, and the ids its exports use.",
        "people",
        known_by=("Id", "Username", "Email", "ManagerId"),
    ),
    Preset(
        "salesforce-login-history",
        _logins,
        "Salesforce logins: EventLogFile, LoginHistory query, or the Setup page's download.",
        "usage",
        known_by=("UserId", "LoginTime", "Status"),
    ),
    Preset(
        "salesforce-opportunities",
        _opportunities,
        "Salesforce opportunities: Data Loader or a report with ids.",
        "deals",
        known_by=("Id", "StageName", "CloseDate", "OwnerId"),
    ),
)
