"""Where records go of which nobody said where: a document that names neither rule sets nor defaults has only pools.

Then a record goes to the only pool there is for its type, wherever the document was written down: in a directory,
inside a scenario, in a version on the log. A pool that accepts only some records is no default, they find it as its
team; and where there are two pools for a type, nobody said which. A rule set counts as named whether it is active or
not: to switch the last one off must not begin to share records out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from schemas.config import Document, Pool


def implied_defaults(document: Document) -> Mapping[str, str]:
    """The pool that each record type goes to without being told."""
    if document.rule_sets or document.defaults:
        return {}
    open_pools = {name: pool.record_type for name, pool in document.pools.items() if _accepts_all(pool)}
    counts = Counter(open_pools.values())
    return {record_type: name for name, record_type in sorted(open_pools.items()) if counts[record_type] == 1}


def _accepts_all(pool: Pool) -> bool:
    return not pool.criteria and pool.domain is None and pool.when is None
