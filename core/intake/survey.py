"""The first pass over a file: hash, unpacked size, encoding, wholeness, in constant memory."""

import codecs
import gzip
import hashlib
import io
import re
import zipfile
from pathlib import Path
from typing import IO

from core.intake.blocks import LARGEST_SHEET, LARGEST_TEXT, FileFacts, FileRefused, Readable

LARGEST_RATIO = 400
RATIO_COUNTS_FROM = 64 << 20
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
UTF_16 = ("utf-16", "utf-16-le", "utf-16-be")

# Bytes that do not fit UTF-8 come out of Python's "surrogateescape" in this range.
BAD_BYTE = re.compile("[\udc80-\udcff]")
_GOOD_BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")
_HALF_LETTER = re.compile("\udced[\udca0-\udcbf][\udc80-\udcbf]")


def look_over(path: Path) -> FileFacts:
    """Read the file once, in constant memory: hash, unpacked size, encoding, wholeness.

    Knowing these before the first row is stored means that a cut-off archive or a foreign encoding
    refuses the file instead of half of it. Raises FileRefused, OSError.
    """
    if not path.is_file():
        raise FileRefused("unreadable", f"There is no file {path.name}. Check the path.", path.name)
    facts = FileFacts(size=path.stat().st_size)
    with path.open("rb") as file:
        _refuse_old_workbook(file)
        file.seek(0)
        facts.kind = _kind_of(file.read(4))
        file.seek(0)
        if facts.kind == "xlsx":
            facts.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            facts.text_size = _unpacked_size(path)
            return facts
        hashed = _HashingFile(file)
        stream: Readable = hashed if facts.kind == "csv" else gzip.GzipFile(fileobj=hashed)
        _find_encoding(stream, facts)
        hashed.drain()
        facts.sha256 = hashed.digest.hexdigest()
    if not facts.text_size:
        raise FileRefused("empty_file", value=path.name)
    return facts


def _kind_of(start: bytes) -> str:
    if start[:2] == b"\x1f\x8b":
        return "gz"
    return "xlsx" if start == b"PK\x03\x04" else "csv"


def _refuse_old_workbook(file: IO[bytes]) -> None:
    """Workbooks of the old format and those with a password begin alike and cannot be read."""
    if file.read(len(OLD_WORKBOOK)) != OLD_WORKBOOK:
        return
    if "EncryptedPackage".encode("utf-16-le") in file.read(1 << 20):
        raise FileRefused(
            "unreadable",
            "The workbook is locked with a password. Save it without one, or as CSV.",
        )
    raise FileRefused(
        "unreadable", "This is a workbook of the old format. Save it as .xlsx or CSV."
    )


# How files that are no tables begin, and what to do about each.
OTHERS = (
    ("%pdf", "This is a PDF. Export the table as CSV or .xlsx."),
    (
        "<",
        "This is a web page, often a sign-in page. Sign in there and download the file again.",
    ),
    ("{", "This is JSON. Export CSV, or import it with the preset that reads it."),
    ("[", "This is JSON. Export CSV, or import it with the preset that reads it."),
)


def refuse_no_table(first_line: str) -> None:
    """Refuse what is surely no table of cells, by how it begins."""
    start = first_line.lstrip("\N{ZERO WIDTH NO-BREAK SPACE} \t").lower()
    for sign, message in OTHERS:
        if start.startswith(sign):
            raise FileRefused("unreadable", message)


class _HashingFile(io.RawIOBase):
    """Passes reads on and hashes what goes through."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data

    def drain(self) -> None:
        """Hash what nobody read."""
        while self.read(1 << 20):
            pass


def _find_encoding(stream: Readable, facts: FileFacts) -> None:
    """Decide the encoding over the whole text: BOM, UTF-8, else Windows-1252, else refuse."""
    start = stream.read(1 << 16)
    if start.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        raise FileRefused("bad_encoding")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        facts.encoding = "utf-16"
    elif start.startswith(b"\xef\xbb\xbf"):
        facts.encoding = "utf-8-sig"
    elif start[:4096].count(0) > len(start[:4096]) // 4:
        facts.encoding = _unmarked(start[:4096])
    survey = _Survey(facts.encoding)
    while start:
        facts.text_size += len(start)
        _refuse_bomb(facts)
        survey.look_at(start)
        start = stream.read(1 << 20)
    survey.finish()
    if survey.has_bad and not survey.has_good and facts.encoding == "utf-8":
        if not survey.fits_cp1252:
            raise FileRefused("bad_encoding")
        facts.encoding = "cp1252"
    elif survey.has_bad and facts.encoding in UTF_16:
        raise FileRefused("bad_encoding")
    else:
        facts.is_damaged = survey.has_bad


def _unmarked(start: bytes) -> str:
    """Which way round the letters of UTF-16 without a mark stand; raises FileRefused at others."""
    low, high = start[1::2].count(0), start[::2].count(0)
    wanted = len(start) // 2 * 9 // 10
    if low > wanted > high * 9:
        return "utf-16-le"
    if high > wanted > low * 9:
        return "utf-16-be"
    raise FileRefused("bad_encoding")


class _Survey:
    """Looks at text passing by: bytes that do not fit, letters that do, room for Windows-1252."""

    def __init__(self, encoding: str) -> None:
        errors = "strict" if encoding in UTF_16 else "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self.has_bad = self.has_good = False
        self.fits_cp1252 = True
        self._is_utf_8 = encoding == "utf-8"

    def look_at(self, data: bytes, *, final: bool = False) -> None:
        """Take in the next bytes."""
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError:
            self.has_bad = True
            return
        if text.isascii():
            return
        self.has_bad = self.has_bad or bool(BAD_BYTE.search(text))
        self.has_good = self.has_good or bool(
            _GOOD_BEYOND_ASCII.search(text) or _HALF_LETTER.search(text)
        )
        if self._is_utf_8 and self.fits_cp1252 and not self.has_good:
            try:
                data.decode("cp1252")
            except UnicodeDecodeError:
                self.fits_cp1252 = False

    def finish(self) -> None:
        """The end of the text came."""
        self.look_at(b"", final=True)


def _refuse_bomb(facts: FileFacts) -> None:
    is_bomb = (
        facts.kind == "gz"
        and facts.text_size > RATIO_COUNTS_FROM
        and facts.text_size > LARGEST_RATIO * facts.size
    )
    if facts.text_size > LARGEST_TEXT or is_bomb:
        raise FileRefused("too_big")


def _unpacked_size(path: Path) -> int:
    """The size a workbook unpacks to, by its own directory; refused when it is out of measure."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            sizes = [entry.file_size for entry in archive.infolist()]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise FileRefused("damaged_archive", value=path.name) from error
    if len(sizes) > 2_000 or sum(sizes) > LARGEST_SHEET:
        raise FileRefused(
            "too_big",
            f"The workbook unpacks to {sum(sizes) >> 20} MB; {LARGEST_SHEET >> 20} are read. "
            "Save the sheet as CSV, which may be of any size.",
        )
    if not any(name.startswith("xl/") for name in names):
        raise FileRefused(
            "unreadable",
            f"This is an archive with {', '.join(names[:3])}, and no workbook. Unpack it and send "
            "the files one by one.",
        )
    return sum(sizes)
