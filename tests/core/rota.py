"""A pool in which only turns matter: who may take the next record is said with each record."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from service.core.draft import Draft
from service.core.pool_spec import Membership, PoolSpec
from service.core.sharing.contender import Contender
from service.core.sharing.turns import line_up, serve
from service.core.state import State, open_field
from tests.core.build import START_MS, config, pool, switch


class Rota:
    """Members join and leave as in a file, and records come one by one. Nobody closes any."""

    def __init__(self, *members: str | Membership, **settings: Any) -> None:
        self.state = State()
        self.spec = PoolSpec("sales", "lead", ())
        self.settings = settings
        self.join(*members)

    @property
    def members(self) -> list[str]:
        """Who is in the pool, in file order."""
        return [member.person for member in self.spec.members]

    def join(self, *members: str | Membership) -> None:
        """They are added to the file, at its beginning: the order in a file must not matter."""
        added = pool(*members).members
        self._switch((*added, *self.spec.members))

    def leave(self, person: str) -> None:
        """Somebody is taken out of the file."""
        self._switch(tuple(member for member in self.spec.members if member.person != person))

    def line(self, eligible: Collection[str] | None = None) -> list[Contender]:
        """The members as a choice sees them; none: everybody may be served."""
        return self._line(Draft(self.state), eligible)

    def next(self, eligible: Collection[str] | None = None) -> str:
        """Serve the next of those who may; none: everybody may."""
        draft = Draft(self.state)
        line = self._line(draft, eligible)
        chosen = min(each for each in line if each.excluded is None)
        serve(self.spec, chosen, line, draft)
        draft.open.edit(open_field("lead", chosen.person)).open_items += 1
        self.state.apply(draft.changes())
        return chosen.person

    def _line(self, draft: Draft, eligible: Collection[str] | None) -> list[Contender]:
        may = self.members if eligible is None else eligible
        return line_up(self.spec, draft, {person: "domain" for person in self.members if person not in may})

    def _switch(self, members: Iterable[Membership]) -> None:
        self.spec = pool(*members, **self.settings)
        absent = {name: person for name, person in self.state.people.items() if name not in self.members}
        assert not absent, "a test took somebody away who is absent"
        self.state.apply(switch(self.state, config(self.spec), START_MS).changes)
