"""Exact match of known secrets, of which only keyed digests are held, anywhere in a text.

A secret is looked for without its white space in text without its white space, so that neither a line wrap nor a
doubled blank hides it, and at every place, so that what stands around it does not matter. Its first characters are
hashed by a keyed multilinear function (Thorup, "High Speed Hashing for Integers and Strings", 2015), which is quick to
compute for all places at once; where that fits, HMAC-SHA256 (RFC 2104) of the whole decides.
"""

import hmac
import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias
from uuid import UUID

import numpy as np
import numpy.typing as npt

from claudetools.kit.redact.decode import cleaned, unescaped

SHORTEST = 6
"""Characters of the shortest secret that is looked for, and of the beginning that is hashed."""
ANYWHERE_LENGTH = 8
DIGEST_BYTES = 16
_BITS = 20
_WHITE = np.array([9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x2028, 0x2029, 0x3000], dtype=np.uint32)
_BACKSLASH, _LINE_FEED = 92, 10
_ENTRY = struct.Struct(f">IQ?{DIGEST_BYTES}s")
ENTRIES = 2


_Squeezed: TypeAlias = tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]


class KnownSpan(NamedTuple):
    """Where a known secret stands, and the secret without its white space."""

    start: int
    end: int
    secret: str


class _Form(NamedTuple):
    length: int
    beginning: int
    is_bounded: bool
    digest: bytes


class KnownSecrets:
    """The known secrets of one process. Safe to read from other threads while it is changed."""

    def __init__(self, key: bytes) -> None:
        """`key` has 32 bytes and is the same for all processes that share shapes."""
        self._key = key
        factors = b"".join(hmac.digest(key, b"factor %d" % number, "sha256")[:8] for number in range(SHORTEST + 1))
        self._factors = np.frombuffer(factors, dtype=np.uint64) | np.uint64(1)
        self._shapes: dict[UUID, tuple[_Form, ...]] = {}
        self._index = _Index()

    def __len__(self) -> int:
        return len(self._shapes)

    def shape(self, secret: str, *, is_weak: bool) -> bytes:
        """Return what has to be known of a secret to find it, always of the same length; not to be stored openly.

        A weak secret is found only as a word of its own. One that is shorter than `SHORTEST` is never found.
        """
        forms = dict.fromkeys(self._form(text, is_weak) for text in (cleaned(secret), unescaped(secret)))
        packed = b"".join(_ENTRY.pack(*form[:3], form.digest) for form in forms if form is not None)
        return packed.ljust(ENTRIES * _ENTRY.size, b"\0")

    def put(self, shapes: Mapping[UUID, bytes]) -> None:
        """Look for these secrets too."""
        for id, shape in shapes.items():
            self._shapes[id] = forms = tuple(_forms(shape))
            for form in forms:
                self._index.add(form)

    def keep_only(self, ids: set[UUID]) -> None:
        """Look for no others any more."""
        if self._shapes.keys() - ids:
            self._shapes = {id: forms for id, forms in self._shapes.items() if id in ids}
            index = _Index()
            for form in (form for forms in self._shapes.values() for form in forms):
                index.add(form)
            self._index = index

    def missing(self, ids: set[UUID]) -> set[UUID]:
        """Return those that are not looked for."""
        return ids - self._shapes.keys()

    def find(self, text: str) -> Iterator[KnownSpan]:
        """Yield the places of known secrets in a text; of those that begin at one place the longest."""
        index = self._index
        if index.lengths:
            yield from self._find(index, text, _squeezed(text))
            if "\\\n" in text:
                yield from self._find(index, text, _squeezed(text, is_continued=True))

    def _find(self, index: "_Index", text: str, squeezed_text: "_Squeezed") -> Iterator[KnownSpan]:
        characters, places = squeezed_text
        if len(characters) < SHORTEST:
            return
        hashes = self._hashes(characters)
        squeezed: str | None = None
        for at in np.flatnonzero(index.bitmap[hashes >> np.uint64(64 - _BITS)]):
            lengths = index.lengths.get(int(hashes[at]))
            if lengths is None:
                continue
            if squeezed is None:
                squeezed = characters.tobytes().decode("utf-32-le", "surrogatepass")
            for length, digests in lengths:
                secret = squeezed[at : at + length]
                is_bounded = digests.get(self._digest(secret)) if len(secret) == length else None
                if is_bounded is None:
                    continue
                start, end = int(places[at]), int(places[at + length - 1]) + 1
                if not is_bounded or _is_word(text, start, end):
                    yield KnownSpan(start, end, secret)
                    break

    def _form(self, text: str, is_weak: bool) -> _Form | None:
        characters, _ = _squeezed(text)
        if len(characters) < SHORTEST:
            return None
        squeezed = characters.tobytes().decode("utf-32-le", "surrogatepass")
        beginning = int(self._hashes(characters[:SHORTEST])[0])
        return _Form(len(squeezed), beginning, is_weak or len(squeezed) < ANYWHERE_LENGTH, self._digest(squeezed))

    def _digest(self, squeezed: str) -> bytes:
        return hmac.digest(self._key, squeezed.encode("utf-8", "surrogatepass"), "sha256")[:DIGEST_BYTES]

    def _hashes(self, characters: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
        """Return the hash of each run of `SHORTEST` characters."""
        count = len(characters) - SHORTEST + 1
        wide = characters.astype(np.uint64)
        hashes = np.full(count, self._factors[SHORTEST], dtype=np.uint64)
        for number in range(SHORTEST):
            hashes += wide[number : number + count] * self._factors[number]
        return hashes ^ (hashes << np.uint64(32))


class _Index:
    """Secrets by the hash of their beginning; `bitmap` says which hashes there can be."""

    def __init__(self) -> None:
        self.lengths: dict[int, list[tuple[int, dict[bytes, bool]]]] = {}
        self.bitmap = np.zeros(1 << _BITS, dtype=np.bool_)

    def add(self, form: _Form) -> None:
        """Add a form. Who reads meanwhile sees the secrets of this beginning with it or without it."""
        lengths = {length: dict(digests) for length, digests in self.lengths.get(form.beginning, ())}
        digests = lengths.setdefault(form.length, {})
        digests[form.digest] = digests.get(form.digest, True) and form.is_bounded
        self.lengths[form.beginning] = sorted(lengths.items(), key=lambda each: -each[0])
        self.bitmap[form.beginning >> (64 - _BITS)] = True


def _forms(shape: bytes) -> Iterator[_Form]:
    for length, beginning, is_bounded, digest in _ENTRY.iter_unpack(shape):
        if length:
            yield _Form(length, beginning, is_bounded, digest)


def _squeezed(text: str, *, is_continued: bool = False) -> _Squeezed:
    """Return the characters of a text that are no white space, and where they stand.

    `is_continued` leaves out also the backslashes that mark lines as continued.
    """
    characters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    kept = ~np.isin(characters, _WHITE)
    if is_continued:
        kept[:-1] &= ~((characters[:-1] == _BACKSLASH) & (characters[1:] == _LINE_FEED))
    places = np.flatnonzero(kept)
    return characters[places], places


def _is_word(text: str, start: int, end: int) -> bool:
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())
