"""A file of unknown columns as sales ops take it in: matched once, known ever after."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FileChooser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.stage import DESKTOP, PHONE, SignIn, Trouble, flask, sign_in
from tests.servers import ROOT, served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
TRIES = 3
OPS = SignIn("sales_ops", "Olga Ops", "olga@example.org", "a long word for a test 4711")
HEADER = "Nummer;Rufname;Postfach;Bereich\n"
FIRST = HEADER + (
    "00012;Ann Lee;ann@example.org;East\n"
    "00013;Bo Ord;bo@example.org;East\n"
    "00014;Cy Day;not an address;West\n"
)
SECOND = HEADER + "00014;Cy Day;cy@example.org;West\n00015;Di Fox;di@example.org;West\n"
MATCHES = {"person_id": "Nummer", "email": "Postfach", "name": "Rufname", "channel": "Bereich"}
MOST_TABS = 150


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app, served on a database with one person: sales ops, who signs in."""
    folder = tmp_path_factory.mktemp("imports")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PENNANT_")}
    env = {
        **kept,
        "PENNANT_DATABASE_URL": f"sqlite:///{folder / 'imports.db'}",
        "PENNANT_INSTANCE_DIR": str(folder),
    }
    flask(env, "db", "upgrade")
    people = folder / "people.csv"
    people.write_text(f"person_id,email,name,role\nOPS,{OPS.email},{OPS.name},sales_ops\n")
    flask(env, "import", str(people))
    subprocess.run(
        [sys.executable, "-m", "flask", "people", "set-password", "OPS"],
        cwd=ROOT,
        env=env,
        input=f"{OPS.password}\n",
        text=True,
        check=True,
        capture_output=True,
    )
    with served(env) as (port, _server):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def trouble() -> Iterator[Trouble]:
    """Fails the test when a page it opened complained."""
    heard = Trouble()
    yield heard
    assert heard == []


def desk(browser: Browser, address: str, trouble: Trouble, **look: object) -> Page:
    """The imports page as sales ops see it."""
    page = sign_in(browser.new_context(**({"viewport": DESKTOP} | look)), address, OPS)
    trouble.watch(page)
    page.goto(f"{address}/imports")
    return page


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(page: Page) -> list[dict[str, str]]:
    """The list of problems, taken along as a file."""
    with page.expect_download() as taken:
        page.get_by_role("link", name="Problems as CSV").click()
    with Path(taken.value.path()).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_file_of_unknown_columns_is_matched_once(browser, address, trouble, tmp_path):
    page = desk(browser, address, trouble)
    page.get_by_label("File", exact=True).set_input_files(written(tmp_path, "hr.csv", FIRST))
    page.get_by_role("button", name="Look at it first").click()
    expect(page.locator("h1")).to_contain_text("Match the columns of hr.csv once")

    page.get_by_label("What it is").select_option("match:people")
    page.get_by_role("button", name="Show it so").click()
    for ours, theirs in MATCHES.items():
        page.locator(f"select[id='from:{ours}']").select_option(theirs)
    page.get_by_role("button", name="Show the rows").click()
    shown = page.get_by_role("table").filter(has_text="ann@example.org")
    expect(shown.locator("tbody tr")).to_have_count(3)
    expect(shown).to_contain_text("ann@example.org")
    expect(shown.locator("tbody tr", has_text="refused")).to_have_count(1)

    page.get_by_label("Save this matching as").fill("HR list")
    page.get_by_role("button", name="Save the matching").click()
    expect(page.locator("h1")).to_contain_text("hr.csv is read by HR list")
    page.get_by_role("button", name="Take it in").click()
    page.wait_for_url(lambda url: url.rsplit("/", 1)[-1].isdigit())
    expect(page.locator("h1")).to_contain_text("1 line of hr.csv")
    [told] = problems(page)
    assert (told["line"], told["column"], told["code"]) == ("4", "email", "not_an_email")
    assert (told["value"], told["row_taken_in"]) == ("not an address", "no")

    page.goto(f"{address}/imports")
    page.get_by_label("File", exact=True).set_input_files(written(tmp_path, "hr2.csv", SECOND))
    page.get_by_role("button", name="Look at it first").click()
    expect(page.locator("h1")).to_contain_text("hr2.csv is read by HR list")
    page.get_by_role("button", name="Take it in").click()
    page.wait_for_url(lambda url: url.rsplit("/", 1)[-1].isdigit())
    expect(page.locator("h1")).to_contain_text("hr2.csv came in whole")
    expect(page.locator("dl.kv dd").first).to_have_text("2")
    page.context.close()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus, as somebody without a mouse does."""
    for _press in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"nobody sees that {selector} has the focus"
            return
    pytest.fail(f"{selector} cannot be reached by Tab")


def press(page: Page, text: str) -> None:
    """Go to a button by keyboard and press it; returns on the page that follows."""
    page.evaluate(
        "t => [...document.querySelectorAll('main button')]"
        ".filter(b => b.textContent.trim() === t).forEach(b => b.dataset.wanted = t)",
        text,
    )
    tab_to(page, f"[data-wanted='{text}']")
    with page.expect_navigation():
        page.keyboard.press("Enter")


def chooser_by_space(page: Page) -> FileChooser:
    """The file dialogue, opened by the space bar; a busy browser may miss the first press."""
    for _ in range(TRIES):
        try:
            with page.expect_file_chooser(timeout=10_000) as chooser:
                page.keyboard.press("Space")
        except PlaywrightTimeout:
            continue
        return chooser.value
    raise AssertionError("the space bar opens no file dialogue")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_all_of_it_goes_by_keyboard(browser, address, trouble, tmp_path, viewport):
    size = str(viewport["width"])
    page = desk(browser, address, trouble, viewport=viewport)
    text = FIRST.replace("Nummer", f"Kennung {size}").replace("Rufname", f"Anrede {size}")
    matches = MATCHES | {"person_id": f"Kennung {size}", "name": f"Anrede {size}"}
    tab_to(page, "input[type=file]")
    chooser_by_space(page).set_files(written(tmp_path, "staff.csv", text))
    press(page, "Look at it first")
    tab_to(page, "#what")
    page.keyboard.type("people, col")
    press(page, "Show it so")
    for ours, theirs in matches.items():
        tab_to(page, f"select[name='from:{ours}']")
        page.keyboard.type(theirs)
    press(page, "Show the rows")
    expect(page.locator("table", has_text="ann@example.org").locator("tbody tr")).to_have_count(3)
    tab_to(page, "input[name=mapping_name]")
    page.keyboard.type(f"Staff {size}")
    press(page, "Save the matching")
    expect(page.locator("h1")).to_contain_text(f"staff.csv is read by Staff {size}")
    press(page, "Take it in")
    page.wait_for_url(lambda url: url.rsplit("/", 1)[-1].isdigit())
    expect(page.locator("h1")).to_contain_text("1 line of staff.csv")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.context.close()
