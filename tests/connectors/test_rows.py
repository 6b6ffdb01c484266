"""What a spreadsheet exports: rows that are none, open quotes, other encodings and delimiters, names used twice."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.config.problems import ConfigurationError
from service.connectors.file.converting import compile_map, doubts_of
from service.connectors.file.event_map import ReadMap, read_map
from service.connectors.file.opening import FileRefused, opened
from service.connectors.file.rows import BadRow, NumberedRow, csv_rows, json_rows

REMEDY = 'write `delimiter: "{}"`'
LEFT_OPEN = (
    "the quote at character {} is left open: close it, or write two quotes for one inside a cell; "
    "nothing behind it was read"
)


def rows_of(text: str, delimiter: str = ",") -> list[NumberedRow | BadRow]:
    """All rows behind the header."""
    header, rows = csv_rows(io.StringIO(text, newline=""), delimiter)
    assert isinstance(header, list)
    return list(rows)


def refusal(content: bytes, folder: Path, delimiter: str = ",") -> str:
    """Why a file is refused: line, column and sentence."""
    path = folder / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefused) as refused, opened(path, "csv", delimiter, REMEDY) as (_, rows, _raw):
        list(rows)
    return str(refused.value).removeprefix(f"{path}:")


def test_a_row_of_another_width_is_told_with_what_to_do() -> None:
    """Its cells are kept, for whoever mends them."""
    assert rows_of("a,b\n1,2\n1,2,3\n1\n") == [
        NumberedRow(2, {"a": "1", "b": "2"}, ("1", "2")),
        BadRow(
            3,
            "3 cells, the header has 2: put a cell that contains ',' into quotes, or remove what is too much",
            3,
            ("1", "2", "3"),
        ),
        BadRow(4, "1 cell, the header has 2: add those that are missing", 2, ("1",)),
    ]


def test_rows_without_any_content_are_none() -> None:
    """An empty line, and the empty rows that spreadsheets export below the last one."""
    assert rows_of("a,b\n\n,\n,,,\n1,2\n,\n") == [NumberedRow(5, {"a": "1", "b": "2"}, ("1", "2"))]


def test_a_row_over_several_lines_is_named_by_the_first() -> None:
    """Where somebody looks who reads the file."""
    assert rows_of('a,b\n"x\ny",2\n3,4\n') == [
        NumberedRow(2, {"a": "x\ny", "b": "2"}, ("x\ny", "2")),
        NumberedRow(4, {"a": "3", "b": "4"}, ("3", "4")),
    ]


@pytest.mark.parametrize(
    ("text", "line", "column", "character", "raw"),
    [
        ('a,b\n1,"open\n3,4\n', 2, 2, 3, '1,"open\n3,4'),
        ('a,b\n1,2\n"open', 3, 1, 1, '"open'),
        ('a,b\r\n1,2\r\n3," \r\n4,5\r\n"6",7\r\n', 3, 2, 3, '3," \r\n4,5\r\n"6",7'),
        ('a,b\n"two\nlines","open\n1,2\n', 3, 2, 8, '"two\nlines","open\n1,2'),
        (f'a,b\n1,"open\n{"x,y" * 70_000}\n', 2, 2, 3, None),
    ],
)
def test_a_quote_left_open_is_told_where_it_opened(
    text: str, line: int, column: int, character: int, raw: str | None
) -> None:
    """Nothing behind it is taken for a row: what it swallowed might look like one."""
    *before, bad = rows_of(text)
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.column) == (line, column)
    assert bad.why == LEFT_OPEN.format(character)
    assert all(isinstance(each, NumberedRow) for each in before)
    assert raw is None or bad.cells == (raw,)


def test_a_quote_that_closes_too_early_spoils_its_row_alone() -> None:
    """It ends in its own line, so the next row is one."""
    assert rows_of('a,b\n1,"Alder" Ltd\n3,4\n') == [
        BadRow(
            2,
            "the quote at character 3 closes before its cell ends: write two quotes for one inside a cell",
            2,
            ('1,"Alder" Ltd',),
        ),
        NumberedRow(3, {"a": "3", "b": "4"}, ("3", "4")),
    ]


def test_a_cell_that_is_too_long_spoils_its_row_alone() -> None:
    """The reader has a limit, and says so."""
    bad, good = rows_of(f"a,b\n1,{'x' * 140_000}\n3,4\n")
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.why) == (2, "field larger than field limit (131072): shorten the cell")
    assert good == NumberedRow(3, {"a": "3", "b": "4"}, ("3", "4"))


CELLS = st.text(st.sampled_from('ab",;\n\r '), max_size=4)


@given(st.lists(st.tuples(CELLS, CELLS.filter(bool)), max_size=6), st.sampled_from(",;\t"))
def test_what_a_writer_wrote_is_read_as_it_was(table: list[tuple[str, str]], delimiter: str) -> None:
    """Whatever stands in the cells: nothing well-formed is taken for a mistake."""
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *table])
    assert [row.cells for row in rows_of(written.getvalue(), delimiter)] == table


@given(st.text(st.sampled_from('ab",\n'), max_size=30))
def test_any_text_ends_in_rows_or_in_places_within_it(text: str) -> None:
    """No text makes the reader raise, and a place it names is there."""
    lines = text.count("\n") + 2
    for each in rows_of(f"a,b\n{text}"):
        assert 2 <= each.line <= lines


def test_json_lines_that_are_no_objects_are_told_with_their_place() -> None:
    """Line, and the character where it is no JSON any more."""
    assert list(json_rows(['{"a": 1}\n', "\n", "[1]\n", '{"a" 1}\n'])) == [
        NumberedRow(1, {"a": 1}, ('{"a": 1}',)),
        BadRow(3, "not a JSON object: write one object a line", 1, ("[1]",)),
        BadRow(4, "not JSON (unexpected character, expected ':' after key): write one object a line", 6, ('{"a" 1}',)),
    ]


@pytest.mark.parametrize(
    ("header", "delimiter", "shown"),
    [
        ("id;country", ",", '";": that is the delimiter; write `delimiter: ";"`'),
        ("id\tcountry", ",", r'a tab: that is the delimiter; write `delimiter: "\t"`'),
        ("id|country", ",", '"|": that is the delimiter; write `delimiter: "|"`'),
        ("id,country", ";", '",": that is the delimiter; write `delimiter: ","`'),
        ("id;born|died;country", ",", '";": that is the delimiter; write `delimiter: ";"`'),
    ],
)
def test_a_wrong_delimiter_is_named(tmp_path: Path, header: str, delimiter: str, shown: str) -> None:
    """A header of one column that holds another delimiter was meant to be divided by that."""
    found = refusal(f"{header}\n1\n".encode(), tmp_path, delimiter)
    assert found == f"1:1: the header has one column, which contains {shown}"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "1:1: the first line is empty: it has to name the columns"),
        (b"\n1,2\n", "1:1: the first line is empty: it has to name the columns"),
        (b"sep=;\nid;country\n", "1:1: the first line is a remark (sep=) and no header: remove it"),
        (
            b'id,"country\n1,DE\n',
            f"1:2: in the header, {LEFT_OPEN.format(4)}",
        ),
    ],
)
def test_a_header_that_is_none_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    """Its names decide what every row means."""
    assert refusal(content, tmp_path) == why


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            b"id,city\n1,Ulm\n2,M\xfcnchen\n",
            '3:4: byte 18 of the file, in line 3, is 0xFC and not UTF-8 (in Windows-1252 it is "\u00fc")',
        ),
        (b"id,city\n1,\x81\n", "2:3: byte 11 of the file, in line 2, is 0x81 and not UTF-8"),
        ("id,city\n".encode("utf-16"), "1:1: the file is UTF-16 and not UTF-8"),
        ("id,city\n".encode("utf-32"), "1:1: the file is UTF-32 and not UTF-8"),
        (
            "id\n".encode("utf-16-be"),
            "1:1: byte 1 of the file, in line 1, is zero, as in UTF-16, and not text of UTF-8",
        ),
    ],
)
def test_another_encoding_is_refused_with_byte_and_line(tmp_path: Path, content: bytes, why: str) -> None:
    """Before any row is read, wherever it stands."""
    assert refusal(content, tmp_path) == f'{why}: save it as "CSV UTF-8", or convert it with iconv'


@pytest.mark.parametrize("header", ["id,city", '"id",city'])
def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path, header: str) -> None:
    """Spreadsheets begin their UTF-8 with one."""
    (tmp_path / "rows.csv").write_text(f"{header}\n1,Ulm\n", encoding="utf-8-sig")
    with opened(tmp_path / "rows.csv", "csv", ",", REMEDY) as (columns, rows, _):
        assert (columns, list(rows)) == (["id", "city"], [NumberedRow(2, {"id": "1", "city": "Ulm"}, ("1", "Ulm"))])


MAP = "id: {column: number}\nrecord: {type: lead, id: {column: number}}\nfields: [region]\n"


def read(text: str, folder: Path) -> ReadMap:
    """The map of this text."""
    (folder / "map.yaml").write_text(text)
    return read_map(folder / "map.yaml")


def test_a_name_that_the_map_reads_and_two_columns_have_is_refused_with_both_places(tmp_path: Path) -> None:
    """Two exports were pasted together: nobody knows which of the two columns is meant."""
    columns = ["number", "region", *(f"more-{n}" for n in range(25)), "region"]
    with pytest.raises(ConfigurationError) as refused:
        compile_map(read(MAP, tmp_path), tmp_path / "leads.csv", columns, "crm.records")
    (problem,) = refused.value.problems
    assert (problem.line, problem.column, problem.message) == (
        3,
        10,
        "fields.region: in leads.csv, 'region' is the name of columns 2 (B) and 28 (AB): give each its own",
    )


def test_a_delimiter_that_gives_all_columns_is_named_where_the_map_s_gives_several(tmp_path: Path) -> None:
    """A name with a comma in it divides the header into two, and neither is what was meant."""
    columns = ["number;name", " first;region"]
    with pytest.raises(ConfigurationError) as refused:
        compile_map(read(MAP, tmp_path), tmp_path / "leads.csv", columns, "crm.records")
    (problem,) = refused.value.problems
    assert problem.message == (
        "delimiter: divided by ';' the header of leads.csv has all columns that are read; "
        'write `delimiter: ";"` into the map'
    )


def test_a_name_that_the_map_does_not_read_may_stand_twice_and_is_doubted(tmp_path: Path) -> None:
    """Columns without a name are none: spreadsheets export some at the end."""
    columns = ["number", "region", "note", "note", "", ""]
    mapped = read(MAP, tmp_path)
    assert compile_map(mapped, tmp_path / "leads.csv", columns, "crm.records").topic == "crm.records"
    assert doubts_of(mapped, columns) == ["'note' is the name of columns 3 (C) and 4 (D): give each its own"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            b"name,sector,sector\nAlder,food,wood\n",
            "'sector' is the name of columns 2 (B) and 3 (C): give each its own",
        ),
        (b"name;sector\nAlder;food\n", 'contains ";": that is the delimiter; save it with commas'),
        (b"name,sector\nM\xfcller,food\n", "byte 14 of the file, in line 2, is 0xFC and not UTF-8"),
        (b'name,sector\nAlder,"food\n', "the quote at character 7 is left open"),
        (b"name,sector\nAlder,food\nAlder,wood\n", "line 3: name 'Alder' stands there twice: keep one of them"),
    ],
)
def test_a_look_up_file_is_read_as_carefully(tmp_path: Path, content: bytes, why: str) -> None:
    """The same mistakes, told with the place in the map and in that file."""
    (tmp_path / "firms.csv").write_bytes(content)
    text = f"{MAP}linked: {{account: {{file: firms.csv, key: name, from: firm, fields: [sector]}}}}\n"
    with pytest.raises(ConfigurationError) as refused:
        compile_map(read(text, tmp_path), tmp_path / "rows.csv", ["number", "region", "firm"], "crm.records")
    (problem,) = refused.value.problems
    assert problem.message.startswith("linked.account.file: ")
    assert why in problem.message
