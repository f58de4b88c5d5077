"""Taking a sent file in beside the page that asked for it.

A thread of the web process does it, so no proxy's patience and no closed browser ends it. Whoever
takes a file in says so in its row several times a minute; when the process is killed, the job
`resume-imports` goes on. That is the whole import again: rows that are in stay as they are, so
nothing is half in and nothing is in twice.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from flask import Flask, current_app

from core.clock import now
from core.db import db, transaction
from core.errors import PennantError
from core.intake import uploads
from core.intake.blocks import FileRefused
from core.intake.orders import order
from core.intake.registry import registry
from core.intake.summary import Summary
from core.policy import ANON, Actor, Scope, scope_of

log = logging.getLogger("pennant.imports")

# The page waits so long for the end: most files are in by then. For others it shows a bar.
PATIENCE_SECONDS = 2.0
TICK_SECONDS = 0.5
BEAT_SECONDS = 15.0
NOTHING_IN = "Nothing of the file could be taken in. The list of imports names its lines."
BROKEN = "Something on the server broke. Take it in again; if it happens again, tell an admin."
NOT_THEIRS = "The server stopped, and who took it in may not do so any more. Take it in again."
TOO_OFTEN = (
    f"The server stopped in the middle of it {uploads.MOST_ATTEMPTS} times. Send it in parts, or "
    "import it with flask import."
)


def take(upload_id: str, actor: Actor, moment: datetime) -> Summary:
    """Run the import of a file that was claimed at `moment`.

    The file goes when something of it came in, else it waits on and says why. Raises what the
    import raises, after that.
    """
    try:
        with _alive(upload_id):
            upload = uploads.of(upload_id)
            with uploads.on_disk(upload) as path:
                ready = order(path, upload.file, upload.asked, registry())
                ticker = _Ticker(upload_id)
                summary = ready.run(actor, moment, is_check=False, progress=ticker)
    except BaseException as error:
        with transaction():
            uploads.release(upload_id, _said(error))
        raise
    with transaction():
        if summary.exit_code == 2:
            uploads.release(upload_id, NOTHING_IN)
        else:
            uploads.forget(upload_id)
    return summary


def _said(error: BaseException) -> str:
    """What the page says of an import that broke off."""
    if isinstance(error, FileRefused):
        return error.problem.message
    return error.message if isinstance(error, PennantError) else BROKEN


class _Ticker:
    """Writes down how far an import is, twice a second at most, between two batches."""

    def __init__(self, upload_id: str) -> None:
        self._upload_id = upload_id
        self._last = 0.0

    def __call__(self, _label: str, done: int, _total: int) -> None:
        """Say how many bytes are read."""
        moment = time.monotonic()
        if moment - self._last < TICK_SECONDS:
            return
        self._last = moment
        with transaction():
            uploads.tick(self._upload_id, now(), done)


@contextmanager
def _alive(upload_id: str) -> Iterator[None]:
    """Say now and then that the import is alive, also while it reads for long without storing."""
    over = threading.Event()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                with app.app_context(), transaction():
                    uploads.tick(upload_id, now())
            except Exception:
                log.exception("import %s could not say that it is alive", upload_id)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Taking(threading.Thread):
    """An import on its way in a thread of its own; ends with its process, and is resumed then."""

    def __init__(self, upload_id: str, actor: Actor, moment: datetime) -> None:
        """Prepare the import of a file that was claimed at `moment`; `start` begins it."""
        super().__init__(name=f"import-{upload_id}", daemon=True)
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
        self._order = upload_id, actor, moment
        self._summary: Summary | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Take the file in."""
        with self._app.app_context():
            try:
                self._summary = take(*self._order)
            except (PennantError, FileRefused) as refusal:
                self._error = refusal
            except BaseException as error:
                log.exception("import %s broke off", self._order[0])
                self._error = error

    def result(self, patience: float) -> Summary | None:
        """The summary, or None when it takes longer than so many seconds.

        Raises what the import raised.
        """
        self.join(patience)
        if self.is_alive():
            return None
        db.session.rollback()
        if self._error is not None:
            raise self._error
        return self._summary


def resume(as_of: datetime) -> Mapping[str, int]:
    """Go on with imports whose process was killed; a repeated run finds none."""
    counts = {"resumed": 0, "given_up": 0}
    for upload_id in uploads.left_behind(as_of):
        with transaction():
            upload = uploads.of(upload_id)
            actor, tries = _taker(upload.asked), uploads.attempts(upload)
            if not uploads.claim(upload_id, as_of, actor or ANON):
                continue
            if actor is None or tries >= uploads.MOST_ATTEMPTS:
                uploads.release(upload_id, TOO_OFTEN if actor else NOT_THEIRS)
                counts["given_up"] += 1
                continue
        try:
            take(upload_id, actor, as_of)
            counts["resumed"] += 1
        except Exception:
            log.exception("import %s could not be resumed", upload_id)
            counts["given_up"] += 1
    return counts


def _taker(asked: Mapping[str, str]) -> Actor | None:
    """Who took the file in, in the role they have now; None when they may not do so any more."""
    told = asked.get(uploads.TAKEN_BY)
    actor: Actor | None = current_app.extensions["pennant"]["actor_of"](int(told)) if told else None
    if actor is None or scope_of(actor, "import.apply") is not Scope.ALL:
        return None
    return actor
