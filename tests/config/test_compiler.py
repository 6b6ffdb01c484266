"""Documents become compiled values, a hash, and bytes that carry them."""

from __future__ import annotations

from typing import get_args

import orjson
import pytest

from schemas import config as documents
from schemas import config_entry
from schemas.config_values import RecordType
from schemas.events import Channel
from service.config.compiler import compile_document, from_wire, hash_of, to_wire
from service.config.problems import ConfigurationError
from service.core import configuration, pool_spec
from service.core.configuration import User
from service.core.events import CHANNELS, Target
from service.core.pool_spec import Membership, PoolSpec
from tests.config.files import document

FULL = """\
users:
  ann: {name: Ann, roles: [reassign, member], notify: [chat, email]}
  bob: {active: false, notify: []}
pools:
  sales:
    name: Sales
    record_type: lead
    strategy: least_loaded
    members: [bob, {user: ann, weight: 2, max_open: 5}]
    credit: 3
    drain_per_minute: 4
  deals: {record_type: deal, members: [ann]}
rule_sets:
  leads:
    name: Leads
    description: All of them.
    record_type: lead
    active: true
    entries:
      - {id: emea, name: EMEA, criteria: ["country in [DE, NO]", size>5], target: {pool: sales}}
      - {target: {user: ann}}
  draft: {record_type: lead, entries: [{target: {user: bob}}]}
defaults:
  deal: {pool: deals}
  "*": {user: ann}
settings:
  treat_as_unowned: {users: [web-form], channels: [import, api]}
  require_actor: true
  depth_limit: 7
"""


def test_a_document_is_compiled_to_what_the_core_reads() -> None:
    """S57 S62: everything that is declared arrives; inactive rule sets do not."""
    config = compile_document(document(FULL), version=4)
    assert (config.division, config.version, config.label) == ("main", 4, hash_of(document(FULL))[:8])
    assert config.users == {
        "ann": User("ann", "Ann", roles=frozenset({"member", "reassign"}), notify=("chat", "email")),
        "bob": User("bob", active=False, notify=()),
    }
    assert config.pools["sales"] == PoolSpec(
        "sales",
        "lead",
        (Membership("bob"), Membership("ann", 2.0, 5)),
        name="Sales",
        strategy="least_loaded",
        credit=3,
        drain_per_minute=4,
    )
    assert config.pools["deals"] == PoolSpec("deals", "deal", (Membership("ann"),))
    (rule_set,) = config.rule_sets.values()
    assert (rule_set.id, rule_set.name, rule_set.active) == ("leads", "Leads", True)
    assert [(entry.id, entry.name, entry.target) for entry in rule_set.entries] == [
        ("emea", "EMEA", Target("pool", "sales")),
        ("2", "", Target("user", "ann")),
    ]
    assert [criterion.source for criterion in rule_set.entries[0].criteria] == [
        "country in [DE, NO]",
        "size greater than 5",
    ]
    assert config.defaults == {"deal": Target("pool", "deals"), "*": Target("user", "ann")}
    assert config.unowned_users == {"web-form"}
    assert config.unowned_channels == {"import", "api"}
    assert (config.require_actor, config.depth_limit) == (True, 7)


def test_a_division_comes_back_from_its_bytes() -> None:
    """What a lane reads is what was written in the files, in the version of its record."""
    written = document("division: north\n", FULL)
    assert from_wire(to_wire(written), 3) == compile_document(written, 3)
    assert from_wire(to_wire(written), 3).division == "north"


def test_defaults_of_the_language_are_those_of_the_core() -> None:
    """An empty document compiles to the core's own defaults, so that neither can drift."""
    assert compile_document(documents.Document()) == configuration.Config(
        "main", label=hash_of(documents.Document())[:8]
    )
    empty = {"users": {"ann": {}}, "pools": {"s": {"record_type": "lead", "members": ["ann"]}}}
    config = compile_document(documents.Document.model_validate(empty))
    assert config.users == {"ann": User("ann")}
    assert config.pools == {"s": PoolSpec("s", "lead", (Membership("ann"),))}


def test_the_words_of_the_language_are_those_of_the_core() -> None:
    """S12: record types, channels, roles and strategies are published once and meant once."""
    assert set(get_args(RecordType)) == set(CHANNELS)
    assert set(get_args(Channel)) == frozenset().union(*CHANNELS.values())
    assert documents.Role == configuration.Role
    assert config_entry.Strategy == pool_spec.Strategy


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n" + FULL,
        FULL.replace("record_type: lead\n    strategy: least_loaded", "strategy: least_loaded\n    record_type: lead"),
        FULL.replace("roles: [reassign, member]", "roles: [member, reassign]"),
        FULL.replace("channels: [import, api]", "channels: [api, import]"),
        FULL.replace("{user: ann, weight: 2, max_open: 5}", "{max_open: 5, weight: 2.0, user: ann}"),
        FULL.replace("{record_type: deal, members: [ann]}", "{record_type: deal, credit: 1, members: [{user: ann}]}"),
        FULL.replace("  bob: {active: false, notify: []}\n", "").replace(
            "users:\n", "users:\n  bob: {active: false, notify: []}\n"
        ),
    ],
)
def test_the_hash_is_that_of_the_meaning(text: str) -> None:
    """Comments, key order, the order of sets, short forms and written-out defaults do not count."""
    assert hash_of(document(text)) == hash_of(document(FULL))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("members: [bob, {user: ann, weight: 2, max_open: 5}]", "members: [{user: ann, weight: 2, max_open: 5}, bob]"),
        ("weight: 2", "weight: 3"),
        ("[DE, NO]", "[DE]"),
        ("active: true", "active: false"),
        ("notify: [chat, email]", "notify: [email, chat]"),
        ("depth_limit: 7", "depth_limit: 8"),
        ("users:", "division: north\nusers:"),
    ],
)
def test_the_hash_changes_with_the_meaning(old: str, new: str) -> None:
    """The order of a list counts, as does the division."""
    assert hash_of(document(FULL.replace(old, new, 1))) != hash_of(document(FULL))


def test_the_hash_never_changes_by_itself() -> None:
    """A new release that hashed old content anew would publish it as a new version."""
    assert hash_of(document(FULL))[:8] == "14b7c20f"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"{", "JSON"),
        (b'{"users": {"ann": {"x": 1}}}', "users.ann.x"),
        (b'{"defaults": {"lead": {"pool": "sales"}}}', "defaults.lead.pool"),
    ],
)
def test_bytes_that_are_no_configuration_are_refused(content: bytes, what: str) -> None:
    """A lane that cannot read a version must say so, with the version's number."""
    with pytest.raises(ConfigurationError, match=what) as error:
        from_wire(content, 9)
    assert error.value.problems[0].file == "configuration version 9"


def test_the_bytes_are_canonical_json() -> None:
    """Sorted keys, no defaults: the same content is the same bytes."""
    text = to_wire(document("users: {eve: , ann: {active: true}}"))
    assert text == b'{"division":"main","users":{"ann":{},"eve":{}}}'
    assert orjson.loads(text)["division"] == "main"
