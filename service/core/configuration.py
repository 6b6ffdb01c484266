"""A compiled configuration: what one version of one division's documents means to the core.

`service.config` makes these values from YAML documents; the core only reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, assert_never, get_args

from service.core.calendar import Roster, WorkingTime
from service.core.events import CHANNELS, Availability, OfferKind, Target, TargetKind
from service.core.letters import Template, Wordings
from service.core.limit_spec import AllLimits, Limit
from service.core.plan_facts import PlanFacts
from service.core.pool_spec import PoolSpec
from service.core.rule_sets import Entry, EntryTarget, FieldUser, Ladder, OwnerOf, RuleSet, TeamMatch, named_by
from service.core.traits import Traits
from service.core.wishes import NO_WISHES, Wishes
from service.core.workflow_specs import NO_WORKFLOWS, Workflows
from service.language import compiling
from service.language.changes import asked_before
from service.language.compiling import Ask
from service.language.predicate import Predicate

Role = Literal["admin", "reassign", "member"]

AVAILABILITIES: Final = frozenset(get_args(Availability))
DEPTH_LIMIT: Final = 5
HELPERS_LIMIT: Final = 10
"""So many pools help one out at most: each of them is asked for each record that waits."""


@dataclass(frozen=True, slots=True)
class User:
    """A person who may own records. `notify` lists the means (`email`, `chat`, …); empty: does not want to be told.
    `zone` is that of their clock (empty: the division's), `time` when they work (none: always), `traits` what they are
    and can do. `wishes`: how else they want to be told.
    """

    id: str
    name: str = ""
    active: bool = True
    roles: frozenset[Role] = frozenset({"member"})
    notify: tuple[str, ...] = ("email",)
    zone: str = ""
    time: WorkingTime | None = None
    traits: Traits = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    wishes: Wishes = NO_WISHES


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A record that fits has so many points more."""

    predicate: Predicate
    points: float


@dataclass(frozen=True, slots=True)
class Teams:
    """The pools of one record type that have a domain, in the order in which `ask` asks them."""

    specs: tuple[PoolSpec, ...] = ()
    ask: Ask = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        domains = [spec.domain.condition for spec in self.specs if spec.domain is not None]
        object.__setattr__(self, "ask", compiling.first_match(domains))


Named = TargetKind | Literal["tool", "offer"]
"""What an event may name that a configuration declares."""


@dataclass(frozen=True)
class Config:
    """Everything a division's decisions depend on besides its state.

    `rule_sets` holds the active one per record type; `defaults` the target of last resort per record type, under
    `*` for all. `presence_words` are a CRM's words for somebody's availability, in lower case; `pass_over_off_shift`
    says whether entries pass over a person whose shift is over; `ids_ignore_case` whether an id in another letter case
    is the same person. `closed_when` says, per record type, which records are closed. Dates without an offset are of
    the `zone`, weeks begin on the day `week_starts` (0: Monday). `tools` and `offers` have a name by id. `visibility`
    says who may look at what (see `visibility`). `sizes` names, per record type, the field that says what an open
    record weighs (see `sizing`). `letters` are the words in which people are told, besides those that are shipped, with
    a `link` to the record; who has no language of their own reads `language`.
    `version` grows by one with each change; `label` is a hash of the content, for people.
    """

    division: str
    version: int = 0
    label: str = ""
    users: Mapping[str, User] = field(default_factory=dict)
    pools: Mapping[str, PoolSpec] = field(default_factory=dict)
    rule_sets: Mapping[str, RuleSet] = field(default_factory=dict)
    defaults: Mapping[str, Target | Ladder] = field(default_factory=dict)
    unowned_users: frozenset[str] = frozenset()
    unowned_channels: frozenset[str] = frozenset()
    require_actor: bool = False
    depth_limit: int = DEPTH_LIMIT
    scores: Mapping[str, tuple[ScoreRow, ...]] = field(default_factory=dict)
    presence_words: Mapping[str, Availability] = field(default_factory=dict)
    pass_over_off_shift: bool = False
    tools: Mapping[str, str] = field(default_factory=dict)
    offers: Mapping[str, str] = field(default_factory=dict)
    workflows: Workflows = NO_WORKFLOWS
    visibility: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"
    week_starts: int = 0
    ids_ignore_case: bool = False
    closed_when: Mapping[str, Predicate] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=dict)
    letters: Wordings = field(default_factory=dict)
    link: Template | None = None
    language: str = "en"

    @cached_property
    def below(self) -> dict[int, Config]:
        """What was found to hold of it at a level (see `parts`)."""
        return {}

    @cached_property
    def made_once(self) -> dict[tuple[str, str], object]:
        """What whoever tells of decisions makes of it once (see `wire.notifications`)."""
        return {}

    def person(self, told: str) -> str:
        """Who is meant by an id of a person, wherever it was told (D41): the id as it is declared.

        Of people who are not declared all spellings are one, where ids ignore case.
        """
        if not self.ids_ignore_case:
            return told
        folded = told.casefold()
        return self._spellings.get(folded, folded)

    def near_miss(self, told: str, kind: Named = "user") -> str:
        """The declared id from which this one differs in letter case only, where that makes it another; else nothing.

        Whether ids of people ignore case is a setting. All others are the configuration's own and never do.
        """
        if kind == "user" and (self.ids_ignore_case or told in self.users or told in self.unowned_users):
            return ""
        others = {"tool": self.tools, "offer": self.offers}.get(kind, self.pools)
        if kind != "user" and told in others:
            return ""
        spellings = self._spellings if kind == "user" else self._names.get(kind, self._names["pool"])
        return spellings.get(told.casefold(), "")

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        """By id without its letter case: those who are declared, and who counts as nobody."""
        return _by_spelling((*self.users, *sorted(self.unowned_users)))

    @cached_property
    def _names(self) -> Mapping[str, Mapping[str, str]]:
        """The same of what else an event may name; queues and plans are pools."""
        named = {"pool": self.pools, "tool": self.tools, "offer": self.offers}
        return {kind: _by_spelling(names) for kind, names in named.items()}

    def presence_word(self, text: str) -> Availability | None:
        """What a CRM means by its word for somebody's availability, whatever its letter case; none: unknown."""
        word = text.strip().casefold()
        return self.presence_words.get(word) or (word if word in AVAILABILITIES else None)  # type: ignore[return-value]  # it is one of them

    def zone_of(self, person: str) -> str:
        """The zone of somebody's clock, in which their days begin."""
        user = self.users.get(person)
        return user.zone if user is not None and user.zone else self.zone

    def roster(self, spec: PoolSpec) -> Roster:
        """Who of a pool is not there by their calendar: asked of one object for each pool, for it follows the clock."""
        found = self._rosters.get(spec.id)
        if found is None:
            users = [self.users[member.person] for member in spec.members if member.person in self.users]
            times = {user.id: user.time for user in users if user.active and user.time is not None}
            found = self._rosters[spec.id] = Roster(times)
        return found

    @cached_property
    def _rosters(self) -> dict[str, Roster]:
        return {}

    @cached_property
    def has_inactive(self) -> bool:
        """Whether any pool has a member who is switched off, or no user at all."""
        people = {member.person for spec in self.pools.values() for member in spec.members}
        return not all(person in self.users and self.users[person].active for person in people)

    @cached_property
    def holds_back(self) -> bool:
        """Whether anybody is told of anything later than it happens."""
        return any(user.wishes.holds_back for user in self.users.values())

    @cached_property
    def fields_told(self) -> frozenset[str]:
        """The fields of records that people are told of, as dotted paths."""
        letters = (letter for by_language in self.letters.values() for letter in by_language.values())
        return frozenset().union(*(letter.reads for letter in letters))

    @cached_property
    def limits(self) -> AllLimits:
        """What bounds giving."""
        return AllLimits(self)

    @cached_property
    def teams(self) -> Mapping[str, Teams]:
        """By record type, the pools that have a domain: of the lowest sequence first, then by name."""
        found: dict[str, list[PoolSpec]] = {}
        for spec in sorted(self.pools.values(), key=lambda spec: (spec.sequence, spec.id)):
            if spec.domain is not None:
                found.setdefault(spec.record_type, []).append(spec)
        return {record_type: Teams(tuple(specs)) for record_type, specs in found.items()}

    @cached_property
    def plans(self) -> Mapping[str, PlanFacts]:
        """The pools that are plans, by id."""
        return {spec.id: spec.plan for spec in self.pools.values() if spec.plan is not None}

    @cached_property
    def helpers(self) -> Mapping[str, tuple[str, ...]]:
        """By pool, those that help it out where nobody there can take a record, in the order in which they are asked:
        each once, however they help each other out. Pools that nobody helps out are none of the keys.
        """
        found: dict[str, tuple[str, ...]] = {}
        for pool in self.pools:
            helping: list[str] = []
            spec = self.pools.get(pool)
            while spec is not None and spec.fallback is not None and spec.fallback.kind == "pool":
                name = spec.fallback.id
                if name in {pool, *helping} or name not in self.pools or len(helping) == HELPERS_LIMIT:
                    break
                helping.append(name)
                spec = self.pools[name]
            if helping:
                found[pool] = tuple(helping)
        return found

    @cached_property
    def ladders(self) -> Mapping[str, Ladder]:
        """By id, the targets with steps."""
        entries = (entry.target for rule_set in self.rule_sets.values() for entry in rule_set.entries)
        others = (target for _, target in self.workflows.targets)
        return {each.id: each for each in (*entries, *self.defaults.values(), *others) if isinstance(each, Ladder)}

    @cached_property
    def takers(self) -> Mapping[str, tuple[str, ...]]:
        """By pool, the others whose members may take what waits in its line: those that help it out, and those of all
        steps of a record that stands there for one of them. Pools without others are none of the keys.
        """
        found: dict[str, dict[str, None]] = {pool: dict.fromkeys(helping) for pool, helping in self.helpers.items()}
        for ladder in self.ladders.values():
            known = [step.line(ladder.record_type) for step in ladder.steps]
            lines = [line for line in known if line is not None and line in self.pools]
            others = [
                name for line in lines for name in (line, *self.helpers.get(line, ())) if self.pools[name].members
            ]
            for line in lines:
                found.setdefault(line, {}).update(dict.fromkeys(others))
        return {line: tuple(name for name in names if name != line) for line, names in found.items()}

    @cached_property
    def served(self) -> Mapping[str, tuple[str, ...]]:
        """By pool, itself and those from whose lines it takes: whoever is free there may take what waits in any."""
        found: dict[str, list[str]] = {}
        for pool, names in self.takers.items():
            for name in names:
                found.setdefault(name, [name]).append(pool)
        return {name: tuple(pools) for name, pools in found.items()}

    def reads_in(self, pool: str) -> frozenset[str]:
        """What decides who may take what waits in a pool, as dotted paths."""
        pools = (pool, *self.takers.get(pool, ()))
        return self._read_by_steps.get(pool, frozenset()).union(*(self.pools[name].reads for name in pools))

    @cached_property
    def _read_by_steps(self) -> Mapping[str, frozenset[str]]:
        """By line, what says which person steps name, and which pools of them want a record."""
        found: dict[str, frozenset[str]] = {}
        for ladder in self.ladders.values():
            paths = frozenset(self._read_by_target(ladder))
            for step in ladder.steps:
                line = step.line(ladder.record_type) or ""
                found[line] = found.get(line, frozenset()) | paths
        return found

    @cached_property
    def plans_by_tool(self) -> Mapping[str, str]:
        """Which plan a tool brings its leads into."""
        return {tool: plan for plan, facts in self.plans.items() for tool in facts.tools}

    @cached_property
    def plans_by_offer(self) -> Mapping[tuple[OfferKind, str], str]:
        """Which plan a lead comes into when this happens to the offer."""
        return {
            (kind, offer): plan
            for plan, facts in self.plans.items()
            for kind, offers in facts.offers.items()
            for offer in offers
        }

    @cached_property
    def tracked(self) -> Mapping[str, frozenset[str]]:
        """By record type, the fields that decisions after the creation read, as dotted paths."""
        found: dict[str, set[str]] = {}
        for spec in self.pools.values():
            found.setdefault(spec.record_type, set()).update(spec.reads)
        for record_type, rule_set in self.rule_sets.items():
            found.setdefault(record_type, set()).update(*map(self._read_later, rule_set.on_updated.entries))
        for record_type, rows in self.scores.items():
            found.setdefault(record_type, set()).update(*(row.predicate.reads for row in rows))
        for record_type, closed in self.closed_when.items():
            found.setdefault(record_type, set()).update(closed.reads)
        for record_type, path in self.sizes.items():
            found.setdefault(record_type, set()).add(path)
        for record_type, paths in self.workflows.tracked.items():
            found.setdefault(record_type, set()).update(paths)
        for record_type, target in self.workflows.targets:
            found.setdefault(record_type, set()).update(self._read_by_target(target))
        for record_type in CHANNELS if self.fields_told else ():
            found.setdefault(record_type, set()).update(self.fields_told)
        return {record_type: frozenset(paths) for record_type, paths in found.items() if paths}

    @cached_property
    def asked_before(self) -> Mapping[str, frozenset[str]]:
        """By record type, the fields whose values before an update some condition asks for, as dotted paths."""
        found: dict[str, frozenset[str]] = {}
        for record_type, rule_set in self.rule_sets.items():
            asked = (asked_before(entry.condition) for entry in rule_set.on_updated.entries)
            found[record_type] = frozenset().union(*asked)
        for record_type, fields in self.workflows.fields_read.items():
            found[record_type] = found.get(record_type, frozenset()) | fields
        return {record_type: paths for record_type, paths in found.items() if paths}

    @cached_property
    def read_anew(self) -> Mapping[str, frozenset[str]]:
        """The same with all that is asked where a record is asked for as a new one: by rules, teams, targets."""
        found: dict[str, set[str]] = {record_type: set(paths) for record_type, paths in self.tracked.items()}
        for spec in self.pools.values():
            if spec.domain is not None:
                found.setdefault(spec.record_type, set()).update(spec.domain.reads)
        for record_type, rule_set in self.rule_sets.items():
            found.setdefault(record_type, set()).update(*map(self._read_later, rule_set.entries))
        for ladder in self.ladders.values():
            found.setdefault(ladder.record_type, set()).update(self._read_by_target(ladder))
        return {record_type: frozenset(paths) for record_type, paths in found.items() if paths}

    @cached_property
    def read_fields(self) -> Mapping[str, frozenset[str]]:
        """By record type, the names of the fields and links that anything reads."""
        found: dict[str, set[str]] = {record_type: set(paths) for record_type, paths in self.read_anew.items()}
        for record_type, fields in self.workflows.fields_read.items():
            found.setdefault(record_type, set()).update(fields)
        return {
            record_type: frozenset(path.partition(".")[0] for path in paths) for record_type, paths in found.items()
        }

    def _read_later(self, entry: Entry) -> Iterator[str]:
        """What an entry that is asked on an update reads, and what its target reads."""
        for predicate in entry.criteria:
            yield from predicate.reads
        yield from (trait.path for trait in entry.requires if trait.path)
        yield from self._read_by_target(entry.target)

    def _read_by_target(self, target: EntryTarget) -> Iterator[str]:
        """What says whom a target means: itself, and whom the pools that it leads to take."""
        yield from named_by(target)
        match target:
            case Ladder(steps=steps):
                for step in steps:
                    yield from self._read_by_target(step.target)
            case TeamMatch():
                yield from (path for spec in self.pools.values() if spec.domain for path in spec.domain.reads)
            case Target(id=name):
                spec = self.pools.get(name)
                yield from spec.domain.reads if spec is not None and spec.domain is not None else ()
            case FieldUser() | OwnerOf():
                return
            case _:
                assert_never(target)


def _by_spelling(names: Iterable[str]) -> dict[str, str]:
    """The first of those that differ in letter case only, by the name without it."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.casefold(), name)
    return found
