"""Google Workspace: the login report of the Admin SDK as JSON, or the console's CSV.

The JSON is one object a line, or one text: a list, or the service's answer with its items. An
activity may hold one event or a list; it is a sign-in when one of them is `login_success`.
Failures, challenges and sign-outs are counted as what they are.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from io import BufferedReader
from pathlib import Path

from core.intake.blocks import FileFacts
from core.intake.directory import reference
from core.intake.exports import json_stream
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
WRITE = "Export the report again; one activity is one object of JSON."
ENDS = {
    json_stream.NOT_JSON: "From here on the file is not JSON.",
    json_stream.TOO_LONG: "From here on one value is longer than a megabyte.",
    json_stream.NO_END: "The list breaks off here without its end.",
}
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
        rows = (_reports if _is_by_line(path, facts) else _listed)(path, facts, asked)
        yield Part("usage", asked.named(path), rows, header=USAGE, facts=facts)
        return
    yield _table_part(path, asked)


def _open(path: Path, facts: FileFacts) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path) if facts.kind == "gz" else path.open("rb")


def _is_by_line(path: Path, facts: FileFacts) -> bool:
    """Whether each line is an activity: then a broken line spoils no other.

    A list or an answer with items is one text, and so are objects printed over several lines.
    """
    with _open(path, facts) as file:
        start = file.read(json_stream.CHUNK).decode("utf-8-sig", "replace").lstrip()
    if json_stream.is_opened(start):
        return False
    return not start.partition("\n")[0].rstrip().endswith(("{", "[", ","))


def _listed(path: Path, facts: FileFacts, asked: Asked) -> Iterator[Translated]:
    """The activities of one JSON text, whose lines mean nothing."""
    with _open(path, facts) as file:
        for item in json_stream.items(file):
            if item.fault is None:
                yield _entry(item.line, item.value, asked)
                continue
            message = f"{ENDS[item.fault]} What stands before it was read. {WRITE}"
            yield Refused((Problem(item.line, None, "not_an_event", None, message),))


def _opening(path: Path, facts: FileFacts) -> bytes:
    if facts.kind == "xlsx":
        return b""
    with _open(path, facts) as file:
        return file.read(64).lstrip(b"\xef\xbb\xbf \r\n\t")


def _reports(path: Path, facts: FileFacts, asked: Asked) -> Iterator[Translated]:
    with _open(path, facts) as file:
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
    """One line: an activity, or a refusal."""
    try:
        said = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        message = f"The line is not JSON. {WRITE}"
        return Refused((Problem(number, None, "not_an_event", None, message),))
    return _entry(number, said, asked)


def _entry(number: int, said: object, asked: Asked) -> Translated:
    """One activity: a sign-in, something else that is passed, or a refusal."""
    if not isinstance(said, Mapping) or not isinstance(said.get("id"), Mapping):
        message = f"This is no activity of a report. {WRITE}"
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
        "Google Workspace login report (JSON or CSV).",
        "usage",
        suffixes=(".jsonl", ".ndjson", ".json"),
    ),
)
