"""What records and pools ask for of people, and who has it."""

from __future__ import annotations

import pytest

from service.core.traits import Trait, Traits, has_all, wanted
from service.language.tree import Facts

LANGUAGE = Trait("skill", path="language")
ANN: Traits = {("skill", "german"): 2, ("skill", "stra\u00dfe".casefold()): 1, ("territory", "dach"): 1}


@pytest.mark.parametrize(
    ("asked", "facts", "has"),
    [
        ((), {}, True),
        ((Trait("skill", "german"),), {}, True),
        ((Trait("skill", "german", level=2),), {}, True),
        ((Trait("skill", "german", level=3),), {}, False),
        ((Trait("territory", "german"),), {}, False),
        ((LANGUAGE,), {}, True),
        ((LANGUAGE,), {"language": None}, True),
        ((LANGUAGE,), {"language": " German "}, True),
        ((LANGUAGE,), {"language": "STRASSE"}, True),
        ((LANGUAGE,), {"language": "french"}, False),
        ((LANGUAGE,), {"language": ["german", "french"]}, False),
        ((LANGUAGE,), {"language": True}, True),
        ((Trait("skill", path="account.language", level=3),), {"account": {"language": "german"}}, False),
        ((Trait("skill", path="account.language"),), {"account": "german"}, True),
        ((LANGUAGE, Trait("territory", "DACH")), {"language": "german"}, True),
    ],
    ids=str,
)
def test_somebody_has_all_that_a_record_asks_for(asked: tuple[Trait, ...], facts: Facts, has: bool) -> None:
    """S39 D41 A field that is not set asks for nothing, a list for all of it."""
    assert has_all(ANN, wanted(asked, facts)) is has
