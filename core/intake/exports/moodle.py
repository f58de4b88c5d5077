"""Moodle: the course completion report, a wide table with two columns for each thing to do.

`<name>` holds the state and `<name> - Completion date` when; the last column is the whole course,
whose name the report does not hold: `--word 'Course complete=intro'` says which course it is, and
`--word 'Hands-on=intro-practice'` what a thing to do is called here. Dates are day first with two
digits for the year, local to the site: `--time-zone` says where that is.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.intake.directory import reference
from core.intake.exports.table import DATE, Field, Line, Table
from core.intake.kinds import Asked, Part, Preset, Translated
from core.intake.problems import Problem
from core.intake.reader import RowReader

NAME = "moodle-completions"
COMPLETIONS = ("person_id", "course", "completed_at", "passed", "source")
WHO = (
    Field("ref", ("ID",)),
    Field("name", ("Name", "Full name", "User full name")),
    Field("email", ("Email address", "Email")),
    Field("number", ("ID number", "idnumber")),
    Field("whole", ("Course complete",), DATE),
)
DONE, NOT_DONE, PASSED, FAILED = "completed", "not completed", "passed", "failed"
STATES = {
    "completed": DONE,
    "not completed": NOT_DONE,
    "completed (achieved pass grade)": PASSED,
    "completed (did not achieve pass grade)": FAILED,
    **{word: word for word in (PASSED, FAILED)},
}
WHICH = (
    "The report does not say which course this is. Say so with "
    "--word 'Course complete=THE COURSE', and its completions come in too."
)


@dataclass(frozen=True)
class Step:
    """A thing to do: its name, the columns of its state and date."""

    name: str
    course: str
    state: str
    date: str


def course_of(name: str, asked: Asked) -> str:
    """The course a thing to do stands for: as said, else its name as a slug."""
    said = asked.words.get(" ".join(name.casefold().split()))
    return said or re.sub(r"[^\w]+", "-", name.casefold()).strip("-_")[:120] or "course"


def _steps(path: Path, asked: Asked) -> tuple[Step, ...]:
    """Pairs of columns of which the second repeats the first's name and a dash."""
    with RowReader(path, name=asked.named(path), separators=",;\t|") as reader:
        header = reader.header
    return tuple(
        Step(name, course_of(name, asked), name, date)
        for name, date in itertools.pairwise(header)
        if name and date.startswith(f"{name} - ")
    )


def _completions(path: Path, asked: Asked) -> Iterator[Part]:
    steps = _steps(path, asked)
    fields = [*WHO]
    for place, step in enumerate(steps):
        fields.append(Field(f"state {place}", (step.state,)))
        fields.append(Field(f"date {place}", (step.date,), DATE))
    table = Table(path, fields, asked, system=NAME, is_day_first=True)
    table.need_one_of("email", "number", "ref", "name")
    course = asked.words.get("course complete", "")
    notes = []
    if table.has("whole") and not course:
        notes.append(Problem(1, table.written("whole"), "not_counted", "", WHICH, refuses=False))
    if not steps and not table.has("whole"):
        table.lacks("a column '<name> - Completion date' or 'Course complete'")

    def make(line: Line) -> Iterator[Translated]:
        who = _who(line)
        for place, step in enumerate(steps):
            state = _state(line, f"state {place}")
            at = line.moment(f"date {place}")
            if state == NOT_DONE or (not at and not line.faults and not line[f"state {place}"]):
                continue
            if not at and not line.faults:
                line.fault(f"date {place}", "missing", "A completed step needs its date.")
            yield line.number, _row(who, step.course, at, "false" if state == FAILED else "true")
        if course and (at := line.moment("whole")):
            yield line.number, _row(who, course, at, "true")

    yield table.part("completions", COMPLETIONS, make, notes)


def _who(line: Line) -> str:
    """By address, else by the site's ids, else by name alone."""
    mail, number, ref = line["email"], line["number"], line["ref"]
    name = "" if mail or number else line["name"]
    who = reference(email=mail, id=number, moodle=ref, name=name)
    if not who:
        line.need("email" if line.table.has("email") else "name")
    return who


def _state(line: Line, name: str) -> str:
    written = " ".join(line.word(name).casefold().split())
    if written in STATES:
        return STATES[written]
    if written:
        line.fault(
            name,
            "unknown_status",
            f"What {line[name][:60]!r} means is not known. Say so with --word "
            f"'{line[name][:60]}=completed' (or not completed, passed, failed), once for all.",
        )
    return NOT_DONE


def _row(who: str, course: str, at: str, passed: str) -> dict[str, str]:
    return dict(zip(COMPLETIONS, (who, course, at, passed, NAME), strict=True))


MOODLE = (
    Preset(
        NAME,
        _completions,
        "Moodle course completion report.",
        "completions",
        known_by=("ID", "Name", "Course complete"),
    ),
)
