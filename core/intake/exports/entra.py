"""Microsoft Entra: interactive sign-ins, several rows of which may be one sign-in.

Rows of one sign-in share a correlation id: the earliest success is the event, wherever in the file
it stands. Interrupted and failed rows are counted as what they are. The present download writes
`Date (UTC)`; older ones write local times in the order of the portal's language.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from core.intake.directory import reference
from core.intake.exports.sign_ins import USAGE, sign_in
from core.intake.exports.table import MOMENT, Field, Line, Table
from core.intake.kinds import Asked, Part, Passed, Preset, Refused, Translated

NAME = "entra-sign-ins"
SIGN_INS = (
    Field(
        "at", ("Date (UTC)", "CreatedDateTime", "Created Date Time", "Date"), MOMENT, required=True
    ),
    Field("status", ("Status", "Sign-in status"), required=True),
    Field("name", ("Username", "UserPrincipalName", "User principal name")),
    Field("ref", ("User ID", "UserId")),
    Field("flow", ("Correlation ID", "CorrelationId")),
    Field("request", ("Request ID", "RequestId", "Id")),
)
SORTS = {
    "failure": "failed sign-ins",
    "failed": "failed sign-ins",
    "interrupted": "interrupted sign-ins",
}
UTC_ZONE = ZoneInfo("UTC")


class Earliest:
    """The earliest success of each sign-in, in constant memory: a database that spills to disk."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("CREATE TABLE first (flow TEXT PRIMARY KEY, at TEXT) WITHOUT ROWID")
        self._db.execute("BEGIN")

    def see(self, flow: str, at: str) -> None:
        """Remember the moment if it is earlier than those before."""
        self._db.execute(
            "INSERT INTO first VALUES (?, ?) ON CONFLICT (flow) DO UPDATE SET at = excluded.at "
            "WHERE excluded.at < at",
            (flow, at),
        )

    def take(self, flow: str, at: str) -> bool:
        """Whether this is the sign-in's earliest row; true once."""
        found = self._db.execute("DELETE FROM first WHERE flow = ? AND at = ?", (flow, at))
        return found.rowcount == 1

    def close(self) -> None:
        """Forget it all."""
        self._db.close()


def _sign_ins(path: Path, asked: Asked) -> Iterator[Part]:
    table = Table(path, SIGN_INS, asked, system=NAME)
    table.need_one_of("ref", "name")
    zone = UTC_ZONE if "(utc)" in table.written("at").casefold() else None

    def key(line: Line) -> str:
        flow = line["flow"] or line["request"]
        return f"{flow} {(line['ref'] or line['name']).casefold()}" if flow else ""

    def make(line: Line) -> Iterator[Translated]:
        status = line.word("status").casefold()
        if line.need("status") and status != "success":
            sort = SORTS.get(status, "sign-ins of unknown status")
            yield Passed(line.number, table.written("status"), line["status"], sort)
            return
        if not line["ref"]:
            line.need("name")
        line.need("at")
        at, flow = line.moment("at", zone), key(line)
        if line.faults:
            return
        if flow and not earliest.take(flow, at):
            column = table.written("flow" if line["flow"] else "request")
            sort = "further rows of the same sign-in"
            yield Passed(line.number, column, line["flow"] or line["request"], sort)
            return
        who = reference(entra=line["ref"], email=line["name"] if "@" in line["name"] else "")
        yield line.number, sign_in(asked, NAME, flow or f"{who} {at}", who, at)

    earliest = Earliest()
    try:
        for line in table.lines():
            if not isinstance(line, Refused) and line.word("status").casefold() == "success":
                at = line.moment("at", zone)
                if at and key(line):
                    earliest.see(key(line), at)
        yield table.part("usage", USAGE, make)
    finally:
        earliest.close()


ENTRA = (
    Preset(
        NAME,
        _sign_ins,
        "Microsoft Entra interactive sign-ins (CSV).",
        "usage",
        known_by=("Date (UTC)", "Correlation ID", "Username", "Status"),
    ),
)
