"""The adoption page as people read it: by keyboard, on a phone, from a number to its people."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.stage import DESKTOP, PHONE, SignIn, Trouble, flask, sign_in, sign_ins
from tests.servers import served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, SignIn]]]:
    """The app, served on the small demo dated for today; its address, and who signs in how."""
    folder = tmp_path_factory.mktemp("adoption")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PENNANT_")}
    env = {
        **kept,
        "PENNANT_DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
        "PENNANT_INSTANCE_DIR": str(folder),
    }
    flask(env, "db", "upgrade")
    flask(env, "demo", "load", "--size", "small", "--today", datetime.now(UTC).date().isoformat())
    with served(env) as (port, _server):
        yield f"http://127.0.0.1:{port}", sign_ins(env)


@pytest.fixture
def trouble() -> Iterator[Trouble]:
    """Fails the test when a page it opened complained."""
    heard = Trouble()
    yield heard
    assert heard == []


def opened(
    browser: Browser,
    house: tuple[str, dict[str, SignIn]],
    role: str,
    trouble: Trouble,
    **look: object,
) -> Page:
    """The adoption page as somebody of a role sees it."""
    address, people = house
    context = browser.new_context(**({"viewport": DESKTOP} | look))
    page = sign_in(context, address, people[role])
    trouble.watch(page)
    page.goto(f"{address}/adoption")
    return page


def test_a_number_leads_to_its_people_and_they_to_a_file(browser, house, trouble):
    page = opened(browser, house, "sales_ops", trouble)
    first = page.locator(".facts .big a").first
    count = first.inner_text()
    first.click()
    expect(page.locator("h1")).to_contain_text(f": {count}")
    expect(page.locator("table.data tbody tr")).to_have_count(int(count))
    with page.expect_download() as taken:
        page.get_by_role("link", name="Take along as CSV").click()
    lines = taken.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == int(count) + 1
    page.context.close()


def test_the_cohorts_can_be_read_both_ways_by_keyboard(browser, house, trouble):
    page = opened(browser, house, "sales_ops", trouble)
    other = page.get_by_role("link", name="By launch cohort")
    other.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#cohorts th[scope=row]").first).to_contain_text("20")
    assert page.locator("#cohorts [aria-current=page]").inner_text() == "By launch cohort"
    page.context.close()


@pytest.mark.parametrize("role", ["rep", "manager", "executive", "sales_ops"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_stands_on_a_phone(browser, house, trouble, role, theme):
    page = opened(browser, house, role, trouble, viewport=PHONE, color_scheme=theme)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    expect(page.locator("h1")).to_contain_text("have made it a habit")
    for picture in page.locator("svg[role=img]:visible").all():
        assert picture.get_attribute("aria-label")
    page.context.close()


def test_every_chart_has_its_numbers_beside_it(browser, house, trouble):
    page = opened(browser, house, "sales_ops", trouble)
    figures = page.locator("main figure")
    assert figures.count() >= 4
    for figure in figures.all():
        figure.locator("summary").click()
        expect(figure.locator("table")).to_be_visible()
    page.context.close()
