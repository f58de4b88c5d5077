"""Named errors. One handler turns them into pages and problem JSON (ARCHITECTURE 5, rule 9)."""

from typing import ClassVar


class PennantError(Exception):
    """A refusal a person can act on.

    `message` says what happened, `fix` what to do, `field` which input it is about;
    `code` is the stable machine name.
    """

    status: ClassVar[int] = 400
    default_code: ClassVar[str] = "refused"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.field = field
        self.fix = fix


class NotFound(PennantError):
    """The thing does not exist, or this actor may not know that it does."""

    status = 404
    default_code = "not_found"


class NotSignedIn(PennantError):
    """Nobody is signed in where somebody must be."""

    status = 401
    default_code = "not_signed_in"


class NotAllowed(PennantError):
    """The actor is known, the action exists, and the policy says no."""

    status = 403
    default_code = "not_allowed"


class Invalid(PennantError):
    """The input cannot be used; `field` names where."""

    status = 422
    default_code = "invalid"


class Conflict(PennantError):
    """The present state does not admit this (somebody was faster, or it was done already)."""

    status = 409
    default_code = "conflict"


class TooLate(PennantError):
    """The moment for this has passed."""

    status = 409
    default_code = "too_late"


class TooMany(PennantError):
    """A rate limit was reached; try again later."""

    status = 429
    default_code = "too_many"
