"""Sealed streams: whatever is done to one, nothing that was not written comes out of it."""

import io
import os

import pytest

from claudetools.kit.crypto.sealing import SealBroken
from claudetools.kit.crypto.stream import SALT_BYTES, SEGMENT_BYTES, TAG_BYTES, SealedWriter, open_segments

KEY = bytes(range(32))
HEADER = b'{"format":"test"}'
SEALED_SEGMENT = SEGMENT_BYTES + TAG_BYTES
BEGIN = len(HEADER) + 1 + SALT_BYTES


def sealed(plain: bytes, *, piece: int = 1 << 20, header: bytes = HEADER) -> bytes:
    target = io.BytesIO()
    writer = SealedWriter(target, KEY, header)
    for begin in range(0, len(plain), piece):
        writer.write(plain[begin : begin + piece])
    writer.finish()
    return target.getvalue()


def opened(stream: bytes, key: bytes = KEY) -> bytes:
    return b"".join(open_segments(io.BytesIO(stream), lambda header: key))


@pytest.mark.parametrize("size", [0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 3 * SEGMENT_BYTES + 17])
@pytest.mark.parametrize("piece", [1 << 20, 50_001])
def test_what_was_written_comes_out(size: int, piece: int) -> None:
    plain = os.urandom(size)
    stream = sealed(plain, piece=piece)
    assert opened(stream) == plain
    assert len(stream) == BEGIN + size + TAG_BYTES * max(1, -(-size // SEGMENT_BYTES))


def test_the_same_content_is_never_sealed_alike() -> None:
    streams = {sealed(b"the same")[len(HEADER) :] for _ in range(100)}
    assert len(streams) == 100
    assert len({stream[1 + SALT_BYTES :] for stream in streams}) == 100


def test_every_altered_byte_is_found() -> None:
    stream = sealed(os.urandom(100))
    for place in range(len(stream)):
        altered = bytearray(stream)
        altered[place] ^= 1
        with pytest.raises(SealBroken):
            opened(bytes(altered))


@pytest.mark.parametrize("segments", [0, 1, 2])
def test_a_stream_that_is_cut_at_a_segment_is_found(segments: int) -> None:
    stream = sealed(os.urandom(3 * SEGMENT_BYTES))
    with pytest.raises(SealBroken):
        opened(stream[: BEGIN + segments * SEALED_SEGMENT])


@pytest.mark.parametrize("length", [0, 5, len(HEADER), len(HEADER) + 1, BEGIN - 1, BEGIN, BEGIN + 5])
def test_a_stream_that_is_cut_anywhere_is_found(length: int) -> None:
    with pytest.raises(SealBroken):
        opened(sealed(b"x" * 50)[:length])


def test_segments_in_another_order_twice_or_added_are_found() -> None:
    stream = sealed(os.urandom(3 * SEGMENT_BYTES))
    begin = stream[:BEGIN]
    one, two, three = (stream[BEGIN + n * SEALED_SEGMENT :][:SEALED_SEGMENT] for n in range(3))
    assert begin + one + two + three == stream
    for other in (two + one + three, one + one + three, one + three, two + three, one + two + three + three):
        with pytest.raises(SealBroken):
            opened(begin + other)
    with pytest.raises(SealBroken):
        opened(stream + b"\0")


def test_another_key_another_header_or_another_stream_s_segment_does_not_open() -> None:
    stream, other = sealed(os.urandom(2 * SEGMENT_BYTES)), sealed(os.urandom(2 * SEGMENT_BYTES))
    for wrong in (
        stream.replace(b"test", b"tost"),
        stream[: BEGIN + SEALED_SEGMENT] + other[BEGIN + SEALED_SEGMENT :],
        other[:BEGIN] + stream[BEGIN:],
    ):
        with pytest.raises(SealBroken):
            opened(wrong)
    with pytest.raises(SealBroken):
        opened(stream, bytes(32))


def test_a_stream_that_was_not_finished_does_not_open() -> None:
    target = io.BytesIO()
    SealedWriter(target, KEY, HEADER).write(os.urandom(2 * SEGMENT_BYTES))
    with pytest.raises(SealBroken):
        opened(target.getvalue())
