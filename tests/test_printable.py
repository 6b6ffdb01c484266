"""What may be shown of a text that came from outside."""

from __future__ import annotations

import json
import time
import unicodedata

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.printable import HIDDEN, LONGEST, is_secret, masked, printable, printable_json

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
ANY_TEXT = st.text(st.characters(codec=None))


def is_harmless(text: str, *allowed: str) -> bool:
    """Whether a terminal only shows the text: no control characters, no half characters, nothing that turns it."""
    return all(
        character in allowed or (unicodedata.category(character) not in ("Cc", "Cs") and character not in BIDI)
        for character in text
    )


def is_unseen(character: str) -> bool:
    """Whether it is there to be obeyed and not to be seen; tags are so also where no character is assigned yet."""
    is_tag = "\u2060" <= character <= "\u206f" or "\U000e0000" <= character <= "\U000e0fff"
    return is_tag or unicodedata.category(character) in ("Cf", "Zl", "Zp")


@given(ANY_TEXT)
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    assert is_harmless(printable(text))
    assert is_harmless(printable(text, None, lines=True), "\n")


@given(ANY_TEXT)
@example("\U000e0080")
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert printable(text, None) == text or not is_harmless(text) or any(map(is_unseen, text))


@given(ANY_TEXT)
def test_a_text_is_escaped_once(text: str) -> None:
    """Two who escape it, one after the other, do no harm."""
    once = printable(text, None)
    assert printable(once, None) == once


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202eb", r"a\u202eb"),
        ("a\nb\tc\r\0", r"a\nb\tc\r\x00"),
        ("\ud800", r"\ud800"),
        ("Łukasz 李 👩‍🚀", "Łukasz 李 👩‍🚀"),
        ("[/x]", "[/x]"),
    ],
)
def test_an_escape_shows_which_character_it_was(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_long_text_keeps_its_beginning_and_says_how_much_is_left_out() -> None:
    assert printable("x" * (LONGEST + 1_234)) == "x" * LONGEST + "… (1,234 more characters)"
    assert printable("x" * LONGEST) == "x" * LONGEST


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_json_reads_back_and_is_harmless(value: object) -> None:
    text = printable_json(value)
    assert is_harmless(text)
    assert json.loads(text) == value


@given(ANY_TEXT)
def test_half_characters_become_the_sign_for_none(text: str) -> None:
    """Readers that are strict refuse them."""
    expected = "".join("\ufffd" if unicodedata.category(each) == "Cs" else each for each in text)
    assert orjson.loads(printable_json([text])) == [expected]


@pytest.mark.parametrize("other", ["", "\ud800"])
def test_json_is_told_how_to_write_other_values(other: str) -> None:
    assert orjson.loads(printable_json([object, other], lambda _: "x"))[0] == "x"


@pytest.mark.parametrize(
    "text",
    [
        "redis://:hush@example.org/0",
        "redis://ann:hush@example.org",
        "redis://ann:p@hush@example.org",
        "redis://ann:p/hush@example.org",
        "cannot reach rediss+sentinel://ann:hush@a:1,b:2/service, is it running?",
        "redis://example.org/0?password=hush",
        "redis://example.org/0?db=1&PASSWORD=hush&x=1",
        "https://example.org/?access_token=hush#top",
        "Error('redis://ann:hush@example.org')",
    ],
)
def test_an_address_keeps_no_secret(text: str) -> None:
    assert "hush" not in masked(text)
    assert HIDDEN in masked(text)


@pytest.mark.parametrize("text", ["redis://example.org:6379/0", "ann@example.org", "rediss://a?ssl_ca_certs=/x", ""])
def test_an_address_without_a_secret_stays_as_it_is(text: str) -> None:
    assert masked(text) == text


HOSTILE = ["x", "a.", "://", "redis://", "://a@", "redis://a:b ", "@", "?", "?a=", "?token", "?token=", "&Passw;"]


@pytest.mark.parametrize("end", ["", "@", "="])
@pytest.mark.parametrize("piece", HOSTILE)
def test_masking_takes_time_in_proportion_to_the_text(piece: str, end: str) -> None:
    """It is asked of every line of the log: what took time by the square would take minutes here."""
    text = piece * (400_000 // len(piece)) + end
    begun = time.process_time()
    masked(text)
    assert time.process_time() - begun < 5


@given(st.text("ab:/@ '\"?&=", max_size=40), st.text("ab:/?&=", max_size=12).filter(lambda text: "@" not in text))
def test_no_login_is_left_wherever_an_address_stands(before: str, login: str) -> None:
    assert "hush" not in masked(f"{before}redis://{login}hush@host{before}")


@pytest.mark.parametrize(("name", "secret"), [("Authorization", True), ("X_Api_Key", True), ("origin", False)])
def test_headers_that_let_somebody_in_are_known_by_name(name: str, secret: bool) -> None:
    assert is_secret(name) is secret
