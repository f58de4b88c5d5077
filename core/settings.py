"""Hands the checked settings to doors. Rooms never import `config`."""

from typing import Protocol, cast

from flask import current_app


class Settings(Protocol):
    """What the house may know of the settings; `config.Settings` has it all."""

    @property
    def base_url(self) -> str:
        """Return the address people use, without a trailing slash."""

    @property
    def database_url(self) -> str:
        """Return the database's address."""

    @property
    def secret_key(self) -> str:
        """Return the key that signs cookies and links."""

    @property
    def mail_url(self) -> str:
        """Return the mail server's address, or '' to capture."""

    @property
    def mail_from(self) -> str:
        """Return the sender of every letter."""

    @property
    def development(self) -> bool:
        """Say whether development pages are on."""

    @property
    def contest_retention_days(self) -> int:
        """Return how many days after its decision a contest is put away."""

    @property
    def embed_origins(self) -> str:
        """Return the origins that may frame an embedded board, apart by commas."""

    @property
    def instance_dir(self) -> str:
        """Return the folder for files that belong to this installation."""

    @property
    def is_https(self) -> bool:
        """Say whether pages are served over TLS."""


def settings() -> Settings:
    """Return the settings of the running app."""
    return cast("Settings", current_app.config["PENNANT"])
