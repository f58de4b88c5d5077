"""The double-entry book: accounts, entries, holds, reversals; it knows no business words.

Amounts are whole numbers: points, or minor units of a currency. Entries are never edited or
deleted; a correction is a reversal and a new entry (TRUST section 4, rules 1-4).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    String,
    UniqueConstraint,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import mapped_column

from core.db import Base, Key, Mapped, db, insert_missing, insert_missing_returning
from core.errors import Conflict, Invalid, NotFound
from core.policy import Actor


class HoldState(StrEnum):
    """A hold waits, then is posted or voided; never both."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"


class LedgerAccount(Base):
    """One account. `held` is promised and not yet moved; spendable is balance - held."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        CheckConstraint("may_go_negative OR balance >= held", name="covered"),
        CheckConstraint("held >= 0", name="held"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    code: Mapped[str] = mapped_column(String(120), unique=True)
    unit: Mapped[str] = mapped_column(String(10))
    may_go_negative: Mapped[bool] = mapped_column(Boolean(create_constraint=False))
    balance: Mapped[int] = mapped_column(BigInteger, default=0)
    held: Mapped[int] = mapped_column(BigInteger, default=0)


class LedgerEntry(Base):
    """One fact that moved amounts, under a key that is used once for ever."""

    __tablename__ = "ledger_entry"

    id: Mapped[Key] = mapped_column(init=False)
    entry_key: Mapped[str] = mapped_column(String(200), unique=True)
    memo: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    actor_id: Mapped[int | None]
    reverses: Mapped[str | None] = mapped_column(String(200), unique=True, default=None)


class Posting(Base):
    """One side of an entry; the postings of an entry sum to zero per unit."""

    __tablename__ = "posting"
    __table_args__ = (
        UniqueConstraint("entry_id", "account_id"),
        CheckConstraint("amount <> 0", name="moves"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)


class Hold(Base):
    """An amount promised from one account to another, until posted or voided."""

    __tablename__ = "ledger_hold"
    __table_args__ = (CheckConstraint("amount > 0", name="positive"),)

    id: Mapped[Key] = mapped_column(init=False)
    hold_key: Mapped[str] = mapped_column(String(200), unique=True)
    from_account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"))
    to_account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[HoldState] = mapped_column(String(10))
    at: Mapped[datetime]


@dataclass(frozen=True)
class Imbalance:
    """Something in the book that does not add up."""

    subject: str
    reason: str


def open_account(code: str, unit: str, *, may_go_negative: bool = False) -> None:
    """Open an account unless it exists. A source or sink may go negative; a purse may not."""
    insert_missing(
        LedgerAccount,
        [{"code": code, "unit": unit, "may_go_negative": may_go_negative, "balance": 0, "held": 0}],
        key=["code"],
    )


def cap(code: str) -> None:
    """Let an account give no more than it has from now on; Conflict where it has given more."""
    done = db.session.execute(
        update(LedgerAccount)
        .where(LedgerAccount.code == code, LedgerAccount.balance >= LedgerAccount.held)
        .values(may_go_negative=False)
        .returning(LedgerAccount.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if done is None:
        msg = "More than this is promised or given already."
        raise Conflict(msg, code="not_covered", fix="Choose a larger amount.")
    db.session.expire_all()


def _account(code: str) -> LedgerAccount:
    account = db.session.scalar(select(LedgerAccount).where(LedgerAccount.code == code))
    if account is None:
        msg = f"There is no ledger account {code}."
        raise NotFound(msg)
    return account


def _move(account_id: int, amount: int, *, release: int = 0) -> None:
    """Change one balance if it stays covered: the check and the write are one statement."""
    spendable = LedgerAccount.balance - LedgerAccount.held + release + amount
    done = db.session.execute(
        update(LedgerAccount)
        .where(
            LedgerAccount.id == account_id,
            or_(LedgerAccount.may_go_negative, spendable >= 0),
        )
        .values(balance=LedgerAccount.balance + amount, held=LedgerAccount.held - release)
        .returning(LedgerAccount.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if done is None:
        msg = "The account does not cover this amount."
        raise Conflict(msg, code="not_covered", fix="Choose a smaller amount or ask for budget.")


def book(
    entry_key: str,
    postings: Sequence[tuple[str, int]],
    *,
    memo: str,
    now: datetime,
    actor: Actor,
    reverses: str | None = None,
) -> bool:
    """Write one entry of (account code, amount) postings; False when its key is known already.

    Raises Invalid when the postings do not sum to zero per unit, Conflict when an account that may
    not go negative would.
    """
    accounts = {code: _account(code) for code, _ in postings}
    _check_sums([(accounts[code].unit, amount) for code, amount in postings])
    new = insert_missing_returning(
        LedgerEntry,
        [
            {
                "entry_key": entry_key,
                "memo": memo,
                "at": now,
                "actor_id": actor.person_id,
                "reverses": reverses,
            }
        ],
        key=["entry_key"],
        returning=["id"],
    )
    if not new:
        return False
    merged: dict[int, int] = defaultdict(int)
    for code, amount in postings:
        merged[accounts[code].id] += amount
    for account_id in sorted(merged):
        if merged[account_id]:
            db.session.add(
                Posting(entry_id=new[0].id, account_id=account_id, amount=merged[account_id])
            )
            _move(account_id, merged[account_id])
    db.session.flush()
    _forget_balances(list(accounts.values()))
    return True


def _forget_balances(accounts: Sequence[LedgerAccount]) -> None:
    for account in accounts:
        db.session.expire(account)


def _check_sums(amounts: Sequence[tuple[str, int]]) -> None:
    sums: dict[str, int] = defaultdict(int)
    for unit, amount in amounts:
        sums[unit] += amount
    if any(sums.values()):
        msg = f"The postings of an entry must sum to zero per unit, not {dict(sums)}."
        raise Invalid(msg)


def reverse(entry_key: str, new_key: str, *, memo: str, now: datetime, actor: Actor) -> bool:
    """Write the exact opposite of an entry; an entry is reversed at most once."""
    entry = db.session.scalar(select(LedgerEntry).where(LedgerEntry.entry_key == entry_key))
    if entry is None:
        msg = f"There is no ledger entry {entry_key}."
        raise NotFound(msg)
    if db.session.scalar(select(LedgerEntry.id).where(LedgerEntry.reverses == entry_key)):
        return False
    sides = db.session.execute(
        select(LedgerAccount.code, Posting.amount)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(Posting.entry_id == entry.id)
    )
    opposite = [(code, -amount) for code, amount in sides]
    return book(new_key, opposite, memo=memo, now=now, actor=actor, reverses=entry_key)


def hold(hold_key: str, from_code: str, to_code: str, amount: int, *, now: datetime) -> bool:
    """Promise an amount; False when the key is known. Raises Conflict when it is not covered."""
    source, target = _account(from_code), _account(to_code)
    new = insert_missing(
        Hold,
        [
            {
                "hold_key": hold_key,
                "from_account_id": source.id,
                "to_account_id": target.id,
                "amount": amount,
                "state": HoldState.PENDING,
                "at": now,
            }
        ],
        key=["hold_key"],
    )
    if not new:
        return False
    _move(source.id, 0, release=-amount)
    _forget_balances([source])
    return True


def _settle(hold_key: str, state: HoldState) -> Hold | None:
    """Take a pending hold to its end by compare-and-set; None when it is not pending any more."""
    settled = db.session.execute(
        update(Hold)
        .where(Hold.hold_key == hold_key, Hold.state == HoldState.PENDING)
        .values(state=state)
        .returning(Hold.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if settled is None:
        return None
    return db.session.get(Hold, settled, populate_existing=True)


def void_hold(hold_key: str) -> bool:
    """Release a promise; False when it is not pending."""
    settled = _settle(hold_key, HoldState.VOIDED)
    if settled is None:
        return False
    _move(settled.from_account_id, 0, release=settled.amount)
    db.session.expire_all()
    return True


def post_hold(
    hold_key: str, *, amount: int | None = None, memo: str, now: datetime, actor: Actor
) -> bool:
    """Turn a promise into an entry `post:{key}` of at most its amount; the rest is released."""
    settled = _settle(hold_key, HoldState.POSTED)
    if settled is None:
        return False
    used = settled.amount if amount is None else amount
    if not 0 <= used <= settled.amount:
        msg = f"A hold of {settled.amount} cannot be posted with {used}."
        raise Invalid(msg)
    _move(settled.from_account_id, 0, release=settled.amount)
    db.session.expire_all()
    if used == 0:
        return True
    source = db.session.get_one(LedgerAccount, settled.from_account_id)
    target = db.session.get_one(LedgerAccount, settled.to_account_id)
    sides = [(source.code, -used), (target.code, used)]
    return book(f"post:{hold_key}", sides, memo=memo, now=now, actor=actor)


def balance(code: str) -> int:
    """Return what an account has, promised amounts included; 0 when it was never opened."""
    found = db.session.scalar(select(LedgerAccount.balance).where(LedgerAccount.code == code))
    return found or 0


def spendable(code: str) -> int:
    """Return what an account has and has not promised; 0 when it was never opened."""
    found = db.session.scalar(
        select(LedgerAccount.balance - LedgerAccount.held).where(LedgerAccount.code == code)
    )
    return found or 0


def has_entry(entry_key: str) -> bool:
    """Say whether an entry was written under this key."""
    return (
        db.session.scalar(select(LedgerEntry.id).where(LedgerEntry.entry_key == entry_key))
        is not None
    )


def verify() -> list[Imbalance]:
    """Recompute every sum from the postings and holds; return what does not agree (TRUST I1)."""
    session = db.session
    uneven = session.execute(
        select(Posting.entry_id, LedgerAccount.unit)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .group_by(Posting.entry_id, LedgerAccount.unit)
        .having(func.sum(Posting.amount) != 0)
    )
    found = [Imbalance(f"entry {row.entry_id}", "does not sum to zero") for row in uneven]
    posted = (
        select(Posting.account_id, func.sum(Posting.amount).label("amount"))
        .group_by(Posting.account_id)
        .subquery()
    )
    held = (
        select(Hold.from_account_id, func.sum(Hold.amount).label("amount"))
        .where(Hold.state == HoldState.PENDING)
        .group_by(Hold.from_account_id)
        .subquery()
    )
    wrong = session.execute(
        select(LedgerAccount.code)
        .outerjoin(posted, posted.c.account_id == LedgerAccount.id)
        .outerjoin(held, held.c.from_account_id == LedgerAccount.id)
        .where(
            or_(
                LedgerAccount.balance != func.coalesce(posted.c.amount, 0),
                LedgerAccount.held != func.coalesce(held.c.amount, 0),
            )
        )
    )
    return found + [
        Imbalance(f"account {row.code}", "balance is not its postings") for row in wrong
    ]
