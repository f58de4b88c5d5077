"""The words we do not use stand in no identifier and on no page (ARCHITECTURE, glossary)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOMS, ROOT

UNUSED = frozenset(
    {
        *("user", "users", "employee", "employees", "kpi", "kpis", "activity", "activities"),
        *("gamify", "gamification", "utils", "util", "helper", "helpers"),
    }
)
# Fixed by the outer interface (figures, presets), by a library or by a standard.
FIXED = frozenset(
    {
        *("users", "non_users", "user_rule", "mean_users", "mean_non_users", "new_user_growth"),
        *("_new_user_growth", "_is_user", "current_user", "login_user", "logout_user"),
    }
)
PAGE_WORDS = re.compile(r"\b(users?|employees?|KPIs?|gamif\w+|utils|helpers)\b", re.IGNORECASE)


def sources() -> Iterator[Path]:
    for room in (*ROOMS, "demo"):
        yield from (ROOT / room).rglob("*.py")
    yield from (ROOT / name for name in ("app.py", "wsgi.py", "config.py"))


def names_given(tree: ast.AST) -> Iterator[str]:
    """Every name a file gives to something of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def words_of(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_"))


def test_no_identifier_has_an_unused_word():
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources()
        for name in names_given(ast.parse(path.read_text()))
        if words_of(name) & UNUSED and name not in FIXED
    }
    assert found == set()


def test_no_file_is_a_drawer_for_odds_and_ends():
    drawers = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py"}
    assert [str(path) for path in sources() if path.name in drawers] == []


def test_no_page_or_letter_has_an_unused_word():
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in (ROOT / "templates").rglob("*")
        if path.is_file()
        for match in PAGE_WORDS.finditer(without_code(path.read_text()))
    }
    assert found == set()


def without_code(text: str) -> str:
    """What a person would read, roughly: without template code, comments and attributes."""
    return re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<[^>]*>", " ", text, flags=re.DOTALL)
