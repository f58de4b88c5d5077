"""The chain: whole after honest work, and the first bad row is named after tampering."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import text

from core import audit
from core.db import db, transaction
from core.policy import SYSTEM

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def fail_after_recording() -> float:
    audit.record("thing.done", actor=SYSTEM, now=NOW, subject="thing:x")
    return 1 / 0


def write(count: int) -> None:
    for number in range(count):
        with transaction():
            audit.record(
                "thing.done", actor=SYSTEM, now=NOW, subject=f"thing:{number}", detail={"n": number}
            )


def test_an_honest_chain_holds(app: Flask) -> None:
    assert audit.verify() is None
    write(5)
    assert audit.verify() is None


@pytest.mark.parametrize(
    ("tampering", "bad_row"),
    [
        ("UPDATE audit_entry SET subject = 'thing:9' WHERE id = 3", 3),
        ("UPDATE audit_entry SET detail = '{}' WHERE id = 2", 2),
        ("DELETE FROM audit_entry WHERE id = 3", 4),
        ("DELETE FROM audit_entry WHERE id = 5", 0),
    ],
)
def test_tampering_is_found_and_named(app: Flask, tampering: str, bad_row: int) -> None:
    write(5)
    with transaction():
        db.session.execute(text(tampering))
    broken = audit.verify()
    assert broken is not None
    assert broken.entry_id == bad_row


def test_a_rolled_back_act_leaves_no_entry(app: Flask) -> None:
    write(1)
    with pytest.raises(ZeroDivisionError), transaction():
        fail_after_recording()
    write(1)
    assert audit.verify() is None
    assert db.session.query(audit.AuditEntry).count() == 2
