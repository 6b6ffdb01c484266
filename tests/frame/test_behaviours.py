"""The tool that compares promises with tests must itself keep its promises."""

from __future__ import annotations

import pytest

from tests.behaviours import LIST, Behaviour, compare, numbers_in, read_list

LISTED = read_list("S1 S2 done one\nS3-S5 later three\n# a comment\n\nD1 done ours\n")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("it covers S3", ["S3"]),
        ("S13 S14, D2", ["S13", "S14", "D2"]),
        ("S21-S24", ["S21", "S22", "S23", "S24"]),
        ("S21-24", ["S21", "S22", "S23", "S24"]),
        ("D5–D7", ["D5", "D6", "D7"]),
        ("S7-D9", ["S7", "D9"]),
        ("S3a, XS3, S3_x, s3, S1234", []),
    ],
)
def test_numbers_are_found_alone_in_lists_and_in_ranges(text: str, numbers: list[str]) -> None:
    assert list(numbers_in(text)) == numbers


def test_a_line_of_the_list_may_hold_several_numbers() -> None:
    assert list(LISTED) == ["S1", "S2", "S3", "S4", "S5", "D1"]
    assert LISTED["S4"] == Behaviour("S4", "later", "three")


@pytest.mark.parametrize("line", ["S1 almost words", "S1 done", "done words", "S1 done a\nS1 later b"])
def test_a_line_that_cannot_be_read_or_repeats_a_number_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"S1|done"):
        read_list(line)


def test_a_done_behaviour_that_no_test_names_breaks_a_promise() -> None:
    report = compare(LISTED, [("a.py", "S1 and S3")])

    assert not report.is_good
    assert [each.number for each in report.unnamed["done"]] == ["S2", "D1"]
    assert [each.number for each in report.unnamed["later"]] == ["S4", "S5"]


def test_a_later_behaviour_may_wait_for_its_test() -> None:
    assert compare(LISTED, [("a.py", "S1"), ("b.yaml", "S2, D1")]).is_good


def test_a_number_that_does_not_exist_is_a_slip_of_the_pen() -> None:
    """Inside a range a number may be absent; its ends may not."""
    report = compare(LISTED, [("a.py", "S1-S6 D1"), ("b.py", "S2-S5")])

    assert report.unknown == (("S6", "a.py"),)
    assert not report.is_good


def test_our_own_list_can_be_read() -> None:
    behaviours = read_list(LIST.read_text(encoding="utf-8"))

    assert len(behaviours) > 100
    assert {"S21", "S27", "D25"} <= behaviours.keys()
