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
from core.intake.models import ImportUpload, ImportUploadPiece
from core.policy import Actor

PIECE = 1 << 20
MOST_FILES = 200
KEEP = timedelta(days=7)
WAITING, RUNNING = "waiting", "running"
# An import that has not moved for so long was killed: it may be started again.
STALE = timedelta(minutes=10)


def keep(stream: IO[bytes], name: str, *, limit: int, actor: Actor, now: datetime) -> ImportUpload:
    """Keep a file; raises FileRefused when it is larger than `limit` or empty."""
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
    if not size:
        raise FileRefused("empty_file", value=name)
    row.size = size
    return row


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
    """Keep what was said about the file."""
    upload.asked = dict(asked)
    db.session.flush()


def claim(upload_id: str, now: datetime) -> bool:
    """Whether nobody else is taking the file in; true once until it is done or has stood still."""
    free = (ImportUpload.state == WAITING) | (ImportUpload.sent_at < now - STALE)
    done = db.session.execute(
        update(ImportUpload)
        .where(ImportUpload.id == upload_id, free)
        .values(state=RUNNING, sent_at=now, done=0)
    )
    return bool(getattr(done, "rowcount", 0))


def tick(upload_id: str, done: int, now: datetime) -> None:
    """Say how many bytes are read, for the bar on the page."""
    db.session.execute(
        update(ImportUpload).where(ImportUpload.id == upload_id).values(done=done, sent_at=now)
    )


def release(upload_id: str) -> None:
    """The import broke off: the file waits again."""
    db.session.execute(
        update(ImportUpload).where(ImportUpload.id == upload_id).values(state=WAITING)
    )


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
