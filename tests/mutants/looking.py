"""Mistakes in the first look at events: forms that take more than their models, or say something else."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

FORMS: Final = "schemas/forms.py"
FIRST_LOOK: Final = "service/wire/first_look.py"
LOOKED_AT: Final = "tests/wire/test_first_look.py"

LOOKED_WRONG: Final = (
    Mutant(
        FORMS,
        "    return msgspec.Meta(**limits)",
        '    limits.pop("pattern", None)\n    return msgspec.Meta(**limits)',
        "a pattern holds at first look, too",
        (LOOKED_AT,),
    ),
    Mutant(
        FORMS,
        r'rf"{pattern[:-1]}\Z"',
        "pattern",
        "a line break at the end is one letter too many",
        (LOOKED_AT,),
    ),
    Mutant(
        FORMS,
        'forbid_unknown_fields=config["extra_fields_behavior"] == "ignore"',
        "forbid_unknown_fields=False",
        "names that are not known are told of",
        (LOOKED_AT,),
    ),
    Mutant(
        FORMS,
        r'return Annotated[text, msgspec.Meta(pattern=r"\S")] | None',
        "return text | None",
        "a blank text tells no id",
        (LOOKED_AT,),
    ),
    Mutant(
        FORMS,
        'namespace={"__post_init__": _passing(checks)} if checks else None',
        "namespace=None",
        "a time beyond what can be counted is left to the models",
        (LOOKED_AT,),
    ),
    Mutant(
        FORMS,
        "_mapping(fields, _nested(DEPTH_LIMIT))",
        "_mapping(fields, _nested(DEPTH_LIMIT + 1))",
        "fields are as deep as the models let them be",
        (LOOKED_AT,),
    ),
    Mutant(
        FIRST_LOOK,
        "    if len(text) > LONGEST_TIME:\n",
        "    if False:\n",
        "digits that a time does not keep are cut off",
        (LOOKED_AT,),
    ),
    Mutant(
        "service/wire/input_fields.py",
        "return offer if isinstance(offer, tuple) else (offer,)",
        "return (offer,)",
        "several offers are told as several",
        (LOOKED_AT,),
    ),
)
