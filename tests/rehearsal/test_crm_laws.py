"""Law: what a scenario says of a record is what whoever reads `assignments` by the sentence of the integrator's page
knows of it: "the owner of its last `assigned`, and nobody once `released` or `pending` came behind it; `rejected`
changes nothing", and what the CRM chose itself.
"""

from __future__ import annotations

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from schemas.scenario import OwnerStep
from service.core.configuration import Config
from service.core.model import Assigned, Decision, Outcome, Pending, Queued, Rejected, Released
from service.core.reasons import RELEASED
from service.rehearsal.scenarios.crm import CardName, Crm
from service.rehearsal.stage import RehearsedDecision

LEAD: Final = CardName("main", "lead/1")
PEOPLE: Final = st.sampled_from(["ann", "bob"])
NAMES: Final = st.sampled_from(["p", "q"])

OUTCOMES: Final[st.SearchStrategy[Outcome]] = st.one_of(
    st.builds(Assigned, owner=PEOPLE, pool=NAMES),
    st.builds(Queued, queue=NAMES),
    st.builds(Pending, pool=NAMES, reason=st.just("nobody_available")),
    st.builds(Rejected, reason=st.just("unknown_pool"), detail=st.just("there is no pool x")),
    st.builds(Released, previous=st.just(""), pool=NAMES, reason=st.sampled_from(sorted(RELEASED))),
)
CHOSEN: Final = (st.none() | PEOPLE).map(lambda person: OwnerStep.model_validate({"owner": {LEAD.record: person}}))


@given(happened=st.lists(OUTCOMES | CHOSEN, max_size=12), late=st.integers(0, 3))
def test_what_the_runner_says_is_the_fold_of_what_was_told_and_published(
    happened: list[Outcome | OwnerStep], late: int
) -> None:
    """A released decision names who had the record by our choice, and ends no other. What is late is nothing."""
    crm, ours, owner, waits_in = Crm(), "", "", ""
    told: list[RehearsedDecision] = []
    for number, each in enumerate(happened, start=1):
        if isinstance(each, OwnerStep):
            crm.note(LEAD, each)
            chosen = each.owner[LEAD.record]
            owner = "" if chosen is None else chosen.id
            continue
        if isinstance(each, Released):
            each = Released(previous=ours, pool=each.pool, reason=each.reason)
        told.append(RehearsedDecision(str(number), LEAD.division, _decision(each, number), Config(LEAD.division)))
        for published in (told[-1], *told[-1 - late :]):
            crm.read(published)
        match each:
            case Assigned(owner=person):
                ours, owner, waits_in = person, person, ""
            case Queued(queue=name) | Pending(pool=name):
                ours, owner, waits_in = "", "", name
            case Released():
                ours, owner, waits_in = "", "" if owner == ours else owner, ""
            case _:
                pass

    if happened:
        assert (crm.counts(), crm.waiting()) == ({owner: 1}, {waits_in: 1})


def _decision(outcome: Outcome, number: int) -> Decision:
    return Decision(record=LEAD.record, outcome=outcome, sequence=number)
