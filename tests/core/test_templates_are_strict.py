"""Templates and styles keep the content policy: nothing inline, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in (ROOT / "templates").rglob("*.*")
    if path.suffix in {".html", ".svg"}
    and "mail" not in path.relative_to(ROOT).parts
    # Art for a mug is a file that is taken away to a printer: it brings its own colours.
    and path.name != "mug.svg"
)
LETTERS = sorted((ROOT / "templates").rglob("mail/*.html"))
STYLES = sorted((ROOT / "static").rglob("*.css"))
SCRIPTS = sorted(path for path in (ROOT / "static").rglob("*.js") if "vendor" not in path.parts)
FETCHES = re.compile(
    r"""(?:\bsrc|\bsrcset|\bposter|<link[^>]*\bhref|<use[^>]*\bhref)=["']?(?:https?:)?//"""
)


def where(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PAGES, ids=where)
def test_a_page_has_nothing_inline_and_fetches_nothing_foreign(path):
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.findall(r"\sstyle\s*=", text), "a style attribute"
    assert not re.findall(r"<style\b", text), "a style element"
    assert not re.findall(r"<[^>]*\son[a-z]+\s*=\s*[\"']", text), "an inline handler"
    assert not re.findall(r"<script(?![^>]*\bsrc=)", text), "an inline script"
    assert not re.findall(r"\bhx-on\b|\bhx-vals=[\"']js:|javascript:", text), "code in an attribute"
    assert not FETCHES.findall(text), "something from elsewhere"


@pytest.mark.parametrize("path", LETTERS, ids=where)
def test_a_letter_loads_nothing(path):
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"<img\b|<script\b|<link\b|@import|url\(", text)


@pytest.mark.parametrize("path", STYLES, ids=where)
def test_a_style_sheet_loads_only_our_fonts(path):
    text = path.read_text(encoding="utf-8")
    assert "@import" not in text
    assert all(
        target.startswith("fonts/") for target in re.findall(r"url\(\"?([^)\"]*)\"?\)", text)
    )


@pytest.mark.parametrize("path", STYLES, ids=where)
def test_colours_stand_only_in_the_tokens(path):
    if path.name == "tokens.css":
        return
    text = re.sub(r"@media print \{.*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s)])", text)) <= {"#fff"}


@pytest.mark.parametrize("path", SCRIPTS, ids=where)
def test_a_script_needs_no_eval(path):
    assert not re.findall(r"\beval\(|new Function|https?://", path.read_text(encoding="utf-8"))


def test_every_icon_a_template_asks_for_is_in_the_sprite():
    sprite = (ROOT / "templates" / "shared" / "sprite.svg").read_text(encoding="utf-8")
    have = set(re.findall(r'id="i-([a-z]+)"', sprite))
    asked = {
        name
        for path in PAGES
        for name in re.findall(r"\b(?:m\.)?ic\(\s*'([a-z]+)'", path.read_text(encoding="utf-8"))
    }
    assert asked <= have


def test_htmx_is_the_version_the_note_names():
    note = (ROOT / "static" / "vendor" / "README.md").read_text(encoding="utf-8")
    code = (ROOT / "static" / "vendor" / "htmx.min.js").read_text(encoding="utf-8")
    version = re.search(r"\| (\d+\.\d+\.\d+) \|", note)
    assert version is not None
    assert f'"{version.group(1)}"' in code
