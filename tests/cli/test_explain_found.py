"""`fairlead explain` says what a record had where its event is still kept, and says so where it is not."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from service.kafka.reading import read_key
from service.language.tree import Facts
from service.views.causes import facts_of
from service.views.published import Published, read_published
from tests.cli.conftest import Run
from tests.cli.running import Service, lead


def test_explain_says_what_was_expected_and_found(run: Run) -> None:
    """D16 S43: each entry that said no, with the criterion that decided and what the record had."""
    told = run("explain", "lead/2")
    assert 'country equals "US"   the record has "DE"' in told.out
    assert "not kept" not in told.out


def test_explain_says_nothing_of_fields_where_no_entry_was_asked(run: Run, service: Service) -> None:
    """D16: a target named by the event needs no reason."""
    service.send(lead("named", owner=("pool", "sales")))
    assert "not kept" not in run("explain", "lead/named").out


def test_explain_says_so_where_the_fields_are_not_kept(run: Run, service: Service) -> None:
    """D16: an update tells a part of the fields, the rest was remembered; the words of the criterion remain."""
    service.send(lead("news", owner=("pool", "sales")), lead("news", "updated"))
    told = run("explain", "lead/news").out
    assert 'rule "Leads"' in told
    assert 'country equals "US"' in told
    assert "the record has" not in told
    assert "what the record had is not kept" in told


def _published(service: Service, record: str) -> Published:
    connection, topics = service.process.connection, service.process.topics
    (raw,) = service.run(read_key(connection, topics.assignments, record.encode()))
    published = read_published(raw)
    assert isinstance(published, Published)
    return published


def _facts(service: Service, published: Published) -> Facts | None:
    return service.run(facts_of(service.process.connection, service.process.topics.events, published))


def test_the_facts_are_those_of_the_very_event(service: Service) -> None:
    """D16: found by the decision's id, with the score it was ranked by; another record or division is not it."""
    published = _published(service, "lead/3")
    assert _facts(service, published) == {"country": "DE"}
    ranked = structs.replace(published.decision, trace=structs.replace(published.decision.trace, score=7.0))
    assert _facts(service, replace(published, decision=ranked)) == {"country": "DE", "score": 7.0}
    other = structs.replace(published.decision, record="lead/4")
    assert _facts(service, replace(published, decision=other)) is None
    assert _facts(service, replace(published, division="acme")) is None
    for unknown in ("0-0-999999-0", "no-id", published.id.rsplit("-", 2)[0] + "--1-0"):
        assert _facts(service, replace(published, id=unknown)) is None
