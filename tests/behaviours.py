"""Which promised behaviours have a test: `make behaviours`.

The list beside this file says what the product is meant to do and what of it is done. A test or scenario covers a
behaviour by naming its number, alone or as part of a range (`S21-S27`). A number that is declared done and named
nowhere is a promise nobody keeps; a number in a test that is not on the list is a slip of the pen. Both fail.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast, get_args

TESTS: Final = Path(__file__).parent
LIST: Final = TESTS / "behaviours.txt"
OWN_TEST: Final = TESTS / "frame" / "test_behaviours.py"

Status = Literal["done", "later"]

_NUMBERS: Final = re.compile(r"\b([SD])(\d{1,3})(?:\s?[-–]\s?\1?(\d{1,3}))?\b")  # an en dash is a range, too
_SILENCER: Final = re.compile(r"# noqa: [A-Z0-9, ]+")  # a linter's rule is not a behaviour, though it may look like one
_LINE: Final = re.compile(r"(?P<numbers>(?:[SD][\d-]\S*\s+)+)(?P<status>\w+)\s+(?P<words>\S.*)")


class Behaviour(NamedTuple):
    """One line of the list, for one of its numbers."""

    number: str
    status: Status
    words: str


class Report(NamedTuple):
    """What is not covered, by status, and which numbers are named that do not exist, with the file."""

    unnamed: Mapping[Status, tuple[Behaviour, ...]]
    unknown: tuple[tuple[str, str], ...]

    @property
    def is_good(self) -> bool:
        """Everything done is named, and nothing else than what exists."""
        return not self.unnamed["done"] and not self.unknown


def read_list(text: str) -> dict[str, Behaviour]:
    """The behaviours by number. Raises `ValueError` for a line that cannot be read or a number listed twice."""
    behaviours: dict[str, Behaviour] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or match["status"] not in get_args(Status):
            raise ValueError(f"not `NUMBERS done|later WORDS`: {line}")
        for number in numbers_in(match["numbers"]):
            if number in behaviours:
                raise ValueError(f"{number} is listed twice")
            behaviours[number] = Behaviour(number, cast("Status", match["status"]), match["words"])
    return behaviours


def numbers_in(text: str) -> Iterator[str]:
    """Every number that a text names, ranges spelt out."""
    for letter, first, last in _NUMBERS.findall(_SILENCER.sub("", text)):
        for number in range(int(first), int(last or first) + 1):
            yield f"{letter}{number}"


def ends_in(text: str) -> Iterator[str]:
    """Every number that a text writes out: a range's ends without what lies between."""
    for letter, first, last in _NUMBERS.findall(_SILENCER.sub("", text)):
        yield f"{letter}{first}"
        if last:
            yield f"{letter}{last}"


def compare(behaviours: Mapping[str, Behaviour], texts: Iterable[tuple[str, str]]) -> Report:
    """Compare the list with tests, given as (name, text). Numbers inside a range need not exist, its ends must."""
    named: set[str] = set()
    unknown: list[tuple[str, str]] = []
    for name, text in texts:
        named.update(numbers_in(text))
        unknown += [(number, name) for number in dict.fromkeys(ends_in(text)) if number not in behaviours]
    missing = [behaviour for number, behaviour in behaviours.items() if number not in named]
    return Report(
        {status: tuple(each for each in missing if each.status == status) for status in get_args(Status)},
        tuple(unknown),
    )


def scanned_files() -> Iterator[tuple[str, str]]:
    """Our tests and scenarios as (name, text), without this tool's own test, which makes numbers up."""
    for path in sorted([*TESTS.rglob("*.py"), *(TESTS / "scenarios").rglob("*.yaml")]):
        if path not in {Path(__file__), OWN_TEST}:
            yield str(path.relative_to(TESTS)), path.read_text(encoding="utf-8")


def main() -> int:
    """Print what is missing; 1 when that breaks a promise."""
    behaviours = read_list(LIST.read_text(encoding="utf-8"))
    report = compare(behaviours, scanned_files())
    for status, missing in report.unnamed.items():
        print(f"{status}, named by no test: {len(missing)}")
        for behaviour in missing:
            print(f"  {behaviour.number:<5} {behaviour.words}")
    for number, name in report.unknown:
        print(f"{name} names {number}, which does not exist")
    done = sum(behaviour.status == "done" for behaviour in behaviours.values())
    print(f"{done - len(report.unnamed['done'])} of {done} done behaviours are named by a test")
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
