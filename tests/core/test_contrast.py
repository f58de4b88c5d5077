"""Every pair of colours the styles put on each other can be read, in six accents and two themes."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "static" / "shared" / "tokens.css"
ACCENTS = ("fern", "cobalt", "plum", "teal", "rust", "berry")
TEXT, CONTROL = 4.5, 3.0

WORDS = [
    (f, b)
    for f in ("ink", "ink-2", "ink-3", "accent")
    for b in ("bg", "surface", "sunken", "raised")
]
TINTS = [
    ("on-accent", "accent"), ("on-accent", "accent-2"),
    ("ink", "accent-soft"), ("ink-2", "accent-soft"), ("accent", "accent-soft"),
    ("ok", "ok-soft"), ("ok", "surface"), ("ok", "bg"),
    ("watch", "watch-soft"), ("watch", "surface"), ("watch", "bg"),
    ("late", "late-soft"), ("late", "surface"), ("late", "bg"),
    ("ink", "ok-soft"), ("ink", "watch-soft"), ("ink", "late-soft"),
    ("brass", "surface"), ("brass", "brass-soft"), ("ink", "brass-soft"), ("brass", "bg"),
]  # fmt: skip
PENNANTS = [(f"team-{i}", b) for b in ("surface", "bg") for i in range(1, 9)]
BOARD = [
    (f, b)
    for f in ("chalk", "chalk-2", "board-brass", "board-bright", "board-alert")
    for b in ("board", "board-2", "plate", "board-you")
]
EDGES = [
    ("control", "surface"),
    ("control", "bg"),
    ("control", "raised"),
    ("focus", "surface"),
    ("focus", "bg"),
]
HEAT = [("heat-lo" if i < 5 else "heat-hi", f"heat-{i}") for i in range(1, 7)]
PAIRS = [(pair, TEXT) for pair in (*WORDS, *TINTS, *PENNANTS, *BOARD, *HEAT)] + [
    (pair, CONTROL) for pair in EDGES
]


def declared(selector, css):
    found = {}
    for block in re.finditer(r"([^{}]+)\{([^{}]*)\}", css):
        if selector in [s.strip() for s in block.group(1).split(",")]:
            found |= dict(re.findall(r"--([\w-]+):\s*(#[0-9a-fA-F]{6})\b", block.group(2)))
    return found


def tokens(accent, theme):
    css = re.sub(r"/\*.*?\*/", "", TOKENS.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = declared(":root", css) | declared(f':root[data-accent="{accent}"]', css)
    if theme == "dark":
        found |= declared(':root[data-theme="dark"]', css)
        found |= declared(f':root[data-theme="dark"][data-accent="{accent}"]', css)
    return found


def device_dark(accent):
    """What a device in the dark gets that chose no theme; must equal the chosen dark theme."""
    css = re.sub(r"/\*.*?\*/", "", TOKENS.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = declared(":root", css) | declared(f':root[data-accent="{accent}"]', css)
    found |= declared(":root:not([data-theme])", css)
    return found | declared(f':root:not([data-theme])[data-accent="{accent}"]', css)


def brightness(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    low, high = sorted((brightness(one), brightness(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("accent", ACCENTS)
def test_every_pair_can_be_read(accent, theme):
    have = tokens(accent, theme)
    poor = {
        f"{front} on {ground}": round(contrast(have[front], have[ground]), 2)
        for (front, ground), least in PAIRS
        if contrast(have[front], have[ground]) < least
    }
    assert not poor


def test_the_pairs_are_as_many_as_the_design_checked():
    assert len(PAIRS) * len(ACCENTS) * 2 == 1008


@pytest.mark.parametrize("accent", ACCENTS)
def test_a_device_in_the_dark_gets_the_dark_theme(accent):
    assert device_dark(accent) == tokens(accent, "dark")


def test_contrast_is_the_standards():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
