"""The fixed list of problem codes: documented, and used by nobody who is not on it."""

import re
from pathlib import Path

import pytest

from core.intake.problems import CODES, Problem, shown

ROOT = Path(__file__).resolve().parents[2]


def test_every_code_is_documented_word_for_word():
    page = (ROOT / "docs" / "imports.md").read_text()
    told = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    assert told == [(name, code.message, code.fix) for name, code in CODES.items()]


def test_every_code_says_what_to_do():
    for name, code in CODES.items():
        assert code.message.endswith("."), name
        assert code.fix.endswith("."), name


def test_a_code_outside_the_list_is_refused():
    with pytest.raises(ValueError, match="not in the list"):
        Problem(1, None, "oops")


def test_shown_values_harm_nobody():
    assert shown("a\x1b[31m\nb\u202e") == "a�[31m�b�"
    assert len(shown("x" * 10_000)) == 120
    assert Problem(2, "name", "missing", "y" * 500).value == "y" * 119 + "…"
