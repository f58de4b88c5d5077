"""The tip letter: stored text, safe bodies, one pass of placeholders, awkward readers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comms import notices
from comms.notices import Reader, TipSource, compile_tip, tip_html, tip_letter, tip_text
from core.outbox import Letter, unsubscribe_token

pytestmark = [pytest.mark.sqlite_only, pytest.mark.usefixtures("app")]

STORED = Path(__file__).parent.parent / "data" / "letters"
NOW = datetime(2026, 3, 10, 13, tzinfo=UTC)
BODY = """Never ask "when works?". Offer **two dates**, both this week, {first_name}.

> Could we do Thursday at 10 or Friday at 2?

- Say why those two.
- Send the [recap](https://relay.example/recap) before lunch.
"""
SOURCE = TipSource("Two dates, {first_name}", BODY, "Relay", "weekly")


def letter(source: TipSource = SOURCE, name: str = "Owen Gallagher") -> Letter:
    return tip_letter(
        compile_tip(source),
        Reader(7, name),
        key="tip:1:7",
        not_before=NOW,
        use_by=NOW + timedelta(days=6),
    )


def test_the_letter_reads_as_stored() -> None:
    made = letter()
    link = unsubscribe_token(7, "tips")
    text = f"Subject: {made.subject}\n\n{made.text}".replace(link, "TOKEN")
    assert text == (STORED / "tip.txt").read_text("utf-8")


def test_the_twin_has_its_styles_inline_and_loads_nothing() -> None:
    page = letter().html
    assert page is not None
    assert "Hi Owen," in page
    assert "<strong>two dates</strong>" in page
    assert f"http://localhost/unsubscribe/{unsubscribe_token(7, 'tips')}" in page
    assert 'style="' in page[page.index("<h1") : page.index("</h1>")]
    for remote in ("<img", "<script", "<link", "url(", "{first_name}", "{stop_token}", "None"):
        assert remote not in page
    assert "rank" not in page


@pytest.mark.parametrize(
    "name",
    ["", " ", "מאיה לוי", "Ana " + "B" * 60, "<script>alert(1)</script> X", "{stop_token} Y"],
)
def test_awkward_readers(name: str) -> None:
    made = letter(name=name)
    called = name.split(maxsplit=1)[0] if name.split() else "there"
    assert f"Hi {called}," in made.text
    assert "\n" not in made.subject
    assert "<script" not in (made.html or "")
    assert made.text.count(unsubscribe_token(7, "tips")) == 1


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://evil.example/pixel.png)",
        "[a](javascript:alert(1))",
        "[a](data:text/html;base64,xxxx)",
        "[a](vbscript:x)",
        '[a](https://e.example "onmouseover=alert(1)")',
        "<https://e.example/><svg onload=alert(1)>",
        "`<iframe src=//evil.example>`",
        "<style>body{background:url(https://evil.example)}</style>",
    ],
)
def test_a_body_becomes_safe_html(markdown: str) -> None:
    made = tip_html(markdown)
    for danger in (
        "<script",
        "<img",
        "<svg",
        "<iframe",
        "<style",
        '="javascript',
        '="data',
        "onmouse",
    ):
        assert danger not in made


def test_the_plain_body_keeps_what_matters() -> None:
    assert tip_text(BODY) == (
        'Never ask "when works?". Offer two dates, both this week, {first_name}.\n\n'
        "> Could we do Thursday at 10 or Friday at 2?\n\n"
        "- Say why those two.\n\n"
        "- Send the recap (https://relay.example/recap) before lunch."
    )
    assert tip_text("1. One\n2. Two") == "1. One\n\n2. Two"


def test_a_tip_is_rendered_once_for_all_its_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = compile_tip(SOURCE)
    monkeypatch.setattr(notices, "render_letter", None)
    made = [
        tip_letter(compiled, Reader(n, f"Rep {n}"), key=f"k{n}", not_before=NOW, use_by=NOW)
        for n in range(50)
    ]
    assert len({each.html for each in made}) == 50
