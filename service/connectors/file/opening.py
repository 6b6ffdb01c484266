"""Open a file of rows, or refuse it as a whole before anything of it is sent.

Refused is what a spreadsheet exports and nobody meant: another encoding than UTF-8, a header that the delimiter does
not divide, a header that is none. Each with its place and what to do.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from service.config.problems import Problem
from service.connectors.file.rows import BadRow, Format, NumberedRow, csv_rows, json_rows

DELIMITERS: Final = (";", "\t", "|", ",")
BYTE_ORDER_MARKS: Final = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""The longer first: that of UTF-32 begins like that of UTF-16."""

AS_UTF8: Final = 'save it as "CSV UTF-8", or convert it with iconv'
REMARK: Final = "sep="
"""How some spreadsheets note the delimiter in a line before the header."""


class FileRefused(Exception):
    """A file that cannot be used as a whole: what is wrong, and where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Opened(NamedTuple):
    """An open file: its columns (none for JSON lines), its rows, and the bytes beneath, which tell how far it is."""

    columns: list[str] | None
    rows: Iterable[NumberedRow | BadRow]
    raw: BinaryIO


@contextmanager
def opened(path: Path, form: Format, delimiter: str, remedy: str) -> Iterator[Opened]:
    """Open a file as rows. `remedy` says what to do where the delimiter is another one, `{}` being that.

    Raises `OSError`, `FileRefused`; `UnicodeDecodeError` while it is read, where it could not be read twice.
    """
    with path.open("rb") as raw:
        if raw.seekable():
            _refuse_other_encodings(raw, path)
            raw.seek(0)
        with TextIOWrapper(raw, encoding="utf-8-sig", newline="") as lines:
            if form == "jsonl":
                yield Opened(None, json_rows(lines), raw)
                return
            header, rows = csv_rows(lines, delimiter)
            yield Opened(_columns(header, path, delimiter, remedy), rows, raw)


def repeated(columns: Sequence[str]) -> dict[str, str]:
    """The names that several columns share, each with the places in words. Columns without a name are none."""
    places: dict[str, list[int]] = {}
    for number, name in enumerate(columns, start=1):
        places.setdefault(name, []).append(number)
    return {name: _listed(numbers) for name, numbers in places.items() if name and len(numbers) > 1}


def meant_delimiter(columns: Sequence[str], delimiter: str, wanted: Collection[str]) -> str | None:
    """The other delimiter that gives the header all wanted columns, where this one does not."""
    if not wanted or not set(wanted).difference(columns):
        return None
    line = delimiter.join(columns)
    others = (each for each in DELIMITERS if each != delimiter)
    return next((each for each in others if set(wanted) <= set(line.split(each))), None)


def _listed(numbers: Sequence[int]) -> str:
    return "columns " + " and ".join(f"{number} ({_letters(number)})" for number in numbers)


def _letters(number: int) -> str:
    """What a spreadsheet calls the column: A, B, …, Z, AA."""
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def _refuse_other_encodings(raw: BinaryIO, path: Path) -> None:
    start = raw.read(4)
    for mark, name in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            raise FileRefused(Problem(str(path), 1, 1, f"the file is {name} and not UTF-8: {AS_UTF8}"))
    raw.seek(0)
    before = 0
    for number, line in enumerate(raw, start=1):
        at, said = _undecodable(line)
        if said:
            place = f"byte {before + at + 1:,} of the file, in line {number}, is {said}"
            raise FileRefused(Problem(str(path), number, at + 1, f"{place}: {AS_UTF8}"))
        before += len(line)


def _undecodable(line: bytes) -> tuple[int, str]:
    """Where in the line is what cannot be text of UTF-8, and what it is; empty: nowhere."""
    try:
        line.decode()
    except UnicodeDecodeError as error:
        byte = line[error.start : error.start + 1]
        meant = byte.decode("cp1252", errors="ignore")
        return error.start, f"0x{byte[0]:02X} and not UTF-8" + (f' (in Windows-1252 it is "{meant}")' if meant else "")
    at = line.find(b"\0")
    return (at, "zero, as in UTF-16, and not text of UTF-8") if at >= 0 else (0, "")


def _columns(header: list[str] | BadRow, path: Path, delimiter: str, remedy: str) -> list[str]:
    if isinstance(header, BadRow):
        raise FileRefused(Problem(str(path), header.line, header.column, f"in the header, {header.why}"))
    if not any(header):
        raise FileRefused(Problem(str(path), 1, 1, "the first line is empty: it has to name the columns"))
    if header[0].lower().startswith(REMARK):
        raise FileRefused(Problem(str(path), 1, 1, f"the first line is a remark ({REMARK}) and no header: remove it"))
    if len(header) == 1:
        found = max((each for each in DELIMITERS if each != delimiter), key=header[0].count)
        if found in header[0]:
            shown = "a tab" if found == "\t" else f'"{found}"'
            written = r"\t" if found == "\t" else found
            said = f"the header has one column, which contains {shown}: that is the delimiter"
            raise FileRefused(Problem(str(path), 1, 1, f"{said}; {remedy.format(written)}"))
    return header
