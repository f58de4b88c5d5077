"""A ceremony as it is held: by keyboard, in step, with somebody watching every page for a leak."""

import os
import shutil

import pytest
from playwright.sync_api import expect

from core.db import db
from tests.browser.stage import DESKTOP, PHONE, SignIn, Trouble, sign_in
from tests.factories.people import PASSWORD, make_account
from tests.incentives.test_edge_cases_e import Role, tells, world
from tests.servers import served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600), pytest.mark.sqlite_only]
__all__ = ["world"]
WATCHED = (
    "/contests/spring",
    "/contests/spring/board",
    "/contests/spring/poster",
    "/contests/spring/fair-play",
    "/contests/spring/ceremony/screen",
    "/boards",
    "/boards/spring",
    "/awards",
    "/",
    "/api/v1/contests",
    "/api/v1/contests/spring/standings",
)


def visitor(browser, address, who, size=DESKTOP):
    return sign_in(browser.new_context(viewport=size), address, who)


def leaks(page, address):
    """What tells a rep who won, of all they may open."""
    found = []
    for path in WATCHED:
        answer = page.request.get(address + path)
        if answer.ok and tells(answer.text()):
            found.append(path)
    return found


def goes_on_where_it_was(browser, address, ops, rep):
    """The house went down and came back elsewhere: the ceremony stands, and ends by one click."""
    stage, watcher = visitor(browser, address, ops), visitor(browser, address, rep, PHONE)
    stage.goto(f"{address}/contests/spring/ceremony")
    expect(stage.locator("h1")).to_have_text("Ridge")
    assert leaks(watcher, address) == []
    second = stage.context.new_page()
    second.goto(f"{address}/contests/spring/ceremony")
    expect(second.locator("h1")).to_have_text("Ridge")
    for each in (stage, second):
        each.keyboard.press("PageDown")
    expect(stage.locator("h1")).to_have_text("Harbour")
    expect(second.locator("h1")).to_have_text("Harbour")
    assert "/contests/spring" in leaks(watcher, address)


def rehearse(stage):
    """From the title to the thanks, with the key a remote sends."""
    stage.get_by_role("button", name="Rehearse with invented names").press("Enter")
    stage.wait_for_url("**at=0")
    for number in range(1, 7):
        stage.keyboard.press("PageDown")
        stage.wait_for_url(f"**at={number}")
    expect(stage.locator("h1")).to_have_text("Thank you")


def read_papers(notes, address):
    """The host has every name on paper before anybody else."""
    for paper in ("run-sheet", "certificates", "certificates?for=people"):
        notes.goto(f"{address}/contests/spring/ceremony/{paper}")
        expect(notes.locator("main")).to_contain_text("Harbour")


def test_a_ceremony_by_keyboard_leaks_nothing_and_outlives_a_crash(
    app, settings, world, browser, tmp_path
):
    people = [world["people"][role] for role in (Role.SALES_OPS, Role.REP)]
    for person in people:
        make_account(person)
    ops, rep = [SignIn(x.role, x.name, x.email, PASSWORD) for x in people]
    db.session.commit()
    # A database of its own: the app under test stays as the fixtures made it.
    copy = tmp_path / "served.db"
    db.session.remove()
    db.engine.dispose()
    shutil.copy(settings.database_url.removeprefix("sqlite:///"), copy)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PENNANT_")}
    env = kept | {
        "PENNANT_DATABASE_URL": f"sqlite:///{copy}",
        "PENNANT_INSTANCE_DIR": str(tmp_path),
    }
    with served(env) as (port, _):
        address = f"http://127.0.0.1:{port}"
        stage = visitor(browser, address, ops)
        host = stage.context
        watcher = visitor(browser, address, rep, PHONE)
        trouble = Trouble()
        trouble.watch(stage)
        assert leaks(watcher, address) == []
        watcher.goto(f"{address}/contests/spring/ceremony")
        expect(watcher.locator("h1")).to_have_text("Sealed until the ceremony")
        stage.goto(f"{address}/contests/spring/ceremony/desk")
        rehearse(stage)
        assert leaks(watcher, address) == []
        notes = host.new_page()
        trouble.watch(notes)
        notes.goto(f"{address}/contests/spring/ceremony/notes")
        read_papers(notes, address)
        notes.goto(f"{address}/contests/spring/ceremony/notes")
        stage.goto(f"{address}/contests/spring/ceremony/desk")
        stage.get_by_role("button", name="Open the ceremony").press("Enter")
        stage.locator("dialog .is-main").press("Enter")
        expect(stage.locator("h1")).to_have_text("Spring race")
        assert leaks(watcher, address) == []
        stage.keyboard.press("Space")
        expect(stage.locator("h1")).to_have_text("Ridge")
        expect(notes.locator("h1")).to_contain_text("On screen: 1 of 2")
        expect(watcher.locator("h1")).to_have_text("Ridge")
        assert leaks(watcher, address) == []
        stage.keyboard.press("ArrowLeft")
        expect(stage.locator("h1")).to_have_text("Spring race")
        stage.keyboard.press("ArrowRight")
        expect(stage.locator("h1")).to_have_text("Ridge")
        assert trouble == []
        host.close()
        watcher.context.close()
    with served(env) as (port, _):
        goes_on_where_it_was(browser, f"http://127.0.0.1:{port}", ops, rep)
