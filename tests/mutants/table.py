"""Mistakes to plant: which file, which text, what stands there instead, which promise it breaks, who must notice.

One row per mistake. A text occurs once in its file, so that a row plants what it says or is told to be out of date.
"""

from __future__ import annotations

from typing import Final

from tests.mutants.climbing import STEPS_GONE_WRONG
from tests.mutants.giving import GIVING
from tests.mutants.looking import LOOKED_WRONG
from tests.mutants.mutant import Mutant
from tests.mutants.skewing import SKEWED_WRONG

TURNS: Final = "service/core/sharing/turns.py"
STRATEGIES: Final = "service/core/sharing/strategies.py"
ENTRY: Final = "service/core/sharing/entry.py"
ELIGIBILITY: Final = "service/core/sharing/eligibility.py"
MEMBERSHIP: Final = "service/core/holding/membership.py"
ENTRY_POLICY: Final = "service/core/entry_policy.py"
PLANS: Final = "service/core/plans.py"
OFFERS: Final = "service/core/offers.py"
CLIENTS: Final = "service/core/holding/clients.py"
LAWS: Final = "tests/core/test_turns_laws.py"
SHARING: Final = "tests/core/test_sharing_laws.py"
SEATING: Final = "tests/core/test_seating.py"
ENTERING: Final = "tests/core/test_entry.py"
POOLS: Final = "tests/core/test_pools.py"
ABSENCE: Final = "tests/core/test_absence.py"
DOMAINS: Final = "tests/core/test_eligibility.py"
IN_PLANS: Final = "tests/core/test_plans.py"
ANSWERS: Final = "tests/core/test_accepting.py"
LINKED: Final = "tests/core/test_related_owners.py"
OFFERS_LAWS: Final = "tests/core/test_offers_laws.py"

MUTANTS: Final = (
    Mutant(TURNS, "pool.turn += 1", "pool.turn += 2", "turn numbers have no gap", (LAWS,)),
    Mutant(TURNS, "seat.last_turn = turn", "seat.last_turn = 0", "equals take turns", (LAWS, SHARING)),
    Mutant(
        TURNS,
        "seat.served_pass = chosen.effective_pass + step(spec.weights[person])",
        "seat.served_pass += step(spec.weights[person])",
        "who was passed over catches up no further than the floor",
        (LAWS,),
    ),
    Mutant(TURNS, "- credit(spec, lightest)", "- 2 * credit(spec, lightest)", "a returner gets the credit", (LAWS,)),
    Mutant(
        TURNS,
        "bound = served if person in late else floor",
        "bound = floor",
        "the floor does not apply to who catches up",
        (ENTERING,),
    ),
    Mutant(
        TURNS,
        " if served > bound else bound",
        "",
        "who was away for long is not flooded",
        (LAWS,),
    ),
    Mutant(
        "service/core/sharing/limits.py",
        'if spec.count == "own" else',
        'if spec.count == "all" else',
        "a load is all of a person's open items",
        (POOLS,),
    ),
    Mutant(STRATEGIES, "round(SCALE / weight)", "round(SCALE * weight)", "2 gets twice as much as 1", (LAWS,)),
    Mutant(
        STRATEGIES, "return open_items * step(member.weight)", "return -open_items", "the fewest are first", (POOLS,)
    ),
    Mutant(
        STRATEGIES, "return spec.ranks[member.person]", "return -spec.ranks[member.person]", "1 is first", (SHARING,)
    ),
    Mutant(STRATEGIES, "ceiling=Ceiling(at_most=1, of=2)", "ceiling=None", "a newcomer is not flooded", (ENTERING,)),
    Mutant(STRATEGIES, "levels_returners=True", "levels_returners=False", "a pool's own ceiling binds", (ENTERING,)),
    Mutant(ENTRY, "max(floor, self._lowest.present)", "floor", "a newcomer is behind nobody", (SEATING, LAWS)),
    Mutant(ENTRY, "if is_present:", "if True:", "level is who is present", (SEATING,)),
    Mutant(ENTRY, "level, last_turn = served_pass, 0", "level = served_pass", "they were never served", (ENTERING,)),
    Mutant(
        ENTRY, "max(0, least - self._having(", "max(0, self._having(", "a step for each that is missing", (ENTERING,)
    ),
    Mutant(ENTRY, "had > turn + 1 - ceiling.of", "had > turn - ceiling.of", "1 of 2 is every second", (ENTERING,)),
    Mutant(ENTRY, ">= ceiling.at_most\n", "> ceiling.at_most\n", "never more than k of n", (SHARING, ENTERING)),
    Mutant(
        ENTRY,
        "if all(each.person in held for each in line if each.excluded is None):",
        "if False:",
        "a ceiling keeps nobody from what nobody else can take",
        (ENTERING,),
    ),
    Mutant(
        ENTRY,
        "each.behind <= (each.person == chosen.person)",
        "each.behind < 0",
        "who is level is not remembered",
        (ENTERING, SHARING),
    ),
    Mutant(ENTRY, "[-policy.ceiling.at_most :]", "", "what is remembered is bounded", (ENTERING,)),
    Mutant(ELIGIBILITY, 'user.active else "inactive"', 'user else "inactive"', "switched off gets nothing", (POOLS,)),
    Mutant(
        ELIGIBILITY,
        'return "away" if person is not None and person.presence.is_absent else None',
        "return None",
        "who is away gets nothing",
        (ABSENCE,),
    ),
    Mutant(
        ELIGIBILITY,
        "Check(is_in_domain, concerns=lambda situation: situation.spec.has_domains)",
        "Check(is_in_domain, concerns=lambda situation: False)",
        "a member's own domain is asked",
        (DOMAINS, "tests/core/test_teams.py"),
    ),
    Mutant(
        "service/core/sharing/choosing.py",
        "min([each for each in line if each.excluded is None], default=None)",
        "min(line, default=None)",
        "who cannot be served is not chosen",
        (ABSENCE, POOLS),
    ),
    Mutant(MEMBERSHIP, "pool.joins += 1", "pool.joins += 0", "who joined first is first", (POOLS, SEATING)),
    Mutant(
        MEMBERSHIP,
        "open_items=0 if left is None else left.open_items",
        "open_items=0",
        "who comes back still has what they have",
        (SEATING, "tests/core/test_membership.py"),
    ),
    Mutant(
        ENTRY_POLICY,
        "len(known) if each is None",
        "-1 if each is None",
        "without a priority one is last",
        (SHARING,),
    ),
    Mutant(
        PLANS,
        "if record.closed or (record.owner and not record.by_us):",
        "if record.closed:",
        "a human's choice stays in another plan",
        (IN_PLANS,),
    ),
    Mutant(
        PLANS,
        "if is_there and (record.owner or record.parked):",
        "if False:",
        "the same plan is nothing to do",
        (IN_PLANS,),
    ),
    Mutant(
        PLANS,
        "for offer in reversed(told):",
        "for offer in told:",
        "the first offer that is listed decides",
        (IN_PLANS,),
    ),
    Mutant(
        PLANS,
        'plan = led.plan if led is not None and led.plan in case.config.plans else ""',
        'plan = ""',
        "whom an offer ought not to have led away goes back",
        (OFFERS_LAWS,),
    ),
    Mutant(
        OFFERS,
        "sum(each.time_ms <= told.time_ms for each in happened)",
        "len(happened)",
        "offers are put in order by their own time",
        (OFFERS_LAWS,),
    ),
    Mutant(OFFERS, "if each.kind == stood:", "if False:", "a retry is one entry", (OFFERS_LAWS, IN_PLANS)),
    Mutant(
        OFFERS,
        'elif each.kind == "payment_failed" and stood == "paid":',
        "elif False:",
        "a payment that failed never takes who has paid",
        (IN_PLANS,),
    ),
    Mutant(
        PLANS,
        "    if way is not None:\n        climbing.drop(case)\n        return brought_in(case, way)[-1]\n",
        "",
        "the tool is asked before the rules",
        (IN_PLANS,),
    ),
    Mutant(
        "service/core/sharing/linked.py",
        "in reversed(latest)",
        "in latest",
        "the most recent contact wins",
        (IN_PLANS,),
    ),
    Mutant(
        "service/core/following.py",
        "decision = plans.as_new(plans.known_way(case), case)",
        "decision = plans.as_new(None, case)",
        "what waits in a plan that is renamed waits in the plan of its tool",
        (IN_PLANS,),
    ),
    Mutant(
        "service/core/sharing/linked.py",
        '(excluded == "ceiling" and not counts_as_turn)',
        'excluded == "ceiling"',
        "a ceiling binds whoever gets a turn, as an owner of a related record, too",
        (LINKED,),
    ),
    Mutant(
        "service/core/sharing/linked.py",
        "(contact_ms is not None and contact_ms > now_ms - within_ms)",
        "contact_ms is None or contact_ms > now_ms - within_ms",
        "a contact that is not known is not recent",
        (LINKED,),
    ),
    Mutant(
        CLIENTS,
        "if by not in OFFER_KINDS:",
        "if True:",
        "where a lead would be without its offers is remembered",
        (OFFERS_LAWS,),
    ),
    Mutant(
        "service/views/joining.py",
        "person in spec.weights and user is not None and user.active",
        "person in spec.weights",
        "who gets nothing is nobody to get level with",
        ("tests/views/test_joining.py",),
    ),
    Mutant(
        "service/core/telling/way_in.py",
        'if trace.link == "stays":',
        "if False:",
        "an explanation tells staying from coming in",
        ("tests/core/test_explain.py",),
    ),
    Mutant(CLIENTS, "record is None or record.deleted", "record is None", "who is deleted is no client", (IN_PLANS,)),
    Mutant(
        CLIENTS,
        "            _take_off(known.counted, draft)\n            _put_on",
        "            _put_on",
        "a lead is one client",
        (IN_PLANS,),
    ),
    Mutant(
        "service/views/plans.py",
        "if facts.conversion is None",
        "if not facts.conversion",
        "zero percent is zero",
        ("tests/views/test_plans.py",),
    ),
    Mutant(
        "service/config/plans.py",
        "if first != plan_id or name in names[:position]:",
        "if name in names[:position]:",
        "a tool belongs to one plan",
        ("tests/config/test_plans.py",),
    ),
    Mutant(
        "service/core/decide.py",
        "event.if_unchanged != mark_of(draft.records.get(event.record))",
        "False",
        "a correction spoils no record that changed meanwhile",
        ("tests/views/test_reconciling.py",),
    ),
    Mutant(
        "service/core/traits.py",
        "traits.get((kind, name), 0) >= level",
        "traits.get((kind, name), 0) > 0",
        "a skill is had at its level",
        ("tests/core/test_traits.py",),
    ),
    Mutant("service/core/holding/load.py", "    reservations.end(case)\n", "", "an offer is an open item", (ANSWERS,)),
    *GIVING,
    *STEPS_GONE_WRONG,
    *SKEWED_WRONG,
    *LOOKED_WRONG,
)
