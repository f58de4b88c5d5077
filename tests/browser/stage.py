"""Open a browser on the served app, and sign a visitor in as any role of the demo."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.servers import ROOT, find_browser

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}


@dataclass(frozen=True)
class SignIn:
    """One of the demo's people and how to sign in as them."""

    role: str
    name: str
    email: str
    password: str


def flask(env: Mapping[str, str], *arguments: str) -> str:
    """Run a command of the app; returns what it printed, raises with it when it failed."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", *arguments],
        cwd=ROOT,
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"flask {' '.join(arguments)}: {done.stdout}{done.stderr}"[-4000:])
    return done.stdout


def sign_ins(env: Mapping[str, str]) -> dict[str, SignIn]:
    """Role -> how to sign in as the first of that role; empty when no demo is loaded."""
    told = json.loads(flask(env, "demo", "sign-ins", "--json"))
    return {
        row["role"]: SignIn(row["role"], row["name"], row["email"], row["password"])
        for row in reversed(told)
    }


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium; raises Missing where there is none."""
    path = find_browser()
    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=sandbox)
        yield browser
        browser.close()


class Trouble(list):
    """What a page complained about: script errors, refused content, failed requests."""

    def watch(self, page: Page) -> None:
        """Listen to a page from now on."""
        page.on("pageerror", lambda error: self.append(f"error: {error}"))
        page.on(
            "console",
            lambda said: self.append(f"{said.type}: {said.text}") if said.type == "error" else None,
        )
        page.on("requestfailed", self._note_unless_left_behind)

    def _note_unless_left_behind(self, sent: Request) -> None:
        """Going to the next page ends what the last one was still loading; that is no complaint."""
        if sent.failure != "net::ERR_ABORTED":
            self.append(f"not loaded: {sent.url} {sent.failure}")


def sign_in(context: BrowserContext, address: str, who: SignIn) -> Page:
    """Sign in by the form, as a person does; returns the page that follows."""
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.locator("input[name=email]").fill(who.email)
    page.locator("input[name=password]").fill(who.password)
    page.locator("main form button[type=submit], main form button:not([type])").first.click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return page
