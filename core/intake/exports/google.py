"""Google Workspace: the login report of the Admin SDK, one JSON object a line, or its CSV.

A line may hold one event or a list; it is a sign-in when one of them is `login_success`. Failures,
challenges and sign-outs are counted as what they are.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.intake.blocks import FileFacts, FileRefused
from core.intake.directory import reference
from core.intake.exports.sign_ins import USAGE, sign_in
from core.intake.exports.table import MOMENT, Field, Line, Table
from core.intake.kinds import Asked, Part, Passed, Preset, Problem, Refused, Translated
from core.intake.parsers import BadCell, parse_instant
from core.intake.survey import look_over

NAME = "google-workspace-logins"
LONGEST_LINE = 1 << 20
SORTS = {
    "login_failure": "failed logins",
    "login_challenge": "login challenges",
    "login_verification": "login challenges",
    "logout": "sign-outs",
}
OTHER = "other account events"
WRITE = "Export the report again; one activity is one line of JSON."
CELLS = (
    Field("at", ("Date", "Time", "id.time"), MOMENT, required=True),
    Field("event", ("Event Name", "Event", "events.name"), required=True),
    Field("email", ("Actor", "User", "Actor email", "actor.email"), required=True),
    Field("unique", ("Unique Qualifier", "id.uniqueQualifier")),
)


def _logins(path: Path, asked: Asked) -> Iterator[Part]:
    facts = look_over(path)
    start = _opening(path, facts)
    if start.startswith((b"{", b"[")):
        if start.startswith(b"["):
            raise FileRefused("unreadable", f"The report is one JSON list. {WRITE}")
        rows = _reports(path, facts, asked)
        yield Part("usage", asked.named(path), rows, header=USAGE, facts=facts)
        return
    yield _table_part(path, asked)


def _opening(path: Path, facts: FileFacts) -> bytes:
    if facts.kind == "xlsx":
        return b""
    with gzip.open(path) if facts.kind == "gz" else path.open("rb") as file:
        return file.read(64).lstrip(b"\xef\xbb\xbf \r\n\t")


def _reports(path: Path, facts: FileFacts, asked: Asked) -> Iterator[Translated]:
    with gzip.open(path) if facts.kind == "gz" else path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            if not line.endswith(b"\n") and len(line) == LONGEST_LINE:
                while (more := file.readline(LONGEST_LINE)) and not more.endswith(b"\n"):
                    pass
                yield Refused((Problem(number, None, "too_long"),))
            elif line.strip():
                yield _report(number, line, asked)


def _report(number: int, line: bytes, asked: Asked) -> Translated:
    """One activity: a sign-in, something else that is passed, or a refusal."""
    try:
        said = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        message = f"The line is not JSON. {WRITE}"
        return Refused((Problem(number, None, "not_an_event", None, message),))
    if not isinstance(said, Mapping) or not isinstance(said.get("id"), Mapping):
        message = f"The line is no activity of a report. {WRITE}"
        return Refused((Problem(number, None, "not_an_event", None, message),))
    names = _events(said.get("events"))
    if "login_success" not in names:
        name = next(iter(names), "")
        sort = next((SORTS[each] for each in names if each in SORTS), OTHER)
        return Passed(number, "events.name", name, sort)
    given = said.get("actor")
    actor: Mapping[str, object] = given if isinstance(given, Mapping) else {}
    who = reference(email=_text(actor.get("email")), google=_text(actor.get("profileId")))
    time = _text(said["id"].get("time"))
    problems = _faults(number, who, time)
    if problems:
        return Refused(problems)
    event = f"{time}/{_text(said['id'].get('uniqueQualifier'))}"
    return number, sign_in(asked, NAME, event, who, time)


def _faults(number: int, who: str, time: str) -> tuple[Problem, ...]:
    found = []
    if not who:
        found.append(Problem(number, "actor.email", "missing"))
    if not time:
        found.append(Problem(number, "id.time", "missing"))
    else:
        try:
            parse_instant(time)
        except BadCell as bad:
            found.append(Problem(number, "id.time", bad.code, time, bad.message))
    return tuple(found)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _events(events: object) -> list[str]:
    """The names of an activity's events, which come as an object or as a list of them."""
    listed = events if isinstance(events, list) else [events]
    return [_text(event.get("name")) for event in listed if isinstance(event, Mapping)]


def _table_part(path: Path, asked: Asked) -> Part:
    """The admin console's own download."""
    table = Table(path, CELLS, asked, system=NAME)

    def make(line: Line) -> Iterator[Translated]:
        name = line["event"].casefold().replace(" ", "_")
        if name not in {"login_success", "successful_login"}:
            sort = SORTS.get(name.replace("failed_login", "login_failure"), OTHER)
            yield Passed(line.number, table.written("event"), line["event"], sort)
            return
        line.need("at")
        at, mail = line.moment("at"), line.need("email")
        event = f"{at}/{line['unique'] or mail.casefold()}"
        yield line.number, sign_in(asked, NAME, event, reference(email=mail), at)

    return table.part("usage", USAGE, make)


GOOGLE = (
    Preset(
        NAME,
        _logins,
        "Google Workspace login report (JSON lines or CSV).",
        "usage",
        suffixes=(".jsonl", ".ndjson"),
    ),
)
