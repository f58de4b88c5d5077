"""The weekly loop as people hold it: by keyboard on one screen, on a phone, without scripts."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.stage import DESKTOP, PHONE, SignIn, Trouble, flask, sign_in
from tests.browser.talks_house import MANAGER, REP
from tests.factories.people import PASSWORD
from tests.servers import ROOT, served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
TWO_MINUTES = 120


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a team in the middle of its loop, to be copied."""
    folder = tmp_path_factory.mktemp("coaching")
    env = settings_in(folder)
    flask(env, "db", "upgrade")
    builder = [sys.executable, "-m", "tests.browser.talks_house"]
    subprocess.run(builder, cwd=ROOT, env=env, check=True)
    return folder / "demo.db"


def settings_in(folder: Path) -> dict[str, str]:
    """The environment of an app that keeps everything in a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PENNANT_")}
    return {
        **kept,
        "PENNANT_DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
        "PENNANT_INSTANCE_DIR": str(folder),
    }


@contextmanager
def served_copy(built: Path, folder: Path) -> Iterator[str]:
    """The app on a copy of the house; its address."""
    for file in built.parent.glob("demo.db*"):
        shutil.copy(file, folder)
    with served(settings_in(folder)) as (port, _server):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def furnished(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A house that is only looked at."""
    with served_copy(built, tmp_path_factory.mktemp("looked-at")) as address:
        yield address


@pytest.fixture
def own_house(built: Path, tmp_path: Path) -> Iterator[str]:
    """A house of the test's own, to change."""
    with served_copy(built, tmp_path) as address:
        yield address


@pytest.fixture
def trouble() -> Iterator[Trouble]:
    """Fails the test when a page it opened complained."""
    heard = Trouble()
    yield heard
    assert heard == []


def opened(browser: Browser, address: str, email: str, trouble: Trouble, **look: object) -> Page:
    """The loop's page as one of the two sees it."""
    context = browser.new_context(**({"viewport": DESKTOP} | look))
    page = sign_in(context, address, SignIn("", "", email, PASSWORD))
    trouble.watch(page)
    page.goto(f"{address}/coaching")
    return page


def focused(page: Page) -> str:
    """What has the focus, by name or words."""
    return page.evaluate(
        "(e => e.name || e.id || e.innerText || e.tagName)(document.activeElement)"
    ).strip()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ten_seconds_on_a_phone_say_what_to_do(browser, furnished, trouble, theme):
    page = opened(browser, furnished, MANAGER, trouble, viewport=PHONE, color_scheme=theme)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    for piece in (page.locator("h1"), page.locator(".plates.xl, .one-few").first):
        expect(piece).to_be_in_viewport()
    expect(page.locator("h2", has_text="Pick one deal")).to_be_in_viewport()
    page.context.close()
    own = opened(browser, furnished, REP, trouble, viewport=PHONE, color_scheme=theme)
    assert own.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    expect(own.locator("h1")).to_contain_text("What my manager sees about me")
    own.get_by_role("link", name="Answer, doubt the facts, or share it").click()
    assert own.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    own.context.close()


def test_another_choice_swaps_the_moment_and_keeps_the_focus(browser, furnished, trouble):
    page = opened(browser, furnished, MANAGER, trouble)
    before = page.locator("#moment-h").inner_text()
    page.locator(".pick input:checked").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#moment-h")).not_to_have_text(before)
    chosen = page.locator(".pick input:checked")
    assert page.locator("#moment input[name=moment]").input_value() == chosen.get_attribute("value")
    assert focused(page) == "moment"
    page.context.close()


def test_another_fix_of_the_library_fills_the_field_and_has_the_focus(browser, furnished, trouble):
    page = opened(browser, furnished, MANAGER, trouble)
    before = page.locator("#fix").input_value()
    page.locator(".from-library summary").click()
    page.locator(".fixes a[hx-get]").first.click()
    expect(page.locator("#fix")).not_to_have_value(before)
    expect(page.locator("#fix")).to_be_focused()
    page.context.close()


def test_without_scripts_the_choice_is_a_click_on_a_button(browser, furnished, trouble):
    page = opened(browser, furnished, MANAGER, trouble, java_script_enabled=False)
    before = page.locator("#moment-h").inner_text()
    page.locator(".pick input").nth(1).check()
    page.get_by_role("button", name="Look at this one").click()
    assert page.locator("#moment-h").inner_text() != before
    expect(page.locator(".pick input").nth(1)).to_be_checked()
    page.context.close()


def test_a_rep_takes_the_fix_on_from_their_week(browser, own_house, trouble):
    context = browser.new_context(viewport=PHONE)
    page = sign_in(context, own_house, SignIn("", "", REP, PASSWORD))
    trouble.watch(page)
    page.goto(own_house)
    expect(page.locator("h1")).to_contain_text("handed you back one thing to do")
    expect(page.locator(".the-fix")).to_have_text("Run or close: no more dismissing.")
    page.get_by_role("button", name="I’ll do it").click()
    expect(page.locator(".toast")).to_contain_text("Taken on")
    expect(page.locator(".tag.is-ok")).to_contain_text("Taken on")
    context.close()


def test_a_review_is_held_where_it_is_listed(browser, own_house, trouble):
    page = opened(browser, own_house, MANAGER, trouble)
    due = page.locator("li.review", has_text="Owen Gallagher")
    expect(due.locator(".finding b")).to_be_visible()
    due.locator("summary").focus()
    page.keyboard.press("Enter")
    due.locator("textarea").fill("Thank you for trying.")
    due.locator("form button").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Review of Owen Gallagher recorded")
    expect(page.locator("li.review")).to_have_count(0)
    page.context.close()


def test_the_whole_loop_by_keyboard_within_two_minutes(browser, own_house, trouble):
    page = opened(browser, own_house, MANAGER, trouble)
    began = time.monotonic()
    presses = 0
    stops = []
    page.locator(".pick input:checked").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    shown = page.locator("#moment input[name=moment]")
    expect(shown).to_have_value(page.locator(".pick input:checked").get_attribute("value"))
    title = page.locator("#moment-h").inner_text().partition(",")[0]
    while focused(page) != "Hand back and book":
        presses += 1
        assert presses < 15, stops
        page.keyboard.press("Tab")
        stops.append(focused(page))
    assert stops.index("words") < stops.index("at") < stops.index("Hand back and book")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("The review is booked for")
    assert time.monotonic() - began < TWO_MINUTES
    expect(page.locator(".held-week")).to_contain_text(title)
    expect(page.locator(".pick label.is-off").first).to_be_attached()
    page.context.close()


def test_every_picture_has_its_words(browser, furnished, trouble):
    page = opened(browser, furnished, MANAGER, trouble)
    for picture in page.locator("main svg:visible").all():
        assert picture.get_attribute("aria-hidden") == "true" or picture.get_attribute("aria-label")
    assert page.locator("h1").count() == 1
    expect(page.locator(".linescore caption")).to_have_count(1)
    page.context.close()
