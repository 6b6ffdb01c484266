"""Look whether the memory is still there while nothing comes in that would touch it.

Every call of a lane at work looks at the marks of the keys that it touches (`store.port`), so a memory that was emptied
or lost a key is noticed with the next event. A lane at rest looks by itself: every few seconds at its head, and at some
of its keys in turn, so that a memory that is gone is built anew before anybody needs it. That Redis does not answer is
no news of what it holds, and nothing to claim a lane again for: readiness tells of it (`app.probes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from service.lane.ownership import Tenure, accept
from service.store.port import Store, StoreUnreachable

LOOK_MS: Final = 5_000
"""How long a lane at rest takes its memory for granted."""
KEYS_PER_LOOK: Final = 64
"""So many keys are looked at beside the head; a lane's several thousand are gone through in a few minutes."""


@dataclass
class MemoryWatch:
    """What an owner of a lane has looked at in its memory."""

    tenure: Tenure
    store: Store
    _looked_ms: int = 0
    _next_key: int = 0

    async def look(self, now_ms: int) -> None:
        """Look, if it is time. The last batch must have landed. Raises `Surprise` where the memory is not as it should
        be, `Fenced` where somebody has claimed since.
        """
        if 0 <= now_ms - self._looked_ms < LOOK_MS:
            return
        tenure, keys = self.tenure, self.tenure.layout.keys
        wanted = [(key, "") for key in keys[self._next_key : self._next_key + KEYS_PER_LOOK]]
        try:
            accept(await self.store.load(tenure.lane, tenure.token, tenure.head.revision, wanted))
        except StoreUnreachable:
            return
        self._looked_ms = now_ms
        self._next_key = self._next_key + KEYS_PER_LOOK if self._next_key + KEYS_PER_LOOK < len(keys) else 0
