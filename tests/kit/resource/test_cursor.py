"""Cursors and entity tags, apart from the lists and records that carry them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.kit.problems import Invalid, PreconditionFailed
from claudetools.kit.resource.cursor import CursorCodec
from claudetools.kit.resource.etag import etag, expected_version, is_current

CODEC = CursorCodec(b"k" * 32)
POSITIONS = st.lists(
    st.none() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False), max_size=3
)


@given(query=st.text(), position=POSITIONS)
def test_a_cursor_goes_round(query: str, position: list[Any]) -> None:
    cursor = CODEC.encode(query, position)
    assert cursor.isascii()
    assert CODEC.decode(query, cursor) == position


@given(place=st.integers(0, 40), character=st.characters())
def test_an_altered_cursor_is_refused(place: int, character: str) -> None:
    cursor = CODEC.encode("clients", ["x", 1])
    other = cursor[:place] + character + cursor[place + 1 :]
    if other != cursor:
        with pytest.raises(Invalid):
            CODEC.decode("clients", other)


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    with pytest.raises(Invalid):
        CODEC.decode("clients", text)


def test_a_cursor_of_another_list_or_key_is_refused() -> None:
    cursor = CODEC.encode("clients", ["x"])
    with pytest.raises(Invalid, match="other filters"):
        CODEC.decode("projects", cursor)
    with pytest.raises(Invalid, match="not a cursor"):
        CursorCodec(b"l" * 32).decode("clients", cursor)


@given(st.integers(1, 10**17))
def test_a_tag_names_one_version(version: int) -> None:
    assert expected_version(etag(version)) == version
    assert is_current(etag(version), version)
    assert not is_current(etag(version), version + 1)


def test_star_and_nothing_ask_for_no_version() -> None:
    assert expected_version(None) is None
    assert expected_version(" * ") is None
    assert is_current("*", 5)
    assert not is_current(None, 5)


@pytest.mark.parametrize("header", ["", "v1", '"v"', '"v-1"', '"1"', '"v1" ', 'W/"v1"'])
def test_only_its_own_form_is_a_tag(header: str) -> None:
    if header.strip() in ('"v1"', 'W/"v1"'):
        assert expected_version(header) == 1
    else:
        with pytest.raises(PreconditionFailed):
            expected_version(header)
