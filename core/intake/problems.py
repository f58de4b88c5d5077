"""The fixed list of what can be wrong in an imported file, each with its sentence and its fix.

A code is part of the outer interface (CONTRACT 3): never rename one; add at the end of its group.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SHOWN_VALUE = 120


@dataclass(frozen=True)
class Code:
    """What happened, in a sentence, and what to do about it."""

    message: str
    fix: str


CODES: Mapping[str, Code] = MappingProxyType(
    {
        # The file as a whole.
        "unknown_kind": Code(
            "The file's name does not say what it holds.",
            "Name it after a kind (people.csv, usage.csv, ...) or give --as KIND.",
        ),
        "unreadable": Code(
            "The file cannot be read.", "Check that it exists and that its format is supported."
        ),
        "damaged_archive": Code(
            "The compressed file is damaged or cut off.",
            "Export or copy it again; nothing is lost.",
        ),
        "too_big": Code(
            "The file is larger than the limit when unpacked.",
            "Split it, or save it as plain CSV.",
        ),
        "bad_encoding": Code(
            "The text is not UTF-8 and no other encoding fits.",
            "Save it as 'CSV UTF-8' and import it again.",
        ),
        "empty_file": Code("The file is empty.", "It needs a header row with column names."),
        "missing_column": Code(
            "A required column is missing.", "Add the column; the header row names the columns."
        ),
        "duplicate_column": Code(
            "A column name occurs twice in the header.", "Keep one of the two columns."
        ),
        # A line as a whole.
        "unclosed_quote": Code(
            "A quotation mark is opened on this line and not closed.",
            "Close the quotation mark, or remove it. The lines after it were read normally.",
        ),
        "malformed_quote": Code(
            "There is text after a closing quotation mark.",
            'Double the quotation marks inside a quoted cell ("").',
        ),
        "wrong_cell_count": Code(
            "The line does not have as many cells as the header.",
            "Look for a missing or extra separator, and quote cells that contain one.",
        ),
        "bad_character": Code(
            "The cell holds a character that is not text (NUL, a control sign, half a letter).",
            "Remove the character.",
        ),
        "formula_error": Code(
            "A formula of this row gave an error instead of a value.",
            "Correct the formula, or put the value in its place.",
        ),
        "too_long": Code("The cell is longer than allowed.", "Shorten it."),
        # A cell.
        "missing": Code("A required cell is empty.", "Fill it in."),
        "not_a_date": Code("This is not a date.", "Write dates as YYYY-MM-DD."),
        "not_an_instant": Code(
            "This is not a moment in time.",
            "Write ISO 8601 with an offset, like 2026-03-02T09:30:00+01:00 or ...Z.",
        ),
        "naive_instant": Code(
            "This moment has no time zone, and guessing one would be wrong somewhere.",
            "Add an offset or Z, or import with --time-zone ZONE.",
        ),
        "no_such_local_time": Code(
            "This local time does not exist: the clocks skipped it that day.",
            "Correct the time, or add an offset.",
        ),
        "not_a_number": Code(
            "This is not a number.", "Write digits with a point for decimals, like 1234.50."
        ),
        "not_an_integer": Code("This is not a whole number.", "Write digits only."),
        "not_a_boolean": Code("This is neither yes nor no.", "Write true or false."),
        "not_an_email": Code("This is not an e-mail address.", "Write it like name@example.org."),
        "not_a_choice": Code("This is not one of the known words.", "Use one of the listed words."),
        "unknown_time_zone": Code(
            "This time zone does not exist.", "Use a name like Europe/Berlin or America/New_York."
        ),
        "out_of_range": Code("The value is outside what is possible.", "Check the value."),
        # What the cells say together.
        "end_before_start": Code("The end lies before the start.", "Correct one of the two."),
        "duplicate_key_conflict": Code(
            "An earlier row of this file has the same key and says something else.",
            "Keep one of the two rows; the earlier one was taken.",
        ),
        "key_taken": Code(
            "Another record already holds this value, which must be unique.",
            "Correct the value, or the other record first.",
        ),
        "manager_cycle": Code(
            "The managers form a circle: somebody would be above themselves.",
            "Correct manager_id on one of the rows of the circle.",
        ),
        "overlap": Code(
            "This overlaps another membership of the same person in the same team.",
            "End the earlier membership before the next one starts, or merge the two.",
        ),
        "unknown_person": Code(
            "Nobody in the directory has this person_id or address.",
            "Import the person; rows set aside are tried again then.",
        ),
        "unknown_manager": Code(
            "Nobody in the directory or in this file has the manager's person_id.",
            "Add the manager to the file, or correct manager_id.",
        ),
        "unknown_team": Code("There is no team of this name.", "Import memberships first."),
        "unknown_course": Code(
            "There is no course of this name.", "Add the course to the programme's playbook."
        ),
        "unknown_outcome": Code(
            "There is no outcome of this name.", "Add the outcome to the programme's playbook."
        ),
        "unknown_deal": Code("There is no deal with this id.", "Import deals first."),
        "unknown_product": Code("This product is not in the list.", "Correct the product's name."),
        "unknown_account": Code("This account is not in the list.", "Correct the account's name."),
        "unknown_event": Code("There is no event with this id.", "Import the event first."),
        "not_an_event": Code(
            "This is not an event.",
            "Send a JSON object with event_id, person_id (or email), kind and occurred_at.",
        ),
        "not_a_signal": Code(
            "This is not a signal.",
            "Send a JSON object with signal_id, deal_id, person_id and fired_at.",
        ),
        "unknown_status": Code(
            "This status is not known.",
            "Correct it, or say what it means with --word 'HERE=THERE'.",
        ),
        "ambiguous_name": Code(
            "More than one person has this name.", "Give the person_id or the address."
        ),
        "ambiguous_date": Code(
            "Day and month cannot be told apart in this file.",
            "Say which comes first with --dates day-first or --dates month-first, or export dates "
            "as YYYY-MM-DD.",
        ),
        "ambiguous_number": Code(
            "The sign in this number could stand before the decimals or between thousands.",
            "Say so with --decimal comma or --decimal point, or export plain digits.",
        ),
        "not_dated": Code(
            "The export says that something ended, but not when.",
            "Give the date in a people file (leave_date or disabled_on).",
        ),
        "unknown_mapping": Code(
            "There is no saved mapping of this name.", "Save one on the Imports page first."
        ),
        "no_programme": Code(
            "There is no programme to import this into.",
            "Apply a playbook first, or give --programme SLUG.",
        ),
        "not_counted": Code(
            "The row is of a sort that is never counted.", "Nothing needs to be done."
        ),
        "repaired": Code(
            "The value was spelled in a known other way and was read as the right one.",
            "Correct it at the source when you can.",
        ),
        "not_allowed": Code(
            "Your role may not change this.", "Ask an administrator to run this import."
        ),
        "refused_by_database": Code(
            "The row breaks a rule of the database.", "Check the row against the others."
        ),
    }
)


@dataclass(frozen=True)
class Problem:
    """One thing wrong at one line (header = 1). `refuses` False means: noted, yet imported."""

    row: int
    field: str | None
    code: str
    value: str | None = None
    message: str = ""
    refuses: bool = True

    def __post_init__(self) -> None:
        code = CODES.get(self.code)
        if code is None:
            msg = f"{self.code!r} is not in the list of import problems (core/intake/problems.py)"
            raise ValueError(msg)
        said = self.message or f"{code.message} {code.fix}"
        object.__setattr__(self, "message", said)
        if self.value is not None:
            object.__setattr__(self, "value", shown(self.value))

    def to_json(self) -> dict[str, object]:
        """The shape CONTRACT 3 promises, and whether the row was refused for it."""
        return {
            "row": self.row,
            "field": self.field,
            "code": self.code,
            "value": self.value,
            "message": self.message,
            "refused": self.refuses,
        }


def shown(value: object) -> str:
    """A value fit for a list: short, one line, no characters that could harm a terminal or page."""
    text = str(value)
    short = text if len(text) <= SHOWN_VALUE else text[: SHOWN_VALUE - 1] + "…"
    return "".join(ch if ch.isprintable() else "\N{REPLACEMENT CHARACTER}" for ch in short)
