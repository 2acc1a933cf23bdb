"""The redactor: everything passes through it before it is stored, embedded, logged or summarised."""

import hashlib
import hmac
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from claudetools.kit.redact.commands import find_commands
from claudetools.kit.redact.context import find_assigned
from claudetools.kit.redact.decode import ATOM, Span, View, joined, unescaped, views
from claudetools.kit.redact.encoded import concatenated, readable_chunks
from claudetools.kit.redact.known import KnownSecrets
from claudetools.kit.redact.prose import find_prose
from claudetools.kit.redact.structure import JsonValue, Redaction
from claudetools.kit.redact.tokens import Hit, find_tokens
from claudetools.kit.redact.values import extended, fragment, random_looking

_MARKER = re.compile(r"\[REDACTED:[a-z0-9-]{2,32}:[0-9a-f]{6}\]|\[private\]")
_PRIVATE = re.compile(r"<[ \t]{0,8}(?P<close>/)?[ \t]{0,8}private\b[^<>\n]{0,100}>", re.IGNORECASE)
_MAX_NESTING = 3
_MAX_PASSES = 12
_PRIVATE_KIND = "private"
_KNOWN_KIND = "vault"


@dataclass(frozen=True)
class Finding:
    """A replaced secret: `kind` and its character offsets in the text that was given."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Redacted:
    """Text without its secrets, and what was replaced. Holds no secret, so it is safe to print."""

    text: str
    findings: tuple[Finding, ...]


class _Found(NamedTuple):
    """A secret at original offsets; a lower rank names the kind better."""

    start: int
    end: int
    rank: int
    kind: str
    secret: str


class Redactor:
    """Replaces secrets by `[REDACTED:kind:abcdef]`, where `abcdef` is the same for equal secrets under one key.

    Stateless after construction and safe to share between threads.
    """

    def __init__(self, key: bytes, known: KnownSecrets | None = None) -> None:
        """`key` is the HMAC key of the short digests; raises ValueError when it is shorter than 16 bytes.

        `known` secrets are replaced wherever they stand, whatever they look like.
        """
        if len(key) < 16:
            raise ValueError("the redaction key must have at least 16 bytes")
        self._key = key
        self._known = known

    def __repr__(self) -> str:
        return "Redactor(key=***)"

    def redact(self, text: str) -> Redacted:
        """Return `text` with every `<private>` span and every recognised secret replaced; idempotent."""
        kept = [m.span() for m in _MARKER.finditer(text)]
        replaced: dict[Span, tuple[str, str]] = {}
        for start, end in _private_spans(text, kept):
            kept = [k for k in kept if k[1] <= start or k[0] >= end]
            replaced[start, end] = (_PRIVATE_KIND, "[private]")
        for _ in range(_MAX_PASSES):
            found = _merged(_find(text, sorted([*kept, *replaced]), 0, self._known))
            if not found:
                break
            for item in found:
                replaced[item.start, item.end] = (item.kind, self.marker(item.kind, item.secret))
        return _rendered(text, replaced)

    def redact_value(self, value: JsonValue) -> JsonValue:
        """Return a copy of a nested value with strings and keys redacted; idempotent; tuples come back as lists.

        Whatever stands under a key such as "password" or "client_secret" is replaced whole, unless it is a placeholder.
        Raises TypeError when the value is not JSON-like.
        """
        return Redaction(lambda text: self.redact(text).text, self.marker).walk(value)

    def marker(self, kind: str, secret: str) -> str:
        """Return what replaces `secret`. Differently escaped forms of one secret get the same marker."""
        digest = hmac.new(self._key, unescaped(secret).encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"[REDACTED:{kind}:{digest.hexdigest()[:6]}]"


def _rendered(text: str, replaced: dict[Span, tuple[str, str]]) -> Redacted:
    parts: list[str] = []
    findings: list[Finding] = []
    at = 0
    for (start, end), (kind, marker) in sorted(replaced.items()):
        parts += (text[at:start], marker)
        findings.append(Finding(kind, start, end))
        at = end
    parts.append(text[at:])
    return Redacted("".join(parts), tuple(findings))


def _private_spans(text: str, kept: list[Span]) -> list[Span]:
    *_, view = views(text, kept)
    if "private" not in view.lower:
        return []
    spans: list[Span] = []
    depth, begin = 0, 0
    for tag in _PRIVATE.finditer(view.text):
        if view.text[tag.start() - 1 : tag.start()] == "`" == view.text[tag.end() : tag.end() + 1]:
            continue  # `<private>` in backticks is talk about the tag
        if not tag["close"]:
            if depth == 0:
                begin = tag.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                spans.append(view.original(begin, tag.end()))
    if depth:
        spans.append((view.original(begin, begin + 1)[0], len(text)))
    return spans


def _find(text: str, masked: list[Span], nesting: int, known: KnownSecrets | None) -> Iterator[_Found]:
    for view in views(text, masked):
        starts = set()
        yield from _known(view, known)
        for rank, hit in _rules(view):
            starts.add(hit.start)
            yield _found(view, rank, hit)
        wrapped = joined(view)
        if wrapped is not None:
            yield from _across_wraps(wrapped, view, starts)
        if nesting < _MAX_NESTING:
            yield from _inside_base64(view, nesting, known)
            if wrapped is not None:
                yield from _inside_base64(wrapped, nesting, known)


def _rules(view: View) -> Iterator[tuple[int, Hit]]:
    for rank, rule in enumerate((find_tokens, find_commands, find_assigned, find_prose)):
        for hit in rule(view):
            yield rank, Hit(hit.kind, hit.start, extended(view.text, hit.start, hit.end)) if rank else hit


def _found(view: View, rank: int, hit: Hit) -> _Found:
    # Rules do not match across what is replaced already; should one, only the part before it counts.
    cut = view.text.find(ATOM, hit.start, hit.end)
    end = hit.end if cut < 0 else max(cut, hit.start + 1)
    start_at, end_at = view.original(hit.start, end)
    return _Found(start_at, end_at, rank, hit.kind, view.text[hit.start : end])


def _across_wraps(wrapped: View, view: View, starts: set[int]) -> Iterator[_Found]:
    """Yield long secrets that a line wrap cut in pieces."""
    seams = wrapped.seams
    hits = [(0, hit) for hit in find_tokens(wrapped, frozenset(seams))] + [(2, hit) for hit in find_assigned(wrapped)]
    for rank, hit in hits:
        inside = seams[bisect_right(seams, hit.start) : bisect_left(seams, hit.end)]
        if inside:
            known = wrapped.source_start(hit.start) in starts
            end = _continued(wrapped.text, hit, inside, rank == 0, known)
            if end > inside[0]:
                yield _found(wrapped, rank, Hit(hit.kind, hit.start, end))


def _continued(text: str, hit: Hit, seams: list[int], token: bool, known: bool) -> int:
    """Return how far the secret really goes on over the line ends inside `hit`.

    `known`: the piece before the first line end is a secret by itself, so the second piece need not belong to it.
    """
    if text.endswith("KEY-----", 0, hit.end):
        return hit.end
    head = text[hit.start : seams[0]]
    if not token and not random_looking(head, 8):
        return seams[0]
    for number, seam in enumerate(seams):
        certain = token and not known and number == 0
        end = seams[number + 1] if number + 1 < len(seams) else hit.end
        if not certain and not fragment(text[seam:end], 6 if len(head) >= 16 else 12):
            return seam
    return hit.end


def _known(view: View, known: KnownSecrets | None) -> Iterator[_Found]:
    if known is None or not len(known):
        return
    for found in known.find(view.text):
        start, end = view.original(found.start, found.end)
        yield _Found(start, end, 0, _KNOWN_KIND, found.secret)
    chunks = readable_chunks(view.text, are_short=True)
    inner, starts = concatenated(chunks)
    for number in sorted({bisect_right(starts, found.start) - 1 for found in known.find(inner)}):
        start, end = view.original(chunks[number].start, chunks[number].end)
        yield _Found(start, end, 0, _KNOWN_KIND, view.text[chunks[number].start : chunks[number].end])


def _inside_base64(view: View, nesting: int, known: KnownSecrets | None) -> Iterator[_Found]:
    chunks = readable_chunks(view.text)
    if not chunks:
        return
    inner, starts = concatenated(chunks)
    guilty = {bisect_right(starts, found.start) - 1 for found in _find(inner, [], nesting + 1, known)}
    for number in sorted(guilty):
        chunk = chunks[number]
        yield _found(view, 1, Hit("base64", chunk.start, chunk.end))


def _merged(found: Iterator[_Found]) -> list[_Found]:
    """Return the findings as disjoint stretches, each under the best of the names it was found by."""
    result: list[_Found] = []
    for item in sorted(found):
        if result and item.start < result[-1].end:
            last = result[-1]
            best = min(last, item, key=lambda f: (f.rank, f.start - f.end))
            result[-1] = _Found(last.start, max(last.end, item.end), best.rank, best.kind, best.secret)
        else:
            result.append(item)
    return result
