"""What a configuration says that can be used and is hardly meant: looked for by `fairlead check`, never at start.

A mistake that makes a configuration unusable is found in `consistency`. What is found here is certain, too, but may be
wanted for a while, or was accepted before anybody looked for it, and a version in the log stays usable. So it warns:
entries that no record reaches, conditions that nothing fits, people who are switched off, pools that share out
otherwise than it seems, teams that accept the same records, closed records of which there can be none, fields that no
record has, times in the place of fields and curly quotes around texts, shifts and skills that nobody has, workflows
that never do what is meant, values in texts that only look like ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.config import Document
from service.config.findings import Finding
from service.config.lint.closing import of_closed
from service.config.lint.entries import of_rule_sets
from service.config.lint.fields import of_fields
from service.config.lint.names import of_names
from service.config.lint.never import of_idle_workflows
from service.config.lint.people import of_people
from service.config.lint.scoring import of_scoring
from service.config.lint.sharing import of_sharing
from service.config.lint.skills import of_skills
from service.config.lint.slips import of_slips
from service.config.lint.teams import of_teams
from service.config.lint.workflows import of_workflows
from service.config.lint.working_time import of_working_time
from service.config.text_mistakes import of_slips_in_texts


def warnings(document: Document) -> Iterator[Finding]:
    """Everything of the kind in a document without mistakes."""
    yield from of_rule_sets(document)
    yield from of_people(document)
    yield from of_names(document)
    yield from of_sharing(document)
    yield from of_teams(document)
    yield from of_closed(document)
    yield from of_fields(document)
    yield from of_slips(document)
    yield from of_working_time(document)
    yield from of_skills(document)
    yield from of_scoring(document)
    yield from of_workflows(document)
    yield from of_idle_workflows(document)
    yield from of_slips_in_texts(document)
