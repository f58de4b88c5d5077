"""The tip letter: written once per tip, then filled for each reader.

A letter holds nothing about the reader's rank or numbers, no picture and no tracked link.
"""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import nh3
from markupsafe import Markup

from comms.rules import fill, first_name
from core.letters import render_letter
from core.outbox import Letter, unsubscribe_token

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "a", "h2", "h3", "code"}
_SCHEMES = {"http", "https", "mailto"}


@cache
def _markdown() -> "MarkdownIt":
    """Our dialect of Markdown; its sixty modules wait for the first letter, not for every start."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False, "linkify": False}).disable("image")


def tip_html(markdown: str) -> Markup:
    """A tip's body as safe HTML: no raw HTML, no pictures, no addresses but http, https, mailto."""
    clean = nh3.clean(
        _markdown().render(markdown),
        tags=_TAGS,
        attributes={"a": {"href"}, "*": set()},
        url_schemes=_SCHEMES,
        link_rel=None,
    )
    return Markup(clean)  # noqa: S704 - the sanitiser's own output


def tip_text(markdown: str) -> str:
    """The same body for plain text: paragraphs, dashes for lists, links with their address."""
    return _Plain().write(_markdown().parse(markdown))


class _Plain:
    """Walks Markdown tokens and writes plain text."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.marks: list[str] = []
        self.depth = 0

    def write(self, tokens: "Sequence[Token]") -> str:
        """The text of all blocks, an empty line between them."""
        for token in tokens:
            self._take(token)
        return "\n\n".join(self.blocks)

    def _take(self, token: "Token") -> None:
        if token.type == "list_item_open":
            number = f"{token.info}." if token.info else "-"
            self.marks.append(f"{number} ")
        elif token.type == "blockquote_open":
            self.depth += 1
        elif token.type == "blockquote_close":
            self.depth -= 1
        elif token.type == "inline":
            mark = self.marks.pop() if self.marks else ""
            self.blocks.append("> " * self.depth + mark + _inline(token.children or []))
        elif token.type in {"fence", "code_block"}:
            self.blocks.append(token.content.rstrip())


def _inline(tokens: "Iterable[Token]") -> str:
    words: list[str] = []
    addresses: list[str] = []
    for token in tokens:
        if token.type in {"text", "code_inline"}:
            words.append(token.content)
        elif token.type in {"softbreak", "hardbreak"}:
            words.append("\n" if token.type == "hardbreak" else " ")
        elif token.type == "link_open":
            addresses.append(str(token.attrGet("href") or ""))
        elif token.type == "link_close" and addresses:
            words.append(f" ({addresses.pop()})")
    return "".join(words)


@dataclass(frozen=True)
class TipSource:
    """What a tip letter is made from; equal sources give the same compiled letter."""

    subject: str
    body: str
    programme: str
    cadence: str


@dataclass(frozen=True)
class CompiledTip:
    """A letter ready but for the fixed placeholders {first_name} and {stop_token}."""

    subject: str
    text: str
    html: str


@lru_cache(maxsize=256)
def _bodies(body: str) -> tuple[str, Markup]:
    return tip_text(body), tip_html(body)


def compile_tip(source: TipSource) -> CompiledTip:
    """Render a tip's templates, once for all its readers."""
    plain, rich = _bodies(source.body)
    subject, text, page = render_letter(
        "comms/tip",
        subject=source.subject,
        body_text=plain,
        body_html=rich,
        programme=source.programme,
        cadence=source.cadence,
    )
    return CompiledTip(subject, text, page or "")


@dataclass(frozen=True)
class Reader:
    """Who reads a letter."""

    person_id: int
    name: str


def tip_letter(
    tip: CompiledTip, reader: Reader, *, key: str, not_before: datetime, use_by: datetime
) -> Letter:
    """One reader's letter. `key` is used once for ever: one letter per person and issue."""
    called = first_name(reader.name)
    token = unsubscribe_token(reader.person_id, "tips")
    plain = {"first_name": called, "stop_token": token}
    safe = {"first_name": html.escape(called), "stop_token": token}
    return Letter(
        kind="tip",
        list_name="tips",
        person_id=reader.person_id,
        subject=fill(tip.subject, plain),
        text=fill(tip.text, plain),
        html=fill(tip.html, safe),
        dedupe_key=key,
        not_before=not_before,
        use_by=use_by,
    )
