"""A contest from launch to award, as people see it in a browser."""

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import create_engine, text

from tests.browser.stage import DESKTOP, PHONE, SignIn, Trouble, flask, sign_in, sign_ins
from tests.servers import served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
TITLE = "Browser cup"
KEY_ACTION = "guided_use"
DAYS = 7
# Two days for late data, three for doubts, and some for the letters to go out.
UNTIL_ALL_IS_DECIDED = timedelta(days=DAYS + 9)


@dataclass(frozen=True)
class House:
    """The app, served on the small demo dated for today."""

    address: str
    env: dict[str, str]
    people: dict[str, SignIn]
    folder: Path

    def ask(self, query: str, **values: object) -> list[tuple]:
        """Read the database, to know who is who."""
        engine = create_engine(self.env["PENNANT_DATABASE_URL"])
        with engine.connect() as connection:
            rows = [tuple(row) for row in connection.execute(text(query), values)]
        engine.dispose()
        return rows


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The small demo, shared by tests that leave its clock alone."""
    with opened(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture
def aging_house(tmp_path: Path) -> Iterator[House]:
    """A small demo of one test's own, which lets weeks pass in it."""
    with opened(tmp_path) as found:
        yield found


@contextmanager
def opened(folder: Path) -> Iterator[House]:
    """Load the small demo into a database of its own and serve it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PENNANT_")}
    env = {
        **kept,
        "PENNANT_DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
        "PENNANT_INSTANCE_DIR": str(folder),
    }
    flask(env, "db", "upgrade")
    flask(env, "demo", "load", "--size", "small", "--today", datetime.now(UTC).date().isoformat())
    with served(env) as (port, _server):
        yield House(f"http://127.0.0.1:{port}", env, sign_ins(env), folder)


@pytest.fixture
def trouble() -> Iterator[Trouble]:
    """Fails the test when a page it opened complained."""
    heard = Trouble()
    yield heard
    assert heard == []


def visit(browser: Browser, house: House, role: str, trouble: Trouble, **look: object) -> Page:
    """A page of somebody of a role, signed in by the form."""
    context: BrowserContext = browser.new_context(**({"viewport": DESKTOP} | look))
    page = sign_in(context, house.address, house.people[role])
    trouble.watch(page)
    return page


def launch(page: Page, house: House) -> str:
    """Launch a contest by the page as a manager does; returns its address."""
    today = datetime.now(UTC).date()
    page.goto(f"{house.address}/contests/new")
    page.get_by_label("Name of the contest").fill(TITLE)
    page.get_by_label("First day").fill(today.isoformat())
    page.get_by_label("Last day").fill((today + timedelta(days=DAYS - 1)).isoformat())
    page.get_by_label("First place", exact=False).first.fill("Team breakfast")
    page.locator("button[name=do][value=launch]").click()
    page.wait_for_url(lambda url: "/contests/" in url and not url.endswith("/new"))
    expect(page.locator("h1").first).to_contain_text(TITLE)
    return page.url.split("?")[0]


def let_teams_use_the_tool(house: House, slug: str) -> None:
    """Everybody of the manager's own team uses it today, nobody else does."""
    lead = house.people["manager"].email
    reps = house.ask(
        "SELECT p.key FROM person p JOIN team_membership m ON m.person_id = p.id"
        " WHERE p.role = 'rep' AND m.ends_on IS NULL AND m.team_id IN (SELECT l.team_id"
        " FROM team_membership l JOIN person b ON b.id = l.person_id WHERE b.email = :lead"
        " AND l.is_lead)",
        lead=lead,
    )
    assert reps, "the demo's manager leads nobody"
    moment = datetime.now(UTC) - timedelta(minutes=5)
    with (house.folder / "usage.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("event_id", "person_id", "kind", "occurred_at", "object_id"))
        for (key,) in reps:
            rows.writerow((f"{slug}-{key}", key, KEY_ACTION, moment.isoformat(), f"deal-{key}"))
    flask(house.env, "import", str(house.folder / "usage.csv"))


def test_every_role_signs_in_and_sees_its_own_week(browser, house, trouble):
    assert {"rep", "manager", "sales_ops", "executive"} <= set(house.people)
    for role, who in house.people.items():
        page = visit(browser, house, role, trouble)
        expect(page.locator("body")).to_contain_text(who.name.split()[0])
        expect(page.locator("nav a").first).to_be_visible()
        page.context.close()


def test_a_wrong_password_is_refused_without_saying_why(browser, house):
    page = browser.new_page()
    page.goto(f"{house.address}/sign-in")
    page.locator("input[name=email]").fill(house.people["rep"].email)
    page.locator("input[name=password]").fill("not the password")
    page.locator("input[name=password]").press("Enter")
    expect(page.locator("[role=alert], .errors, .error-summary").first).to_be_visible()
    assert "/sign-in" in page.url
    page.close()


def test_a_contest_is_followed_from_launch_to_award(browser, aging_house, trouble):
    house = aging_house
    manager = visit(browser, house, "manager", trouble)
    address = launch(manager, house)
    slug = address.rsplit("/", 1)[-1]

    let_teams_use_the_tool(house, slug)
    began = datetime.now(UTC)
    span = ("--from", (began - timedelta(minutes=30)).isoformat())
    flask(house.env, "jobs", "catch-up", *span, "--until", began.isoformat())
    manager.goto(address)
    expect(manager.locator("main")).to_contain_text("100")

    until = (began + UNTIL_ALL_IS_DECIDED).isoformat()
    flask(house.env, "jobs", "catch-up", "--from", began.isoformat(), "--until", until)
    ((state,),) = house.ask("SELECT state FROM contest WHERE slug = :slug", slug=slug)
    assert state == "final"
    manager.context.close()  # weeks have passed: that session is over

    rep = visit(browser, house, "rep", trouble, viewport=PHONE)
    rep.goto(address)
    expect(rep.locator("h1").first).to_contain_text(TITLE)
    awards = house.ask(
        "SELECT count(*) FROM award a JOIN contest c ON c.id = a.contest_id WHERE c.slug = :slug",
        slug=slug,
    )
    assert awards[0][0] > 0
    manager = visit(browser, house, "manager", trouble)
    manager.goto(f"{house.address}/awards")
    expect(manager.locator("main")).to_contain_text(TITLE)

    ops = visit(browser, house, "sales_ops", trouble)
    ops.goto(f"{house.address}/admin/outbox")
    expect(ops.locator("main")).to_contain_text(TITLE)
    executive = visit(browser, house, "executive", trouble)
    for path in ("/adoption", "/boards"):
        answer = executive.goto(house.address + path)
        assert answer is not None
        assert answer.status == 200
    for page in (manager, rep, ops, executive):
        page.context.close()


@pytest.mark.parametrize("role", ["rep", "manager", "sales_ops", "executive"])
def test_nothing_scrolls_sideways_on_a_phone(browser, house, trouble, role):
    page = visit(browser, house, role, trouble, viewport=PHONE)
    paths = {link.get_attribute("href") or "" for link in page.locator("nav a[href^='/']").all()}
    for path in sorted(paths):
        page.goto(house.address + path)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is {wide} px too wide for {role}"
    page.context.close()


def test_a_rep_on_a_phone_sees_their_own_place_on_the_first_screen(browser, house, trouble):
    page = visit(browser, house, "rep", trouble, viewport=PHONE)
    page.goto(f"{house.address}/")
    own = page.locator("ol.near li[aria-current=true]").first
    bar = page.locator("nav").last.bounding_box()
    seen, visible_until = own.bounding_box(), bar["y"] if bar else PHONE["height"]
    assert seen is not None
    assert seen["y"] >= 0
    assert seen["y"] + seen["height"] <= visible_until
    page.context.close()


def test_a_manager_launches_a_contest_with_one_word_and_one_button(browser, house, trouble):
    page = visit(browser, house, "manager", trouble)
    page.goto(f"{house.address}/contests/new")
    page.get_by_label("Name of the contest").fill("Two-minute cup")
    page.locator("button[name=do][value=launch]").click()
    page.wait_for_url(lambda url: "/contests/two-minute-cup" in url)
    expect(page.locator("h1").first).to_contain_text("Two-minute cup")
    page.context.close()
