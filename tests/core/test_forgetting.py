"""Names go out of every text, in every way they are written, and out of nothing else."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from core import outbox
from core.db import db, transaction
from core.forgetting import replace_names, stands_out
from core.intake.models import ImportMapping, ImportRun
from core.outbox import Letter, OutboxLetter
from core.scheduler import JobSlot

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
WORDS = {
    "Zoë O'Brien": "Former colleague 7",
    "zoe@example.org": "erased-7@invalid",
    "zo": "Former colleague 7",
    "\u674e \u660e": "Former colleague 8",
}


def cleared(text, html=None):
    letter = Letter(
        kind="k",
        list_name="awards",
        person_id=1,
        subject="s",
        text=text,
        html=html,
        dedupe_key=f"d:{text[:150]}",
    )
    with transaction():
        outbox.post(letter, NOW)
        replace_names(WORDS)
    row = db.session.scalars(select(OutboxLetter).order_by(OutboxLetter.id.desc())).first()
    return row.html if html else row.text


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Zoë O'Brien won.", "Former colleague 7 won."),
        ("ZOË O'BRIEN was here", "Former colleague 7 was here"),
        ("zoë o'brien, Zoë O'Brien", "Former colleague 7, Former colleague 7"),
        ("Write to ZOE@example.org.", "Write to erased-7@invalid."),
        ("mail:zoe@example.org,x", "mail:erased-7@invalid,x"),
        ("chloezoe@example.org", "chloezoe@example.org"),
        ("mc.zoe@example.org", "mc.zoe@example.org"),
        ("zoe@example.organic", "zoe@example.organic"),
        ("zoe@example.org.uk", "zoe@example.org.uk"),
        ("The zo is open 100 %", "The zo is open 100 %"),
        ("zo", "zo"),
        ("\u674e \u660e won 100 %", "Former colleague 8 won 100 %"),
        ("report_of-Zo\u00eb O'Brien.csv", "report_of-Former colleague 7.csv"),
        ("Zo\u00eb O'Brienne", "Zo\u00eb O'Brienne"),
        ("/people/zoe%40example.org/erase", "/people/erased-7@invalid/erase"),
        ("/people?q=Zo%C3%AB%20O%27Brien&page=2", "/people?q=Former colleague 7&page=2"),
    ],
)
def test_a_text_loses_the_name_and_nothing_else(app, written, left):
    assert cleared(written) == left


def test_html_and_json_write_names_in_their_own_way(app):
    page = "<b>Zo\u00eb O&#39;Brien</b>"
    assert cleared("x", page) == "<b>Former colleague 7</b>"
    with transaction() as session:
        session.add(
            ImportMapping(
                name="m",
                kind="usage",
                fingerprint="f",
                header=["a", "Owner: Zo\u00eb O'Brien"],
                columns={"person_id": {"always": "zoe@example.org", "zo\u00eb o'brien": "kept"}},
                asked={"zo": "zo"},
                saved_at=NOW,
            )
        )
        replace_names(WORDS)
    found = db.session.scalars(select(ImportMapping)).one()
    assert found.header == ["a", "Owner: Former colleague 7"]
    assert found.columns == {
        "person_id": {"always": "erased-7@invalid", "Former colleague 7": "kept"}
    }
    assert found.asked == {"zo": "zo"}


def test_keys_and_what_is_named_beside_stay_and_long_texts_are_cut(app):
    """PostgreSQL refuses a text longer than its column; the file's name has 255 signs."""
    tail = "y" * (255 - len("Zo\u00eb O'Brien "))
    with transaction() as session:
        session.add(ImportRun(kind="usage", file=f"Zo\u00eb O'Brien {tail}", started_at=NOW))
        outbox.post(
            Letter(
                kind="k",
                list_name="awards",
                person_id=1,
                subject="Zo\u00eb O'Brien",
                text="t",
                dedupe_key="zoe@example.org",
            ),
            NOW,
        )
        assert replace_names(WORDS, besides=[OutboxLetter, JobSlot]) == 1
    assert db.session.scalars(select(OutboxLetter.subject)).one() == "Zo\u00eb O'Brien"
    kept = db.session.scalars(select(ImportRun.file)).one()
    assert kept.startswith("Former colleague 7 yyy")
    assert len(kept) == 255
    with transaction():
        assert replace_names(WORDS) == 1
        assert replace_names(WORDS) == 0
    assert db.session.scalars(select(OutboxLetter.dedupe_key)).one() == "zoe@example.org"


@pytest.mark.parametrize(
    ("word", "does"),
    [
        ("Al", False),
        ("Max", False),
        ("77", False),
        ("20261123", False),
        ("active", False),
        ("P0017", False),
        ("Bartholomew", False),
        ("Ann Lee", True),
        ("a@b", True),
        ("0055g00000ABC", True),
        ("ann.lee.b", True),
        ("116045733189213765281", True),
    ],
)
def test_only_what_can_mean_nothing_else_is_looked_for_inside_texts(word, does):
    assert stands_out(word) is does
