"""`./pennant shots DIR`: every page for every role, on phone and desktop, light and dark.

Uses the database the settings name, as `./pennant run` left it, and loads the small demo when it
holds nobody. Says at the end which pages complained.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.stage import (
    DESKTOP,
    PHONE,
    SignIn,
    Trouble,
    chromium,
    flask,
    sign_in,
    sign_ins,
)
from tests.servers import served

SIZES = {"390": PHONE, "1440": DESKTOP}
THEMES = ("light", "dark")
START = ("/",)
# Links that change something, leave the house or end the visit are not followed.
NOT_PAGES = re.compile(
    r"^/(sign-out|static|api|healthz|readyz|metrics|unsubscribe)|[?#]|\.(csv|ics)$"
)
MOST_OF_A_KIND = 2
MOST_PAGES = 30


def kind_of(path: str) -> str:
    """Pages that differ only in whom or what they are about are of one kind."""
    first, _, rest = path.strip("/").partition("/")
    if first == "admin" or rest in {"", "new", "waiting"}:
        return path
    return f"/{first}/*" + "/*" * rest.count("/")


def pages_of(page: Page, address: str) -> Iterator[str]:
    """Follow the links from the start page; a few of each kind, each path once."""
    waiting, seen, of_kind, given = list(START), set(START), Counter[str](), 0
    while waiting and given < MOST_PAGES:
        path = waiting.pop(0)
        answer = page.goto(address + path)
        if answer is None or answer.status >= 400:
            print(f"  {path} answers {answer.status if answer else 'nothing'}")
            continue
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        yield path
        hrefs = page.eval_on_selector_all(
            "a[href]", "links => links.map(a => a.getAttribute('href'))"
        )
        for href in hrefs:
            found = href.removeprefix(address)
            if not found.startswith("/") or found in seen or NOT_PAGES.search(found):
                continue
            seen.add(found)
            of_kind[kind_of(found)] += 1
            if of_kind[kind_of(found)] <= MOST_OF_A_KIND:
                waiting.append(found)


def file_name(path: str) -> str:
    """The part of a file's name that says which page it is."""
    return re.sub(r"[^a-z0-9]+", "-", path.strip("/").lower()) or "my-week"


def take(context: BrowserContext, address: str, paths: list[str], stem: Path) -> list[str]:
    """Take a picture of each page; returns what they complained about."""
    trouble, page = Trouble(), context.new_page()
    trouble.watch(page)
    for path in paths:
        page.goto(address + path)
        page.screenshot(path=f"{stem}-{file_name(path)}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        if wide:
            trouble.append(f"{path} scrolls sideways at {page.viewport_size}")
    page.close()
    return trouble


def shoot_role(browser: Browser, address: str, who: SignIn, folder: Path) -> list[str]:
    """Find a role's pages, then take them at each size in each theme."""
    with browser.new_context(viewport=DESKTOP) as context:
        page = sign_in(context, address, who)
        paths = list(pages_of(page, address))
        state = context.storage_state()
    trouble = []
    for width, viewport in SIZES.items():
        for theme in THEMES:
            with browser.new_context(
                viewport=viewport, color_scheme=theme, storage_state=state
            ) as context:
                trouble += take(context, address, paths, folder / f"{who.role}-{width}-{theme}")
    print(f"{who.role}: {len(paths)} pages", flush=True)
    return trouble


def shoot_stranger(browser: Browser, address: str, folder: Path) -> list[str]:
    """The pages of somebody who has not signed in."""
    trouble = []
    for width, viewport in SIZES.items():
        for theme in THEMES:
            with browser.new_context(viewport=viewport, color_scheme=theme) as context:
                trouble += take(context, address, ["/sign-in"], folder / f"nobody-{width}-{theme}")
    return trouble


def main(folder: Path) -> int:
    """Serve, visit, picture; returns 1 when a page complained."""
    folder.mkdir(parents=True, exist_ok=True)
    env = dict(os.environ)
    flask(env, "db", "upgrade")
    if not sign_ins(env):
        flask(
            env, "demo", "load", "--size", "small", "--today", datetime.now(UTC).date().isoformat()
        )
    people = sign_ins(env)
    trouble: list[str] = []
    with served(env) as (port, _), chromium() as browser:
        address = f"http://127.0.0.1:{port}"
        trouble += shoot_stranger(browser, address, folder)
        for who in people.values():
            trouble += shoot_role(browser, address, who, folder)
    for line in sorted(set(trouble)):
        print(line)
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}, {len(set(trouble))} complaints")
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
