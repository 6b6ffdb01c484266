"""Texts in Liquid: what may stand in them, what they may cost, and what values from outside can do in them: nothing."""

from __future__ import annotations

import inspect
import re
import sys
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape

from service.config import templates
from service.config.filters import ROWS, FilterRow
from service.config.templates import ROUNDS_LIMIT, TEXT_LIMIT, NoTemplate
from service.config.texts import shipped
from service.core.letters import NotWritten, Values

VALUES = {
    "title": "Big deal",
    "company": {"name": "Acme & Sons", "size": 7},
    "tags": ["a", "b"],
    "day": "2026-03-01",
    "empty": None,
    "is_new": True,
    "site": "https://acme.example/a?b=1&c=2",
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("New: {{ company.name }}", "New: Acme & Sons"),
        ("{{ nothing }}{{ company.nothing.at.all }}|{{ empty }}", "|"),
        ("{% if is_new %}{{ title | upcase }}{% else %}old{% endif %}", "BIG DEAL"),
        ('{% for tag in tags %}{{ tag }};{% endfor %} {{ tags | join: ", " }}', "a;b; a, b"),
        ('{{ day | date: "%d.%m.%Y" }} {{ title | date: "%d" }}', "01.03.2026 Big deal"),
        ('{{ nobody | default: "somebody" }} {{ title | replace: "Big", "Small" }}', "somebody Small deal"),
        ("{{ site | url }} {{ title | url }}", "https://acme.example/a?b=1&c=2 "),
    ],
)
def test_a_text_is_filled_in(source: str, text: str) -> None:
    assert templates.text(source).write(Values({}, VALUES)) == text


THINGS: dict[str, object] = {
    "tags": ["a", "b", True],
    "company": {"name": "Acme & Sons", "id": 7},
    "site": {"id": 7, "street": "Main"},
    "bare": {"zip": "10115", "open": False},
    "is_new": True,
    "day": "2026-03-02",
    "nothing": None,
    "companies": [{"name": "Acme"}, {"id": "b-1"}, {"x": [1]}],
}


@pytest.mark.parametrize(
    ("source", "english", "german"),
    [
        ("{{ tags }}", "a, b, yes", "a, b, ja"),
        ("{{ company }} {{ site }} {{ bare }}", *['Acme & Sons 7 {"zip":"10115","open":false}'] * 2),
        ("{{ is_new }}", "yes", "ja"),
        ("{{ companies }}", *['Acme, b-1, {"x":[1]}'] * 2),
        ("{{ nothing }}{{ company.nothing }}", "", ""),
        ("{{ tags | upcase }} {{ 'x: ' | append: tags }}", "A, B, YES x: a, b, yes", "A, B, JA x: a, b, ja"),
        ("{{ companies | join: ' + ' }}", *['Acme + b-1 + {"x":[1]}'] * 2),
        (
            "{% echo is_new %} {% for each in bare %}{{ each }};{% endfor %}",
            "yes zip, 10115;open, no;",
            "ja zip, 10115;open, nein;",
        ),
        (
            "{{ day }} {{ day | date: '%a %A %d. %b %B %%a' }}",
            "2026-03-02 Mon Monday 02. Mar March %a",
            "2026-03-02 Mo Montag 02. März März %a",
        ),
        ("{% if is_new == true and tags.size == 3 %}{{ tags.first }}{% endif %}", "a", "a"),
    ],
)
def test_one_rule_says_how_values_stand_in_a_text(source: str, english: str, german: str) -> None:
    """A list has commas, an object its name, its id or JSON, yes and no and days the reader's words: in what only names
    values and in all else, in filters and loops. What decides in a text stays as it was told.
    """
    for tag, said in (("en", english), ("de", german)):
        values = Values({}, THINGS, shipped()[tag].spoken)
        assert templates.text(source).write(values) == said
        assert templates.text(source + "{% if true %}{% endif %}").write(values) == said
        assert templates.html(source).write(values) == escape(said)


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("{{ title | nope }}", 1, 'there is no filter "nope"'),
        ("{{ title | safe }}", 1, 'there is no filter "safe"'),
        ("a\nb {% if %}", 2, "a value is missing here"),
        ("{% include 'secrets' %}", 1, "include"),
        ("{% render 'secrets' %}", 1, "render"),
        ("one\ntwo\n{{ title", 3, "this is never closed"),
        ("{% for a in b %}", 1, "end"),
    ],
)
def test_what_is_no_text_of_ours_is_refused_with_its_line(source: str, line: int, said: str) -> None:
    with pytest.raises(NoTemplate) as refused:
        templates.text(source)
    assert source.count("\n", 0, refused.value.flaw.at) + 1 == line
    assert said in refused.value.flaw.message


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% for i in (1..900) %}{% for j in (1..900) %}x{% endfor %}{% endfor %}",
        "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40,
        "{{ 'aaaaaaaaaaaaaaa' " + "| replace: '', 'aaaaaaaaaaaaaaa' " * 30 + "}}",
        "{{ 'aaaaaaaaaaaaaaa' " + "| split: '' | join: 'aaaaaaaaaaaaaaa' " * 30 + "}}",
        "{{ 9999999 " + "| times: 999999999 " * 500 + "}}",
        "{{ 1 | divided_by: 0 }}",
        "{{ title | date: '%1000000000d' }}",
        "{{ long }}{{ long }}",
    ],
)
def test_no_text_takes_long_or_becomes_huge(source: str) -> None:
    """What is too much is given up, soon, and as the one error that is expected of texts."""
    template = templates.text(source)
    started = time.process_time()
    with pytest.raises(NotWritten):
        template.write(Values({}, {**VALUES, "long": "x" * TEXT_LIMIT}))
    assert time.process_time() - started < 2


def test_there_is_no_clock() -> None:
    """The same decision gives the same bytes, whenever it is written again."""
    assert templates.text("{{ 'now' | date: '%Y' }}{{ 'today' | date: '%Y' }}").write(Values({})) == "nowtoday"


def test_a_loop_may_take_as_many_rounds_as_is_said() -> None:
    template = templates.text("{% for each in many %}.{% endfor %}")
    assert template.write(Values({"many": list(range(ROUNDS_LIMIT))})) == "." * ROUNDS_LIMIT


names = st.sampled_from(["title", "company.name", "company", "tags", "nothing", "is_new", "company.size2", "title.x"])
pieces = st.lists(
    st.one_of(
        names.map("{{{{ {} }}}}".format), st.text(st.characters(codec="utf-8", exclude_characters="{}%"), max_size=8)
    ),
    max_size=6,
)
ours = st.dictionaries(st.sampled_from(["title", "company.name", "company.size2", "nothing"]), st.text(max_size=5))
found = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["name", "x"]), inner)),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(pieces, ours, st.dictionaries(st.sampled_from(["title", "company", "tags", "is_new"]), found))
def test_a_text_that_only_names_values_is_the_same_without_the_machinery(
    parts: list[str], own: dict[str, str], fields: dict[str, object]
) -> None:
    """Most texts are written the short way, and Liquid says what has to come of it."""
    source = "".join(parts)
    short, long = templates._plain(source), templates._written(templates._compiled(source, templates._TEXT)[1])
    assert short is not None
    assert short(Values(own, fields)) == long(Values(own, fields))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('<a href="{{ site }}">x</a>', "| url"),
        ("<a href='{{ site }}'>x</a>", "| url"),
        ('<img title="a > b" src="{{ site }}">', "| url"),
        ('<a href="{% if a %}{{ site }}{% endif %}">x</a>', "| url"),
        ("<a href={{ site | url }}>x</a>", "quotes"),
        ("<p {{ title }}>", "quotes"),
        ("<script>var x = '{{ title }}'</script>", "script"),
        ("<style>{{ title }}</style>", "style"),
        ('<p onclick="go()">{{ title }}</p>', "onclick"),
        ("<p\nONCLICK = 'go()'>{{ title }}</p>", "ONCLICK"),
        ("<iframe src='https://x'></iframe>", "iframe"),
    ],
)
def test_html_in_which_a_value_could_be_more_than_text_is_refused(source: str, said: str) -> None:
    with pytest.raises(NoTemplate) as refused:
        templates.html(source)
    assert said in refused.value.flaw.message


class _Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[str]]] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, [name for name, _ in attrs]))
        self.links += [value or "" for name, value in attrs if name == "href"]


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.sampled_from("<>\"'&/= \n\tajvscript:{}%x\x00\u2028"), max_size=40)
    | st.sampled_from(
        ["javascript:alert(1)", " JavaScript:x", "java\nscript:x", "data:text/html,x", "//x", "https://a b"]
    )
)
def test_what_a_record_says_is_never_markup(text: str) -> None:
    """Whatever it is, the page has the tags and attributes that its template has, and links lead to http or https."""
    source = '<p title="{{ x }}">{{ x | newline_to_br }}{{ x | upcase }}<a href="{{ x | url }}">{{ x }}</a></p>'
    page = _Read()
    page.feed(templates.html(source).write(Values({"x": text})))
    assert [tag for tag in page.tags if tag[0] != "br"] == [("p", ["title"]), ("a", ["href"])]
    assert all(link == "" or re.match("https?://", link) for link in page.links)


@pytest.mark.parametrize(
    "source",
    ["javascript:{{ x }}", "{{ x }}", "https://{{ x }}/", "https://crm.example{{ x }}/", "crm.example/{{ x }}"],
)
def test_a_link_leads_to_a_place_that_is_written_there(source: str) -> None:
    with pytest.raises(NoTemplate):
        templates.address(source)


def test_values_of_a_link_are_encoded() -> None:
    values = Values({"record.id": "../a b/?"}, {"x": "&y=1#"})
    written = templates.address("https://crm.example/{{ record.id }}?q={{ x }}").write(values)
    assert written == "https://crm.example/..%2Fa%20b%2F%3F?q=%26y%3D1%23"


def test_what_is_nested_too_deeply_to_be_read_is_refused_like_any_other_mistake() -> None:
    """Whoever reads it, the parser or who looks at what it found, comes to its end first."""
    allowed = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 150)
    found: set[str] = set()
    try:
        for depth in range(10, 150):
            try:
                templates.text(f"{{{{ {'x[' * depth}x{']' * depth} }}}}")
                found.add("read")
            except NoTemplate:
                found.add("refused")
    finally:
        sys.setrecursionlimit(allowed)
    assert found == {"read", "refused"}


def test_only_what_was_chosen_is_offered() -> None:
    """A newer Liquid may bring filters: none is offered that nobody looked at."""
    assert set(templates._TEXT.filters) == set(ROWS)
    assert set(templates._TEXT.tags) <= templates.TAGS


def _is_written(call: str) -> bool:
    try:
        templates.text(f"{{{{ x | {call} }}}}").write(Values({}, {"x": "2026-01-31"}))
    except (NotWritten, NoTemplate):
        return False
    return True


@pytest.mark.parametrize(("name", "row"), ROWS.items())
def test_what_a_filter_takes_is_as_it_does(name: str, row: FilterRow) -> None:
    """The row of each filter says what the filter itself takes: neither less, nor more."""
    values = ["1"] * row.numbers + ["'%d'"] * (row.most - row.numbers)

    def called(count: int) -> str:
        return f"{name}: {', '.join((*values, '1')[:count])}" if count else name

    taken = [count for count in range(row.most + 2) if _is_written(called(count))]
    assert taken == [*range(row.least, row.most + 1)]
    assert _is_written(row.example)
    assert not _slips(f"{{{{ x | {row.example} }}}}")
    assert [bool(_slips(f"{{{{ x | {called(count)} }}}}")) for count in range(row.most + 2)] == [
        count not in taken for count in range(row.most + 2)
    ]


def _slips(source: str) -> list[str]:
    return [each.message for each in templates.slips_in(templates.text(source))]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            "{{ x | truncate: 'a' }}",
            "\"truncate\" needs a number, and 'a' is none: write it as truncate: 20",
        ),
        ("{{ x | plus: 'many' }}", "needs a number, and 'many' is none: write it as plus: 1"),
        ("{{ x | divided_by: 0 }}", "cannot divide by 0: write it as divided_by: 2"),
        ("{{ x | modulo: 0.0 }}", "cannot divide by 0"),
        ("{{ x | append }}", 'needs one value, and is given none: write it as append: "!"'),
        ("{{ x | upcase: 3 }}", "needs no value, and is given 1: write it as upcase"),
        ("{{ x | truncate: 5, '…', 7 }}", "takes 0 to 2 values, and is given 3"),
        ("{{ x | default: 1, allow_fals: true }}", 'does not know "allow_fals"; it knows allow_false'),
        ("{{ x | date: '%Q' }}", "knows no form '%Q': it is made of %d %m %Y"),
        ("{{ 'now' | date: '%Y' }}", "has no 'now': a text is decided with its record"),
        ("{% assign y = 'today' | date: '%Y' %}{{ y }}", "has no 'today'"),
        ("{{ '2026-13-01' | date: '%d' }}", "is given '2026-13-01', which is no date"),
        ("{% if x %}{% for t in x %}{{ t | times: 'a' }}{% endfor %}{% endif %}", "needs a number, and 'a' is none"),
        ("{% echo x | split %}", "needs one value, and is given none"),
    ],
)
def test_what_a_filter_cannot_do_is_found_before_any_record_comes(source: str, told: str) -> None:
    (slip,) = _slips(source)
    assert told in slip


@pytest.mark.parametrize(
    "source",
    [
        "{{ x | truncate: n }}",
        "{{ x | date: form }}",
        "{{ x | plus: '5' }}",
        "{{ '2026-01-31' | date: '%d.%m.%Y' }}",
        "{{ x | default: 'now' | date: '%d' }}",
        "{{ x | divided_by: 2.5 | round }}",
        "{{ x | default: 'a', allow_false: true }}",
    ],
)
def test_what_depends_on_the_record_is_no_slip(source: str) -> None:
    assert not _slips(source)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ x ", 'this is never closed: write "}}" behind it'),
        ("{% if x ", 'a tag is a name between "{%" and "%}": write both'),
        ("{{ x if y else z }}", "a value is chosen with a tag: write {% if … %}"),
        ("{% if x %}", 'a tag is never closed: write "{% endif %}" behind what it is about'),
        ("{% for t in x %}", 'write "{% endfor %}"'),
        ("{% include 'a' %}", 'there is no tag "include" here; there are assign, case, comment'),
        ("{% unles x %}", 'there is no tag "unles" here; did you mean "unless"?'),
        ("{% endif %}", 'this "endif" belongs to no tag before it'),
        ("{{ }}", "a value is missing here: name one"),
        ("{% if %}{% endif %}", "a value is missing here"),
        ("{% if x = 1 %}{% endif %}", '"=" compares nothing: write "=="'),
        ("{{ first name }}", "this does not follow on what stands before it"),
        ("{{ x || upcase }}", 'one "|" stands before a filter'),
        ("{{ x | }}", 'behind "|" the name of a filter is missing'),
        ("{{ x | upcas }}", 'there is no filter "upcas"; did you mean "upcase"?'),
        ("{{ x | nope }}", 'there is no filter "nope"; there are abs, append'),
    ],
)
def test_what_cannot_be_read_is_told_in_words(source: str, told: str) -> None:
    with pytest.raises(NoTemplate) as error:
        templates.text(source)
    assert told in error.value.flaw.message
