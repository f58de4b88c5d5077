"""What comes from outside, turned into typed input: usage of files and machines, currencies."""

from adoption.forms.bodies import (
    SIGNAL_NAMES,
    block_of_events,
    events_of_body,
    rows_of_events,
    rows_of_signals,
    signals_of_body,
    unknown_keys,
)
from adoption.forms.usage import ARRIVED, USAGE_COLUMNS, Parsed, by_arrival, parse_batch
from core.intake.kinds import BadCell, Context


def currency(cell: str, _context: Context) -> str:
    """A currency code of three letters."""
    code = cell.strip().upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise BadCell("not_a_choice", "Write a currency as three letters, like USD.")
    return code


__all__ = [
    "ARRIVED",
    "SIGNAL_NAMES",
    "USAGE_COLUMNS",
    "Parsed",
    "block_of_events",
    "by_arrival",
    "currency",
    "events_of_body",
    "parse_batch",
    "rows_of_events",
    "rows_of_signals",
    "signals_of_body",
    "unknown_keys",
]
