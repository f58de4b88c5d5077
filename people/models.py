"""Tables of the people room. Facts about who worked where are dated and kept, never overwritten."""

from datetime import date, datetime, time

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigKey, Key

_DATE_LOW, _DATE_HIGH = "1900-01-01", "2200-01-01"


def _sane_date(column: str) -> CheckConstraint:
    """Keep poison dates out of the database itself (TRUST section 4, rule 13)."""
    return CheckConstraint(
        f"{column} IS NULL OR ({column} >= '{_DATE_LOW}' AND {column} < '{_DATE_HIGH}')",
        name=f"{column}_sane",
    )


class Person(Base):
    """Anyone in the directory; stays for history after leaving. `key` is the files' person_id."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint(
            "role IN ('rep', 'manager', 'director', 'sales_ops', 'executive', 'admin')",
            name="role_known",
        ),
        CheckConstraint("status IN ('active', 'suspended', 'erased')", name="status_known"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("key <> ''", name="key_given"),
        CheckConstraint(
            "left_on IS NULL OR hired_on IS NULL OR left_on >= hired_on", name="left_after_hired"
        ),
        CheckConstraint(
            "disabled_on IS NULL OR enabled_on IS NULL OR disabled_on >= enabled_on",
            name="disabled_after_enabled",
        ),
        _sane_date("hired_on"),
        _sane_date("left_on"),
        _sane_date("enabled_on"),
        _sane_date("disabled_on"),
        Index("ix_person_manager_id", "manager_id"),
        Index("ix_person_name", "name"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16), default="rep")
    channel: Mapped[str | None] = mapped_column(String(80), default=None)
    time_zone: Mapped[str | None] = mapped_column(String(64), default=None)
    hired_on: Mapped[date | None] = mapped_column(default=None)
    left_on: Mapped[date | None] = mapped_column(default=None)
    enabled_on: Mapped[date | None] = mapped_column(default=None)
    disabled_on: Mapped[date | None] = mapped_column(default=None)
    manager_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    is_test: Mapped[bool] = mapped_column(default=False)
    alias: Mapped[str | None] = mapped_column(String(40), unique=True, default=None)
    ranking_opt_out: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(String(12), default="active")


class ExternalId(Base):
    """What another system calls a person, so that its exports find them (salesforce, 0055...)."""

    __tablename__ = "external_id"
    __table_args__ = (
        CheckConstraint("system <> '' AND ref <> ''", name="named"),
        Index("ix_external_id_person_id", "person_id"),
    )

    system: Mapped[str] = mapped_column(String(40), primary_key=True)
    ref: Mapped[str] = mapped_column(String(120), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))


class Team(Base):
    """A group under a manager; files name it by `name`, addresses by `slug`."""

    __tablename__ = "team"

    id: Mapped[Key] = mapped_column(init=False)
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)


class TeamMembership(Base):
    """A person in a team over [starts_on, ends_on); no end means still there (METRICS P7)."""

    __tablename__ = "team_membership"
    __table_args__ = (
        UniqueConstraint("person_id", "team_id", "starts_on", name="uq_team_membership_key"),
        CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name="ends_after_start"),
        _sane_date("starts_on"),
        _sane_date("ends_on"),
        Index("ix_team_membership_team_id", "team_id", "starts_on"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    team_id: Mapped[int] = mapped_column(BigKey, ForeignKey("team.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None] = mapped_column(default=None)
    is_lead: Mapped[bool] = mapped_column(default=False)


class Absence(Base):
    """Days a person is away, both ends included. No reason is kept, on purpose (TRUST, Settled)."""

    __tablename__ = "absence"
    __table_args__ = (
        UniqueConstraint("person_id", "starts_on", "ends_on", name="uq_absence_key"),
        CheckConstraint("ends_on >= starts_on", name="ends_not_before_start"),
        _sane_date("starts_on"),
        _sane_date("ends_on"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]


class PersonalLink(Base):
    """A way for a program that cannot sign in to what a person reads; the key is kept as a hash.

    `kind` names what it opens; which room that is, only the room knows.
    """

    __tablename__ = "personal_link"
    __table_args__ = (
        CheckConstraint("expires_at > created_at", name="ends_after_start"),
        Index("ix_personal_link_person_id", "person_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    kind: Mapped[str] = mapped_column(String(20))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class Deputy(Base):
    """Who acts for a person over days, both ends included; shown as deputy wherever they do."""

    __tablename__ = "deputy"
    __table_args__ = (
        UniqueConstraint("person_id", "deputy_id", "starts_on", name="uq_deputy_key"),
        CheckConstraint("ends_on >= starts_on", name="ends_not_before_start"),
        CheckConstraint("deputy_id <> person_id", name="somebody_else"),
        _sane_date("starts_on"),
        _sane_date("ends_on"),
        Index("ix_deputy_deputy_id", "deputy_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    deputy_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]


class SecondLead(Base):
    """A dotted line: somebody beside the team's lead who coaches a rep, in [starts_on, ends_on)."""

    __tablename__ = "second_lead"
    __table_args__ = (
        UniqueConstraint("person_id", "lead_id", "starts_on", name="uq_second_lead_key"),
        CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name="ends_after_start"),
        CheckConstraint("lead_id <> person_id", name="somebody_else"),
        _sane_date("starts_on"),
        _sane_date("ends_on"),
        Index("ix_second_lead_lead_id", "lead_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    lead_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None] = mapped_column(default=None)


class PersonChange(Base):
    """One row whenever a person, membership or absence changed; upper rooms read on by id."""

    __tablename__ = "person_change"

    id: Mapped[Key] = mapped_column(init=False)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    changed_at: Mapped[datetime]


class Preference(Base):
    """What a person chose for themselves; no row means every default."""

    __tablename__ = "preference"
    __table_args__ = (CheckConstraint("theme IN ('system', 'light', 'dark')", name="theme_known"),)

    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"), primary_key=True)
    theme: Mapped[str] = mapped_column(String(8), default="system")
    quiet_from: Mapped[time | None] = mapped_column(default=None)
    quiet_until: Mapped[time | None] = mapped_column(default=None)


class Account(Base):
    """A person's sign-in. `version` rises with password, role and status: older sessions end."""

    __tablename__ = "account"

    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    version: Mapped[int] = mapped_column(default=1)
    password_changed_at: Mapped[datetime | None] = mapped_column(default=None)


class AuthSession(Base):
    """One signed-in browser. Only the hash of its id is kept, so a dump opens no door."""

    __tablename__ = "auth_session"
    __table_args__ = (Index("ix_auth_session_person_id", "person_id"),)

    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    account_version: Mapped[int]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Erasure(Base):
    """That somebody is to be erased, or was: asked for by one admin, confirmed by another.

    `words` are what texts elsewhere may still call them, each with what stands there instead; they
    go when those texts are cleared.
    """

    __tablename__ = "erasure"
    __table_args__ = (
        CheckConstraint("confirmed_by_id <> asked_by_id", name="two_people"),
        CheckConstraint("words IS NULL OR erased_at IS NOT NULL", name="words_of_erased"),
    )

    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"), primary_key=True)
    asked_by_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    confirmed_by_id: Mapped[int | None] = mapped_column(
        BigKey, ForeignKey("person.id"), default=None
    )
    erased_at: Mapped[datetime | None] = mapped_column(default=None)
    words: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True), default=None)


class ForgottenName(Base):
    """The hash of what somebody erased was called by files, so that none brings them back."""

    __tablename__ = "forgotten_name"
    __table_args__ = (Index("ix_forgotten_name_person_id", "person_id"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))


class ApiToken(Base):
    """A machine's key: shown once, kept as prefix and hash, with scopes and an end."""

    __tablename__ = "api_token"

    id: Mapped[Key] = mapped_column(init=False)
    name: Mapped[str] = mapped_column(String(120))
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    seen_at: Mapped[datetime | None] = mapped_column(default=None)
