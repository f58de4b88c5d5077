"""Every template compiles, forbids undefined names and keeps to the strict content policy."""

import re
from pathlib import Path

import pytest
from jinja2 import StrictUndefined

from tests.conftest import ROOT

TEMPLATES = ROOT / "templates"
PAGES = sorted(path for path in TEMPLATES.rglob("*.html") if "mail" not in path.parts)
LETTERS = sorted(TEMPLATES.glob("*/mail/*"))
# The browser would refuse them; mail programs need them, so letters are exempt.
REFUSED = {
    "inline style": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "style element": re.compile(r"<style\b", re.IGNORECASE),
    "inline script": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "event attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "address of a third party": re.compile(
        r"(?:src|action|srcset)\s*=\s*[\"']?(?:https?:)?//", re.IGNORECASE
    ),
    "address of a script": re.compile(r"javascript:", re.IGNORECASE),
}


def name_of(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


@pytest.mark.sqlite_only
def test_undefined_names_are_refused(app):
    assert issubclass(app.jinja_env.undefined, StrictUndefined)


@pytest.mark.sqlite_only
def test_every_template_compiles(app):
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)


@pytest.mark.sqlite_only
def test_templates_escape_what_they_show(app):
    assert app.jinja_env.from_string("{{ text }}").render(text="<b>") == "&lt;b&gt;"
    unsafe = [name_of(path) for path in PAGES if re.search(r"\|\s*safe\b", path.read_text())]
    assert unsafe == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_keeps_to_the_content_policy(path):
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    assert [what for what, pattern in REFUSED.items() if pattern.search(text)] == []


def test_every_letter_has_a_subject_and_a_text():
    stems = {path.parent / re.sub(r"\.(subject\.txt|txt|html)$", "", path.name) for path in LETTERS}
    bases = {
        stem for stem in stems if stem.name in {"base", "layout"} and stem.parts[-3] == "shared"
    }
    lacking = [
        name_of(stem) + suffix
        for stem in stems - bases
        for suffix in (".subject.txt", ".txt")
        if not stem.with_name(stem.name + suffix).exists()
    ]
    assert sorted(lacking) == []
    assert stems - bases, "no letters were found"
