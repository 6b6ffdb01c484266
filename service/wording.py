"""What a validator found wrong, in words for people who never heard of the validator.

Settings, configurations, scenarios, maps and events are all checked against models, and whoever wrote one of them reads
what is wrong. The sentence says what is expected and never repeats what was given: that may be a secret, or people's
data. Who may show it does so beside the sentence.
"""

from __future__ import annotations

from typing import Final

from pydantic_core import ErrorDetails

_EXPECTED: Final = {
    "bool_type": "true or false is expected",
    "bool_parsing": "true or false is expected",
    "date_from_datetime_parsing": "a date such as 2026-01-31 is expected",
    "date_parsing": "a date such as 2026-01-31 is expected",
    "date_type": "a date such as 2026-01-31 is expected",
    "datetime_from_date_parsing": "a time such as 2026-01-31T08:00:00+01:00 is expected",
    "datetime_object_invalid": "a time such as 2026-01-31T08:00:00+01:00 is expected",
    "datetime_parsing": "a time such as 2026-01-31T08:00:00+01:00 is expected",
    "datetime_type": "a time such as 2026-01-31T08:00:00+01:00 is expected",
    "dict_type": "a mapping is expected",
    "enum": "one of {expected} is expected",
    "extra_forbidden": "this is not known here",
    "finite_number": "a finite number is expected",
    "float_parsing": "a number is expected",
    "float_type": "a number is expected",
    "greater_than": "more than {gt} is expected",
    "greater_than_equal": "{ge} or more is expected",
    "int_from_float": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "int_parsing_size": "a smaller number is expected",
    "int_type": "a whole number is expected",
    "invalid_key": "a name is expected as key",
    "json_invalid": "JSON is expected",
    "json_type": "JSON is expected",
    "less_than": "less than {lt} is expected",
    "less_than_equal": "{le} or less is expected",
    "list_type": "a list is expected",
    "literal_error": "one of {expected} is expected",
    "missing": "this is missing",
    "model_attributes_type": "a mapping is expected",
    "model_type": "a mapping is expected",
    "none_required": "nothing is expected",
    "path_type": "a path is expected",
    "recursion_loop": "it contains itself",
    "string_pattern_mismatch": "a text of the form {pattern} is expected",
    "string_sub_type": "text is expected",
    "string_too_long": "{max_length} characters or less are expected",
    "string_too_short": "{min_length} characters or more are expected",
    "string_type": "text is expected",
    "string_unicode": "text in UTF-8 is expected",
    "timezone_aware": "a time with its offset from UTC is expected",
    "too_long": "{max_length} entries or less are expected",
    "too_short": "{min_length} entries or more are expected",
    "tuple_type": "a list is expected",
    "union_tag_invalid": "one of {expected_tags} is expected",
    "union_tag_not_found": "the word that says what this is, is missing",
}
_ANYTHING_ELSE: Final = "this does not fit here"


def _number(value: object) -> object:
    """Bounds are written as people write them: 0, not 0.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def worded(detail: ErrorDetails) -> str:
    """What is expected, or what our own check said."""
    context = {name: _number(value) for name, value in detail.get("ctx", {}).items()}
    if detail["type"] in ("value_error", "assertion_error"):
        return str(context.get("error", _ANYTHING_ELSE))
    return _EXPECTED.get(detail["type"], _ANYTHING_ELSE).format_map(context)
