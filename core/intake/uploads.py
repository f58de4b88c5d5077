"""Files sent by the page, kept in the database from the first look until they are taken in.

Any process may serve the next step, so the file lies where all of them can read it, in pieces.
"""

import secrets
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import IO

from sqlalchemy import select, update

from core.db import bulk_insert, db, delete_where
from core.errors import NotFound
from core.intake.blocks import LARGEST_SHEET, SUFFIXES, FileRefused
from core.intake.kinds import Preset
from core.intake.models import ImportRun, ImportUpload, ImportUploadPiece
from core.policy import Actor

PIECE = 1 << 20
MOST_FILES = 200
KEEP = timedelta(days=7)
LONGEST_WHY = 400
WAITING, RUNNING = "waiting", "running"
# An import says several times a minute that it is alive. One that has not for so long was killed.
STALE = timedelta(minutes=2)
# A file that broke an import off so often is not tried again by itself.
MOST_ATTEMPTS = 3
# Kept beside what was said about a file; no form can say these.
TAKEN_AT, TAKEN_BY, ATTEMPTS, BROKE_OFF = "taken_at", "taken_by", "attempts", "broke_off"


def keep(stream: IO[bytes], name: str, *, limit: int, actor: Actor, now: datetime) -> ImportUpload:
    """Keep a file; raises FileRefused when it is larger than `limit`."""
    sweep(now)
    row = ImportUpload(
        id=secrets.token_urlsafe(18), file=name[:255], sent_at=now, actor_id=actor.person_id
    )
    db.session.add(row)
    db.session.flush()
    size = place = 0
    while piece := stream.read(PIECE):
        size += len(piece)
        if size > limit:
            raise FileRefused(
                "too_big",
                f"The file has more than {limit >> 20} MB. Compress it (.csv.gz), or import it "
                "with flask import.",
            )
        bulk_insert(ImportUploadPiece, [{"upload_id": row.id, "place": place, "data": piece}])
        place += 1
    row.size = size
    return row


def refuse_empty(upload: ImportUpload) -> None:
    """Raise FileRefused for a file there is nothing of to look at."""
    if not upload.size:
        raise FileRefused("empty_file", value=upload.file)


def of(upload_id: str) -> ImportUpload:
    """One kept file; raises NotFound, also for one that was taken in meanwhile."""
    found = db.session.get(ImportUpload, upload_id) if len(upload_id) <= 32 else None
    if found is None:
        raise NotFound(
            "This file is not here any more.",
            fix="It was taken in or is older than a week. See the list of imports, or send it "
            "again: rows that are in already stay as they are.",
        )
    return found


def waiting() -> list[ImportUpload]:
    """Files that were sent and not taken in yet, newest first."""
    return list(db.session.scalars(select(ImportUpload).order_by(ImportUpload.sent_at.desc())))


@contextmanager
def on_disk(upload: ImportUpload) -> Iterator[Path]:
    """The file as a temporary one, for as long as it is read."""
    with tempfile.TemporaryDirectory(prefix="pennant-import-") as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as file:
            for place in range(-(-upload.size // PIECE)):
                file.write(
                    db.session.scalars(
                        select(ImportUploadPiece.data).where(
                            ImportUploadPiece.upload_id == upload.id,
                            ImportUploadPiece.place == place,
                        )
                    ).one()
                )
        yield path


@contextmanager
def ready(path: Path, preset: Preset | None) -> Iterator[Path]:
    """The file itself, or for a set of several files the folder a .zip holds."""
    if preset is None or not preset.takes_folder or path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="pennant-import-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                _unpack(archive, Path(folder))
        except (zipfile.BadZipFile, OSError, RuntimeError, ValueError) as error:
            raise FileRefused(
                "unreadable",
                f"{preset.name} is several files. Compress their folder to one .zip and send that.",
            ) from error
        yield Path(folder)


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    """The archive's files by their bare names: what it says about paths is not trusted."""
    left = LARGEST_SHEET
    for entry in archive.infolist()[:MOST_FILES]:
        name = PurePosixPath(entry.filename).name
        if entry.is_dir() or not name.lower().endswith(SUFFIXES) or name.startswith("."):
            continue
        with archive.open(entry) as source, (folder / name).open("wb") as target:
            while piece := source.read(PIECE):
                left -= len(piece)
                if left < 0:
                    raise FileRefused("too_big")
                target.write(piece)


def say(upload: ImportUpload, asked: Mapping[str, str]) -> None:
    """Keep what was said about the file; nothing can be said while it is taken in."""
    if upload.state != RUNNING:
        upload.asked = dict(asked)
        db.session.flush()


def claim(upload_id: str, now: datetime, actor: Actor) -> bool:
    """Whether nobody else is taking the file in; true once until it is done or has stood still.

    Runs of an attempt that was killed are called broken off: what they stored stays.
    """
    free = (ImportUpload.state == WAITING) | (ImportUpload.sent_at < now - STALE)
    done = db.session.execute(
        update(ImportUpload)
        .where(ImportUpload.id == upload_id, free)
        .values(state=RUNNING, sent_at=now, done=0)
    )
    if not getattr(done, "rowcount", 0):
        return False
    row = db.session.get_one(ImportUpload, upload_id, populate_existing=True)
    before = taken_at(row)
    if before is not None:
        left = (ImportRun.state == "running") & (ImportRun.started_at == before)
        db.session.execute(update(ImportRun).where(left).values(state="failed", finished_at=now))
    said = {name: text for name, text in row.asked.items() if name != BROKE_OFF}
    told = {TAKEN_AT: now.isoformat(), ATTEMPTS: str(attempts(row) + 1)}
    by = {} if actor.person_id is None else {TAKEN_BY: str(actor.person_id)}
    row.asked = said | told | by
    db.session.flush()
    return True


def taken_at(upload: ImportUpload) -> datetime | None:
    """The moment the latest attempt began, which is that of its runs."""
    told = upload.asked.get(TAKEN_AT)
    return datetime.fromisoformat(told) if told else None


def attempts(upload: ImportUpload) -> int:
    """How often an import of the file was begun since something was said about it."""
    return int(upload.asked.get(ATTEMPTS, "0"))


def is_running(upload: ImportUpload, now: datetime) -> bool:
    """Whether somebody is taking the file in and was alive lately."""
    return upload.state == RUNNING and upload.sent_at >= now - STALE


def left_behind(now: datetime) -> list[str]:
    """Files whose import was killed, the oldest first."""
    dead = (ImportUpload.state == RUNNING) & (ImportUpload.sent_at < now - STALE)
    return list(db.session.scalars(select(ImportUpload.id).where(dead).order_by("sent_at")))


def tick(upload_id: str, now: datetime, done: int | None = None) -> None:
    """Say that the import is alive, and how many bytes are read, for the bar on the page."""
    moved = {} if done is None else {"done": done}
    db.session.execute(
        update(ImportUpload).where(ImportUpload.id == upload_id).values(sent_at=now, **moved)
    )


def release(upload_id: str, why: str = "") -> None:
    """The import ended with nothing in or broke off: the file waits again, and says why."""
    row = db.session.get(ImportUpload, upload_id, populate_existing=True)
    if row is not None:
        row.state = WAITING
        row.asked = row.asked | {BROKE_OFF: why[:LONGEST_WHY]}
        db.session.flush()


def forget(upload_id: str) -> None:
    """Delete a file and its pieces."""
    delete_where(ImportUploadPiece, ImportUploadPiece.upload_id == upload_id)
    delete_where(ImportUpload, ImportUpload.id == upload_id)


def sweep(now: datetime) -> int:
    """Delete files older than a week (TRUST P7); returns how many."""
    old = list(db.session.scalars(select(ImportUpload.id).where(ImportUpload.sent_at < now - KEEP)))
    for upload_id in old:
        forget(upload_id)
    return len(old)
