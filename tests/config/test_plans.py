"""Sales plans as documents say them, and the mistakes that can be made."""

from __future__ import annotations

import pytest

from service.config.compiler import compile_document, from_wire, to_wire
from service.config.levels import above
from service.config.lint import warnings
from service.config.loader import compile_inline
from service.config.problems import ConfigurationError
from service.core.events import Target
from service.core.model import Label
from service.core.parts import at
from service.core.plan_facts import Money
from service.core.state import FIRST_LEVEL, LEVEL
from tests.config.files import PEOPLE, document, read, refused, rule_set

CATALOGUES = """\
tools: {w1: {name: Webinar}, w2: , form: }
offers: [gold, starter]
"""
SPRING = """\
plans:
  spring:
    name: Spring
    managers: [bob, ann]
    tools: [w1, w2]
    offers: {ordered: [gold], payment_failed: [starter]}
    mode: linked
    within: 90d
    conversion: 12.5
    average_sale: {amount: 99.9, currency: EUR}
    label: {text: Spring!, colour: green}
"""
ALL = PEOPLE + CATALOGUES + SPRING


def plan(more: str, name: str = "s") -> str:
    """A plan with these details, and everything that it may name."""
    return PEOPLE + CATALOGUES + f"plans: {{{name}: {{name: S, {more}}}}}\n"


def two(first: str, second: str) -> str:
    """Two plans with these details."""
    return PEOPLE + CATALOGUES + f"plans:\n  a: {{name: A, {first}}}\n  b: {{name: B, {second}}}\n"


def test_a_plan_is_a_pool_for_leads() -> None:
    """S107 S108 S110 S117 S118 S130 Its managers are members in the order of the file; the wire form keeps all."""
    config = from_wire(to_wire(document(ALL)), 3)
    spring = config.pools["spring"]

    assert (spring.record_type, spring.target) == ("lead", Target("plan", "spring"))
    assert [member.person for member in spring.members] == ["bob", "ann"]
    assert config.plans_by_tool == {"w1": "spring", "w2": "spring"}
    assert config.plans_by_offer == {("ordered", "gold"): "spring", ("payment_failed", "starter"): "spring"}
    facts = config.plans["spring"]
    assert (facts.is_linked, facts.within_ms, facts.conversion) == (True, 90 * 86_400_000, 12.5)
    assert (facts.average_sale, facts.label) == (Money(99.9, "EUR"), Label("Spring!", "#15803d"))
    assert (config.tools["w1"], config.offers) == ("Webinar", {"gold": "", "starter": ""})


def test_what_is_left_out_means_uniform_without_label_and_figures() -> None:
    """S125 Uniform is the default; unset is not zero."""
    facts = compile_document(document(plan("conversion: 0, average_sale: 100"))).plans["s"]
    bare = compile_document(document(plan("label: {}"))).plans["s"]

    assert (facts.conversion, facts.average_sale) == (0, Money(100, "USD"))
    assert (bare.is_linked, bare.conversion, bare.average_sale, bare.label) == (False, None, None, None)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("tools: [w1]", "tools: [w1]", 'plans.b.tools[0]: the tool "w1" belongs to the plan "a" already'),
        (
            "offers: {paid: [gold]}",
            "offers: {paid: [starter, gold]}",
            'plans.b.offers.paid[1]: the offer "gold" stands under "paid" of the plan "a" already',
        ),
        ("tools: [w1, w1]", "", 'plans.a.tools[1]: the tool "w1" belongs to the plan "a" already'),
    ],
)
def test_nothing_brings_a_lead_into_two_plans(first: str, second: str, told: str) -> None:
    """S109 D23 One problem that names both plans."""
    (only,) = refused(config=two(first, second))
    assert told in only


def test_one_offer_may_bring_leads_into_several_plans_by_what_happens_to_it() -> None:
    """S121-S124 D23 The three lists are separate."""
    config = compile_document(document(two("offers: {ordered: [gold], paid: [starter]}", "offers: {paid: [gold]}")))

    assert config.plans_by_offer == {("ordered", "gold"): "a", ("paid", "starter"): "a", ("paid", "gold"): "b"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("managers: [ann, joe]", 'plans.s.managers[1]: "joe" is not declared under "users"'),
        ("managers: [ann, ann]", '"ann" is a manager already'),
        ("tools: [w3]", 'plans.s.tools[0]: "w3" is not declared under "tools"'),
        ("offers: {paid: [golf]}", '"golf" is not declared under "offers"; did you mean "gold"'),
        ("label: {colour: red}", "a colour without a text shows nothing"),
        ("label: {text: ' ', colour: red}", "a colour without a text shows nothing"),
        ("label: {text: VIP, colour: reddish}", "a colour is #rrggbb"),
        ("conversion: 100.5", "plans.s.conversion: 100.5 does not fit"),
        ("conversion: -1", "plans.s.conversion: -1 does not fit"),
        ("average_sale: -0.01", "does not fit"),
        ("average_sale: {amount: 5, currency: dollars}", "currency"),
        ("mode: even", "is not known here"),
        ("within: 90d", 'say "mode: linked"'),
        ("mode: linked, within: 3 weeks", "a time span is"),
    ],
)
def test_a_wrong_plan_is_refused(more: str, told: str) -> None:
    """S117 S118 S119 S120 S129 S130 S131 D47 With the place and what to do."""
    (only,) = refused(config=plan(more))
    assert told in only


@pytest.mark.parametrize("name", ["", "name: '', ", "name: '  ', "])
def test_a_plan_has_a_name(name: str) -> None:
    """S116 It is required, and blanks are none."""
    (only,) = refused(config=f"plans: {{s: {{{name}managers: []}}}}\n")
    assert "name" in only


def test_a_plan_and_a_pool_are_told_apart_by_their_ids() -> None:
    """A plan is a pool: one id for both would be one order of turns."""
    (only,) = refused(config=plan("", "sales") + "pools: {sales: {record_type: lead}}\n")
    assert 'there is a pool "sales", too' in only


def test_a_plan_may_be_the_target_of_rules_and_defaults_for_leads() -> None:
    """D8 A plan is a legal owner value wherever an owner can be given (S10)."""
    config = compile_document(document(ALL, rule_set("{target: {plan: spring}}"), "defaults: {lead: {plan: spring}}"))

    assert config.rule_sets["lead"].entries[0].target == config.defaults["lead"] == Target("plan", "spring")
    (only,) = refused(config=ALL + "defaults: {deal: {plan: spring}}")
    assert "a plan takes leads" in only


def test_ids_of_managers_may_ignore_case() -> None:
    """A manager is called as they were declared."""
    config = compile_document(document("users: [Ann]\nids_ignore_case: true\nplans: {s: {name: S, managers: [ANN]}}\n"))
    assert [member.person for member in config.pools["s"].members] == ["Ann"]


def test_who_is_added_later_is_warned_of_what_will_happen() -> None:
    """S115 Accepted, and `check` says what follows."""
    found = "\n".join(map(str, read(config=ALL).notes))
    assert "gets every new lead until they have as many clients as the others" in found


def test_what_a_plan_lacks_is_noted() -> None:
    """Nobody works on it, nobody active does, nothing brings leads in."""
    notes = [note.message for note in read(config=plan("")).notes]
    off = "users: {ann: {active: false}}\nplans: {s: {name: S, managers: [ann]}}\n"

    assert any("nobody works on this plan" in each for each in notes)
    assert any("no tool and no offer" in each for each in notes)
    assert any('"ann" is not active' in note.message for note in read(config=off).notes)
    assert any("no manager of this plan is active" in each.message for each in warnings(document(off)))


@pytest.mark.parametrize(
    ("product", "refusals"),
    [
        ("{pools: {available: false}}", ["not_in_product"]),
        ("{plans: {available: false}}", ["not_in_product"]),
        ("{plans: {at_most: 1}, pools: {at_most: 0}}", ["over_the_number", "over_the_number"]),
        ("{plans: {at_most: 2}, pools: {at_most: 1}}", []),
    ],
)
def test_the_product_plan_says_what_there_may_be(product: str, refusals: list[str]) -> None:
    """S1 D47 Switched off, or more than the number: refused, with a reason that a program can read."""
    text = two("managers: [ann]", "managers: [bob]") + "pools: {sales: {record_type: lead, members: [ann]}}\n"
    text += f"settings: {{product: {product}}}\n"
    try:
        read(config=text)
        found = []
    except ConfigurationError as error:
        found = [problem.refusal for problem in error.problems]

    assert found == refusals


def test_plans_are_off_on_lanes_below_their_level() -> None:
    """Nothing of them is written there, so nothing is decided by them; `check` says so."""
    config = compile_document(document(ALL, "pools: {sales: {record_type: lead, members: [ann]}}\n"))

    assert set(at(config, FIRST_LEVEL).pools) == {"sales"}
    assert at(config, FIRST_LEVEL).plans == {}
    assert at(config, LEVEL) is config
    assert any(each.path == ("plans", "spring") for each in above(document(ALL)))


def test_inside_a_scenario_tools_and_offers_need_not_be_declared() -> None:
    """Like people."""
    plans = {"s": {"name": "S", "managers": ["ann"], "tools": ["w9"], "offers": {"paid": ["tin"]}}}
    config = compile_inline({"plans": plans}, "x")

    assert (set(config.users), set(config.tools), set(config.offers)) == ({"ann"}, {"w9"}, {"tin"})
