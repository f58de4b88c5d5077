"""Text from the people room's pages turned into typed input, or an error naming the field."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time

from core.errors import Invalid
from people.rules import BoardName

PAGE_SIZE = 50
LAST_PAGE = 10_000


@dataclass(frozen=True)
class SignInForm:
    """What somebody typed to get in."""

    email: str
    password: str


@dataclass(frozen=True)
class DirectoryForm:
    """Which part of the directory is asked for."""

    text: str
    page: int


def sign_in(given: Mapping[str, str]) -> SignInForm:
    """Address and password as typed; too long is the same as wrong."""
    return SignInForm(email=given.get("email", "")[:400], password=given.get("password", ""))


def directory(given: Mapping[str, str]) -> DirectoryForm:
    """Search text and page; a page that is no number is the first."""
    text = "".join(ch for ch in given.get("q", "")[:80] if ch.isprintable()).strip()
    written = given.get("page", "1")
    is_number = written.isascii() and written.isdigit() and len(written) < 6
    return DirectoryForm(text=text, page=min(max(int(written), 1), LAST_PAGE) if is_number else 1)


def board_wish(given: Mapping[str, str]) -> BoardName:
    """Which of the three ways to be named on boards was chosen."""
    try:
        return BoardName(given.get("how", ""))
    except ValueError:
        raise Invalid(
            "Choose how boards name you.", field="how", fix="Your name, an alias, or not listed."
        ) from None


def hour(given: Mapping[str, str], name: str) -> time:
    """A time written HH:MM."""
    try:
        found = time.fromisoformat(given.get(name, "").strip())
    except ValueError:
        raise Invalid("This is not a time.", field=name, fix="Write it like 19:00.") from None
    if found.tzinfo is not None:
        raise Invalid("This is not a time.", field=name, fix="Write it like 19:00.")
    return found.replace(second=0, microsecond=0)
