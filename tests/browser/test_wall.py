"""A wall that hangs for an hour, loses its network or its link; posters as they are printed."""

import itertools
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.stage import DESKTOP, PHONE, SignIn, Trouble, flask, sign_in, sign_ins
from tests.servers import served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
TELEVISION = {"width": 1920, "height": 1080}
PICTURE = "**/wallboard/csp/picture"
MINUTE = 60_000
# A page that forgets nothing would keep some 50 nodes and listeners of each of 120 pictures.
MOST_NODES_MORE = 60
MOST_BYTES_MORE = 1_000_000


@dataclass(frozen=True)
class House:
    """The app, served on the small demo dated for today."""

    address: str
    people: dict[str, SignIn]
    folder: Path


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Load the small demo into a database of its own and serve it."""
    folder = tmp_path_factory.mktemp("wall")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PENNANT_")}
    env = {
        **kept,
        "PENNANT_DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
        "PENNANT_INSTANCE_DIR": str(folder),
    }
    flask(env, "db", "upgrade")
    flask(env, "demo", "load", "--size", "small", "--today", datetime.now(UTC).date().isoformat())
    with served(env) as (port, _server):
        yield House(f"http://127.0.0.1:{port}", sign_ins(env), folder)


@pytest.fixture
def ops(browser: Browser, house: House) -> Iterator[Page]:
    """Somebody of sales operations at their desk."""
    context = browser.new_context(viewport=DESKTOP)
    yield sign_in(context, house.address, house.people["sales_ops"])
    context.close()


@pytest.fixture
def television(browser: Browser) -> Iterator[BrowserContext]:
    """A screen on a wall, on which nobody has signed in."""
    context = browser.new_context(viewport=TELEVISION)
    yield context
    context.close()


def link(ops: Page, house: House, name: str) -> str:
    """Make a wall's link on the page; returns its path with the key."""
    ops.goto(f"{house.address}/screens")
    ops.get_by_label("Where it will be used").fill(name)
    ops.get_by_role("button", name="Make the link").click()
    shown = ops.locator("code").first.inner_text()
    return re.sub(r"^https?://[^/]+", "", shown)


def switch_on(television: BrowserContext, address: str, *, clock: bool = True) -> Page:
    """Open the wall with the hands of its clock in ours."""
    page = television.new_page()
    if clock:
        page.clock.install(time=datetime.now(UTC) + timedelta(seconds=1))
    page.goto(address)
    expect(page.locator(".wall-contest h1").first).to_be_visible()
    return page


def let_pass(page: Page, minutes: int) -> None:
    """Let half minutes pass one by one while nothing can be answered."""
    for _ in range(minutes * 2):
        page.clock.run_for(MINUTE // 2)


def watch_for(page: Page, minutes: int) -> None:
    """Let half minutes pass one by one, the clock resting until each question is answered."""
    for _ in range(minutes * 2):
        with page.expect_response(PICTURE):
            page.clock.run_for(MINUTE // 2)
        page.wait_for_timeout(50)


def remembered(page: Page) -> dict[str, float]:
    """Nodes, listeners and bytes of the heap, after the collector has been through."""
    inspector = page.context.new_cdp_session(page)
    inspector.send("Performance.enable")
    for _ in range(2):
        inspector.send("HeapProfiler.collectGarbage")
    found = inspector.send("Performance.getMetrics")["metrics"]
    inspector.detach()
    return {each["name"]: each["value"] for each in found}


def always_new(page: Page) -> Callable[[], int]:
    """Answer every question with a whole picture: the real one, under a tag never heard before."""
    kept: list[tuple[str, dict[str, str]]] = []
    answers = itertools.count()

    def answer(route: Route) -> None:
        if not kept:
            headers = route.request.headers
            headers.pop("if-none-match", None)
            real = route.fetch(headers=headers)
            kept.append((real.text(), real.headers))
        body, headers = kept[0]
        route.fulfill(body=body, headers=headers | {"etag": f'W/"{next(answers)}"'})

    page.route(PICTURE, answer)
    return lambda: next(answers) - 1


def test_an_hour_on_the_wall_leaves_nothing_behind(house, ops, television):
    page = switch_on(television, house.address + link(ops, house, "An hour"))
    trouble = Trouble()
    trouble.watch(page)
    drawn = always_new(page)
    watch_for(page, 5)
    before = remembered(page)
    watch_for(page, 60)
    after = remembered(page)
    assert drawn() >= 2 * 65 - 1
    assert after["Nodes"] - before["Nodes"] <= MOST_NODES_MORE
    assert after["JSEventListeners"] <= before["JSEventListeners"]
    assert after["JSHeapUsedSize"] - before["JSHeapUsedSize"] <= MOST_BYTES_MORE
    assert trouble == []


def test_a_wall_keeps_its_picture_without_network_and_comes_back_by_itself(house, ops, television):
    page = switch_on(television, house.address + link(ops, house, "Lost network"))
    expect(page.locator("[data-last]")).to_contain_text("Updated")
    title = page.locator(".wall-contest h1").first.inner_text()
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "/picture" in sent.url else None)
    television.set_offline(True)
    let_pass(page, 12)
    expect(page.locator("[data-last]")).to_contain_text(re.compile(r"^Last update \d\d:\d\d, try"))
    assert page.locator(".wall-contest h1").first.inner_text() == title
    assert 4 <= len(asked) <= 12, "the pauses grow"
    television.set_offline(False)
    expect(page.locator("[data-last]")).to_contain_text("Updated")
    watch_for(page, 2)
    expect(page.locator("[data-last]")).to_contain_text("Updated")


def test_a_revoked_link_stops_at_the_next_look_and_stays_off(house, ops, television):
    page = switch_on(television, house.address + link(ops, house, "To be revoked"))
    ops.goto(f"{house.address}/screens")
    row = ops.locator("li.item", has_text="To be revoked")
    row.get_by_role("button", name="Revoke").click()
    asks_first = ops.get_by_role("dialog").get_by_role("button", name="Revoke")
    if asks_first.count():
        asks_first.click()
    expect(ops.locator("li.item", has_text="To be revoked")).to_contain_text("revoked")
    page.clock.run_for(MINUTE // 2)
    expect(page.locator("h1")).to_have_text("This link does not open anything any more")
    assert page.locator(".lane").count() == 0
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    let_pass(page, 10)
    assert asked == []


def test_a_key_is_in_no_address_no_cookie_and_no_referrer(house, ops, television):
    path = link(ops, house, "Key")
    key = path.partition("#")[2]
    page = television.new_page()
    sent: list[str] = []
    page.on("request", lambda each: sent.extend([each.url.partition("#")[0],
                                                 each.headers.get("referer", "")]))  # fmt: skip
    page.goto(house.address + path)
    expect(page.locator(".wall-contest h1").first).to_be_visible()
    assert len(key) > 40
    assert not any(key in each for each in sent)
    assert television.cookies() == []


def test_a_screen_without_its_link_says_what_it_needs(house, television):
    page = television.new_page()
    page.goto(f"{house.address}/wallboard/csp")
    expect(page.locator("h1")).to_have_text("This screen needs its link")


@pytest.mark.parametrize("size", [TELEVISION, {"width": 1280, "height": 720}])
def test_a_wall_fits_its_screen_and_is_read_from_afar(house, ops, browser, size):
    context = browser.new_context(viewport=size, reduced_motion="reduce")
    page = switch_on(context, house.address + link(ops, house, "Fits"), clock=False)
    page.screenshot(path=house.folder / f"wall-{size['width']}.png")
    overflow = page.evaluate(
        "[document.documentElement.scrollHeight - innerHeight,"
        " document.documentElement.scrollWidth - innerWidth]"
    )
    assert max(overflow) <= 0
    below = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.lane')].map(e => e.getBoundingClientRect()"
        ".bottom)) - document.querySelector('.tick').getBoundingClientRect().top"
    )
    assert below <= 0
    letters = page.locator(".lane-name b").first.evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize)"
    )
    assert letters >= size["width"] / 52
    context.close()


def test_a_wall_is_a_page_on_a_phone(house, browser):
    context = browser.new_context(viewport=PHONE)
    page = sign_in(context, house.address, house.people["rep"])
    page.goto(f"{house.address}/wallboard/csp")
    expect(page.locator(".wall-contest h1").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    context.close()


@pytest.mark.parametrize(("paper", "points"), [("a3", (842, 1191)), ("a4", (595, 842))])
@pytest.mark.parametrize("ink", ["", "saver"])
def test_a_poster_is_one_sheet_of_its_size(house, ops, paper, points, ink):
    ops.goto(f"{house.address}/screens")
    href = ops.get_by_role("link", name="Poster A3").nth(1).get_attribute("href")
    ops.goto(f"{house.address}{href}?paper={paper}&ink={ink}")
    sheet = ops.pdf(prefer_css_page_size=True, print_background=True)
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", sheet)
    assert len(boxes) == 1
    assert tuple(round(float(each)) for each in boxes[0]) == pytest.approx(points, abs=1)
    lanes, foot = ops.locator(".sheet .lane").last, ops.locator(".sheet-foot")
    lowest = lanes.evaluate("e => e.getBoundingClientRect().bottom") - foot.evaluate(
        "e => e.getBoundingClientRect().top"
    )
    assert lowest <= 0
