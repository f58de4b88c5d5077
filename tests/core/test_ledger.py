"""The book: entries sum to zero, purses never go below, keys are used once."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import ledger
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotFound
from core.policy import SYSTEM

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def open_purses() -> None:
    with transaction():
        ledger.open_account("mint", "points", may_go_negative=True)
        ledger.open_account("ana", "points")
        ledger.open_account("ben", "points")
        ledger.open_account("budget", "USD")
        ledger.open_account("spent", "USD", may_go_negative=True)


def give(key: str, code: str, amount: int) -> bool:
    with transaction():
        return ledger.book(
            key, [("mint", -amount), (code, amount)], memo="award", now=NOW, actor=SYSTEM
        )


def test_an_entry_moves_both_sides_and_its_key_works_once(app: Flask) -> None:
    open_purses()
    assert give("a:1", "ana", 30) is True
    assert give("a:1", "ana", 30) is False
    assert (ledger.balance("ana"), ledger.balance("mint")) == (30, -30)
    assert ledger.has_entry("a:1")
    assert ledger.verify() == []


def test_sides_that_do_not_sum_to_zero_are_refused(app: Flask) -> None:
    open_purses()
    with pytest.raises(Invalid), transaction():
        ledger.book("x", [("mint", -1), ("ana", 2)], memo="", now=NOW, actor=SYSTEM)
    with pytest.raises(Invalid), transaction():
        ledger.book("y", [("mint", -1), ("spent", 1)], memo="", now=NOW, actor=SYSTEM)
    assert not ledger.has_entry("x")
    assert not ledger.has_entry("y")


def test_a_purse_never_goes_below_zero(app: Flask) -> None:
    open_purses()
    give("a:1", "ana", 10)
    with pytest.raises(Conflict), transaction():
        ledger.book("pay", [("ana", -11), ("ben", 11)], memo="", now=NOW, actor=SYSTEM)
    assert (ledger.balance("ana"), ledger.balance("ben")) == (10, 0)
    assert not ledger.has_entry("pay")


def test_a_reversal_is_exact_and_happens_once(app: Flask) -> None:
    open_purses()
    give("a:1", "ana", 10)
    with transaction():
        assert ledger.reverse("a:1", "r:1", memo="mistake", now=NOW, actor=SYSTEM)
    with transaction():
        assert not ledger.reverse("a:1", "r:2", memo="mistake", now=NOW, actor=SYSTEM)
    assert ledger.balance("ana") == 0
    with pytest.raises(NotFound), transaction():
        ledger.reverse("none", "r:3", memo="", now=NOW, actor=SYSTEM)
    assert ledger.verify() == []


def fund(amount: int) -> None:
    with transaction():
        ledger.book(
            "fund", [("spent", -amount), ("budget", amount)], memo="", now=NOW, actor=SYSTEM
        )


def test_a_hold_promises_then_posts_at_most_its_amount(app: Flask) -> None:
    open_purses()
    fund(100)
    with transaction():
        assert ledger.hold("h:1", "budget", "spent", 80, now=NOW)
        assert not ledger.hold("h:1", "budget", "spent", 80, now=NOW)
    assert (ledger.balance("budget"), ledger.spendable("budget")) == (100, 20)
    with pytest.raises(Conflict), transaction():
        ledger.hold("h:2", "budget", "spent", 21, now=NOW)
    with transaction():
        assert ledger.post_hold("h:1", amount=50, memo="prize", now=NOW, actor=SYSTEM)
    with transaction():
        assert not ledger.post_hold("h:1", amount=50, memo="prize", now=NOW, actor=SYSTEM)
        assert not ledger.void_hold("h:1")
    assert (ledger.balance("budget"), ledger.spendable("budget")) == (50, 50)
    assert ledger.verify() == []


def test_a_voided_hold_gives_everything_back(app: Flask) -> None:
    open_purses()
    fund(100)
    with transaction():
        ledger.hold("h:1", "budget", "spent", 80, now=NOW)
    with transaction():
        assert ledger.void_hold("h:1")
        assert not ledger.post_hold("h:1", memo="", now=NOW, actor=SYSTEM)
    assert ledger.spendable("budget") == 100


def test_verify_names_a_balance_somebody_edited(app: Flask) -> None:
    open_purses()
    give("a:1", "ana", 10)
    with transaction() as session:
        account = session.query(ledger.LedgerAccount).filter_by(code="ana").one()
        account.balance = 11
    assert [item.subject for item in ledger.verify()] == ["account ana"]


@pytest.mark.sqlite_only
@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from(["mint", "ana", "ben"]),
            st.sampled_from(["mint", "ana", "ben"]),
            st.integers(1, 20),
        ),
        max_size=12,
    )
)
def test_whatever_is_tried_the_book_adds_up(app: Flask, moves: list[tuple[str, str, int]]) -> None:
    open_purses()
    before = ledger.balance("mint") + ledger.balance("ana") + ledger.balance("ben")
    for number, (source, target, amount) in enumerate(moves):
        try:
            with transaction():
                ledger.book(
                    f"{id(moves)}:{number}",
                    [(source, -amount), (target, amount)],
                    memo="",
                    now=NOW,
                    actor=SYSTEM,
                )
        except Conflict:
            db.session.rollback()
    after = ledger.balance("mint") + ledger.balance("ana") + ledger.balance("ben")
    assert before == after
    assert min(ledger.balance("ana"), ledger.balance("ben")) >= 0
    assert ledger.verify() == []
