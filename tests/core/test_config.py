"""Settings: all defaults work, and what cannot work stops the start by name."""

from pathlib import Path

import pytest

import config

KEY = "k" * 40


def test_nothing_set_is_a_working_installation(tmp_path: Path) -> None:
    settings = config.load({"PENNANT_INSTANCE_DIR": str(tmp_path)})
    assert settings.database_url.startswith("sqlite:///")
    assert len(settings.secret_key) >= config.MIN_SECRET
    assert config.load({"PENNANT_INSTANCE_DIR": str(tmp_path)}).secret_key == settings.secret_key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PENNANT_DATABASE", "x"),
        ("PENNANT_DATABASE_URL", "mysql://x"),
        ("PENNANT_WEB_WORKERS", "many"),
        ("PENNANT_WEB_WORKERS", "0"),
        ("PENNANT_CONTEST_RETENTION_DAYS", "0"),
        ("PENNANT_CONTEST_RETENTION_DAYS", "two years"),
        ("PENNANT_BASE_URL", "pennant.example.org"),
        ("PENNANT_MAIL_URL", "mail.example.org"),
        ("PENNANT_SECRET_KEY", "short"),
        ("PENNANT_DEVELOPMENT", "yes"),
    ],
)
def test_a_bad_setting_stops_the_start_and_is_named(name: str, value: str) -> None:
    with pytest.raises(config.BadSetting, match=name):
        config.load({"PENNANT_SECRET_KEY": KEY, name: value})


def test_the_common_postgres_address_means_our_driver() -> None:
    settings = config.load(
        {"PENNANT_SECRET_KEY": KEY, "PENNANT_DATABASE_URL": "postgresql://db/pennant"}
    )
    assert settings.database_url == "postgresql+psycopg://db/pennant"


def test_secrets_do_not_show_in_a_printed_setting() -> None:
    settings = config.load({"PENNANT_SECRET_KEY": KEY, "PENNANT_MAIL_URL": "smtp://u:hush@mail"})
    assert KEY not in repr(settings)
    assert "hush" not in repr(settings)
