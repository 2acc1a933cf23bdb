"""Cells: nothing in them runs, nothing is lost, and what spreadsheets write can be read."""

import csv
import io
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.kit.problems import Invalid
from claudetools.kit.resource.csv_format import cell_of, is_csv, mark, read_rows, unmark, value_of, write_rows

STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
TEXTS = st.text(alphabet=st.sampled_from([*STARTS, "'", "a", " ", '"', ",", ";", "0"]), max_size=6) | st.text(
    max_size=30
)


def rows(text: str) -> list[tuple[int, list[str]]]:
    return list(read_rows(text.encode()))


@given(TEXTS)
def test_a_text_comes_back_and_begins_no_formula(text: str) -> None:
    cell = mark(text)
    assert cell
    assert cell[0] not in STARTS
    assert unmark(cell) == text


def test_no_two_texts_have_the_same_cell() -> None:
    texts = {"".join(parts) for size in range(5) for parts in itertools.product("'=a", repeat=size)}
    assert len({mark(text) for text in texts}) == len(texts)
    assert {unmark(mark(text)) for text in texts} == texts


@pytest.mark.parametrize("text", ["plain", "'t Hart", "a=b", " =x", "'", "''", "O'Brien", "1-2"])
def test_what_people_write_is_taken_as_it_stands(text: str) -> None:
    assert unmark(text) == text or text in ("'", "''")
    assert unmark(mark(text)) == text


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=4), min_size=1, max_size=4))
def test_a_table_comes_back(table: list[list[str]]) -> None:
    data = write_rows([["first", "second"], *([mark(text) for text in row] for row in table)])
    assert [[unmark(cell) for cell in cells] for _, cells in read_rows(data)][1:] == table
    # And as another reader of RFC 4180 sees it.
    assert list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True)) == [c for _, c in read_rows(data)]


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        (str, None, ""),
        (str, "", "'"),
        (str, "-5", "'-5"),
        (int, -5, "-5"),
        (float, -0.5, "-0.5"),
        (bool, False, "false"),
        (list[str], ["=a", 'b"'], '["=a","b\\""]'),
        (dict[str, Any], {"ä": None}, '{"ä":null}'),
    ],
)
def test_a_value_has_a_cell_and_comes_back(kind: Any, value: Any, cell: str) -> None:
    assert cell_of(kind, value) == cell
    assert value_of(kind, cell) == value


@pytest.mark.parametrize("cell", ["x", "NaN", "[1", "[" * 100_000, '["\\ud800"]', "TRUE", "1,5"])
def test_what_is_no_value_of_its_type_stays_text(cell: str) -> None:
    for kind in (int, bool, list[str], dict[str, Any]):
        assert value_of(kind, cell) == cell


def test_cells_stand_between_what_the_header_says() -> None:
    same = [(1, ["a", "b"]), (2, ["x,y;z", "1"])]
    assert rows('a,b\n"x,y;z",1\n') == same
    assert rows('a;b\r\n"x,y;z";1\r\n') == same
    assert rows("a\tb\rx,y;z\t1") == same
    assert rows('\ufeffa,b\r\n"x,y;z",1') == same
    assert rows("one\nx,y;z\n") == [(1, ["one"]), (2, ["x", "y;z"])]


def test_rows_are_numbered_as_a_spreadsheet_does() -> None:
    assert rows('a,b\n\n"1\n2\r\n3",x\n,\ny,\n') == [(1, ["a", "b"]), (3, ["1\n2\r\n3", "x"]), (5, ["y", ""])]


def test_a_cell_may_be_long() -> None:
    text = json.dumps(["x" * 499] * 2_000)
    assert rows(f'a\n"{text.replace(chr(34), chr(34) * 2)}"\n')[1] == (2, [text])


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        (b"a,b\n\xff\xfe,1\n", ""),
        ("a,b\n".encode("utf-16"), ""),
        (b'a,b\n1,2\n"x,1\n', "/rows/3"),
        (b'a,b\n"x"y,1\n', "/rows/2"),
    ],
)
def test_what_is_no_csv_is_refused_by_row(data: bytes, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        list(read_rows(data))
    assert [error.pointer for error in refused.value.errors] == [pointer]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("text/csv", True),
        ("Text/CSV; Charset=UTF-8", True),
        ('text/csv; charset="utf-8"; header=present', True),
        ("application/csv", True),
        ("text/csv; charset=iso-8859-1", False),
        ("text/csv; charset=\xff", False),
        ("text/plain", False),
        ("application/json", False),
        ("", False),
        (";", False),
        ("text/csv/x", False),
    ],
)
def test_the_content_type_says_csv(header: str, expected: bool) -> None:
    assert is_csv(header) is expected
