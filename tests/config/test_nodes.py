"""Reading YAML: what a scalar means, where it stands, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.config.nodes import MAX_BYTES, Node, NotYaml, from_yaml


def read(text: str) -> object:
    (root,), problems = from_yaml(text.encode(), "file.yaml")
    assert problems == []
    return root.plain()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[NO, SE, no, yes, on, Off, y]", ["NO", "SE", "no", "yes", "on", "Off", "y"]),
        ("[true, True, FALSE]", [True, True, False]),
        ("[9:30, 190:20:30, 2026-01-31]", ["9:30", "190:20:30", "2026-01-31"]),
        ("[007, 010, 08, 0]", ["007", "010", "08", 0]),
        ("[0o17, 0x1F, +12, -3]", [15, 31, 12, -3]),
        ("[1_000, 0b1]", ["1_000", "0b1"]),
        ("[1.5, .5, 1., 1e3, -2.5E-1, 01.5]", [1.5, 0.5, 1.0, 1000.0, -0.25, "01.5"]),
        ("[12345678901234567890]", ["12345678901234567890"]),
        ("[.inf, .nan]", [".inf", ".nan"]),
        ("[~, null, Null, '']", [None, None, None, ""]),
        ("[\"5\", 'true', !!str 5, ! 6]", ["5", "true", "5", "6"]),
        ("{a: , NO: 1, 9:30: 2, 5: 3}", {"a": None, "NO": 1, "9:30": 2, "5": 3}),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ("|\n  true\n", "true\n"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    """Norway is no truth value, a time is text, and a number with leading zeros keeps them."""
    assert read(text) == value
    assert repr(read(text)) == repr(value)


def test_every_value_and_key_knows_its_place() -> None:
    """Lines and columns count from 1; a quoted text begins behind its quote."""
    (root,), _ = from_yaml(b'a:\n  - x\n  - b: "y"\n', "file.yaml")
    x, y = root.trail(["a", 0])[-1], root.trail(["a", 1, "b"])[-1]
    assert (x.location, x.key) == ((2, 5, 5), None)
    assert (y.location, y.key) == ((3, 8, 9), (3, 5, 5))


def test_a_file_may_hold_several_documents() -> None:
    """Each is a document of its own; an empty one is nothing."""
    roots, _ = from_yaml(b"a: 1\n---\nb: 2\n---\n", "file.yaml")
    assert [root.plain() for root in roots] == [{"a": 1}, {"b": 2}, None]


def test_a_key_that_stands_twice_is_a_problem_and_the_first_counts() -> None:
    """YAML readers silently take the last one; half a configuration was lost that way."""
    (root,), problems = from_yaml(b"a: {b: 1,\n    b: 2}\na: 3\n", "file.yaml")
    assert root.plain() == {"a": {"b": 1}}
    assert [str(problem) for problem in problems] == [
        'file.yaml:2:5: the key "b" stands here already, in line 1: keep one of them',
        'file.yaml:3:1: the key "a" stands here already, in line 1: keep one of them',
    ]


@pytest.mark.parametrize(
    ("content", "place", "what"),
    [
        (b"a: [1\nb: 2\n", (2, 2), "not YAML"),
        (b"a: b: c\n", (1, 5), "not YAML"),
        (b"a: 1\n\tb: 2\n", (2, 1), "a tab stands here"),
        (b"a:\n  - b\n  \t- c\n", (3, 3), "a tab stands here"),
        (b'a: [1,\n  2\nb: "\t"\n', (3, 2), "not YAML"),
        (b"a: \x07\n", (1, 1), "not YAML"),
        (b"a: 1\nb: \xff\n", (2, 1), "not UTF-8"),
        (b"a: &x 1\nb: *x\n", (2, 4), "references"),
        (b"a: !!python/object:os.system x\n", (1, 4), "tag"),
        (b"a: !!map {}\n", (1, 4), "tag"),
        (b"? [a]\n: 1\n", (1, 3), "a key must be text"),
        (b"[" * 200_000, (1, 33), "more than 32 levels"),
        (b" " * (MAX_BYTES + 1), (1, 1), "split it"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(content: bytes, place: tuple[int, int], what: str) -> None:
    """Nothing in a file runs code, expands without limit, or ends the process."""
    with pytest.raises(NotYaml) as refusal:
        from_yaml(content, "file.yaml")
    assert (refusal.value.problem.line, refusal.value.problem.column) == place
    assert what in refusal.value.problem.message


@given(st.binary(max_size=60) | st.text("ab:-[]{}?,&*!#|>'\"\n 1", max_size=60).map(str.encode))
@example(b"a: !<!> x\n")
@example(b"%YAML 1.3\n---\na: 1\n")
def test_no_bytes_make_it_crash(content: bytes) -> None:
    """Every file is documents or `NotYaml`."""
    try:
        roots, _ = from_yaml(content, "file.yaml")
    except NotYaml:
        return
    assert all(isinstance(root, Node) for root in roots)
