"""What tests of warnings share: a configuration in pieces, and what is warned of."""

from __future__ import annotations

import tempfile
from pathlib import Path
from textwrap import indent

from service.config.lint import warnings
from service.config.loader import load
from tests.config.files import write

PEOPLE = """\
users: {ann: {territory: dach}, bob: {}, eve: {active: false, territory: alps}}
pools:
  sales: {record_type: lead, members: [ann, bob]}
  dach: {record_type: lead, members: [ann], criteria: ["country in [DE, AT, CH]"], sequence: 1}
"""
DEFAULT = "defaults: {lead: {pool: sales}}\n"
SALES = "target: {pool: sales}"


def warned(text: str, others: str = PEOPLE + DEFAULT) -> list[str]:
    """Every warning about a configuration, as `line:column: what`."""
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory), {"config": text, "others": others})
        loaded = load(Path(directory))
        found = [
            loaded.locate[name](each) for name, document in loaded.documents.items() for each in warnings(document)
        ]
    return [f"{problem.line}:{problem.column}: {problem.message}" for problem in sorted(found)]


def entries(*lines: str, active: bool = True) -> str:
    """A rule set whose first entry stands in line 6, each in a line of its own."""
    head = f"rule_sets:\n  leads:\n    record_type: lead\n    active: {str(active).lower()}\n    entries:\n"
    return head + indent("\n".join(f"- {{{line}}}" for line in lines), "      ")


def about_entries(*lines: str) -> list[str]:
    return [each.replace("rule_sets.leads.", "") for each in warned(entries(*lines))]
