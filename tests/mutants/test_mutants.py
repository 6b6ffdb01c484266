"""The table of mistakes is up to date, and one of them is really noticed. All of them: `make mutants`."""

from __future__ import annotations

import pytest

from tests.mutants.__main__ import ROOT, judged, planted, without_mistake
from tests.mutants.mutant import Mutant
from tests.mutants.table import ENTERING, LAWS, MUTANTS, TURNS


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.promise)
def test_each_mistake_can_be_planted_and_has_tests_that_may_notice(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text(encoding="utf-8")

    compile(planted(mutant, source), mutant.file, "exec")
    assert planted(mutant, source) != source
    assert all((ROOT / name).is_file() for name in mutant.noticed_by)


def test_a_mistake_is_noticed_and_none_is_not() -> None:
    assert judged(MUTANTS[0]) == "noticed"
    assert judged(without_mistake(ENTERING)) == "missed"


def test_a_text_that_is_not_there_is_told() -> None:
    with pytest.raises(ValueError, match="has 0 times"):
        planted(Mutant(TURNS, "no such text", "", "", (LAWS,)), "")
