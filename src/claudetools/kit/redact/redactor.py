"""The redactor: everything passes through it before it is stored, embedded, logged or summarised."""

import hashlib
import hmac
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from claudetools.kit.redact.commands import find_commands
from claudetools.kit.redact.context import NAME_REACH, find_assigned
from claudetools.kit.redact.decode import ATOM, Span, View, joined, unescaped, views
from claudetools.kit.redact.encoded import concatenated, readable_chunks
from claudetools.kit.redact.known import KnownSecrets
from claudetools.kit.redact.prose import find_prose
from claudetools.kit.redact.structure import JsonValue, Redaction
from claudetools.kit.redact.tokens import Hit, find_tokens
from claudetools.kit.redact.values import extended, fragment, may_be_random, random_looking
from claudetools.kit.redact.windows import Window, replaced_places, windows

_MARKER = re.compile(r"\[REDACTED:[a-z0-9-]{2,32}:[0-9a-f]{6}\]|\[private\]")
_PRIVATE = re.compile(r"<[ \t]{0,8}(?P<close>/)?[ \t]{0,8}private\b[^<>\n]{0,100}>", re.IGNORECASE)
_MAX_NESTING = 3
_MAX_PASSES = 12
_LONGEST_VALUE = 8192 + 96
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
        fresh: set[Span] | None = None
        for _ in range(_MAX_PASSES):
            found = _merged(_find(text, sorted([*kept, *replaced]), fresh, 0, self._known))
            if not found:
                break
            fresh = {(item.start, item.end) for item in found}
            for item in found:
                replaced[item.start, item.end] = (item.kind, self.marker(item.kind, item.secret))
        return _rendered(text, replaced)

    def holds_known(self, text: str) -> bool:
        """Return whether `redact` would take a known secret out of a text; much sooner than it would."""
        known = self._known
        if known is None or not len(known):
            return False
        return any(True for _ in _known_in(text, [m.span() for m in _MARKER.finditer(text)], 0, known))

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


def _find(
    text: str, masked: list[Span], fresh: set[Span] | None, nesting: int, known: KnownSecrets | None
) -> Iterator[_Found]:
    """Yield the secrets of a text: all, or those that show now that the `fresh` ones of the `masked` are replaced."""
    is_new = None if fresh is None else [span in fresh for span in masked if span[1] > span[0]]
    former: View | None = None
    for view in views(text, masked):
        if is_new is not None:
            changes: list[Span] | None = replaced_places(view, is_new)
        else:
            changes = None if former is None else view.changes_from(former)
        former = view
        parts = None if changes is None else windows(view, changes)
        found = None if parts is None else _in_windows(parts, nesting, known)
        yield from _in_view(view, nesting, known) if found is None else found


def _in_windows(parts: list[Window], nesting: int, known: KnownSecrets | None) -> list[_Found] | None:
    """Return what the parts of a view hold; None if something goes on outside of them."""
    result = []
    for part in parts:
        for found in _in_view(part.view, nesting, known):
            if found.start <= part.edges[0] or found.end >= part.edges[1]:
                return None
            if part.core[0] < found.start and found.end < part.core[1]:
                result.append(found)
    return result


def _in_view(view: View, nesting: int, known: KnownSecrets | None) -> Iterator[_Found]:
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
    hits = [(0, hit) for hit in find_tokens(wrapped, frozenset(seams))]
    hits += [(2, hit) for hit in find_assigned(wrapped, _around_cut_values(wrapped.text, seams))]
    for rank, hit in hits:
        inside = seams[bisect_right(seams, hit.start) : bisect_left(seams, hit.end)]
        if inside:
            known = wrapped.source_start(hit.start) in starts
            end = _continued(wrapped.text, hit, inside, rank == 0, known)
            if end > inside[0]:
                yield _found(wrapped, rank, Hit(hit.kind, hit.start, end))


def _around_cut_values(text: str, seams: list[int]) -> list[Span]:
    """Return where the name of a value can stand that goes on over a line end; as `_continued` has it, or more.

    Nearly all line ends are no such place, and looking at all names once more costs as much as the first time.
    """
    if "KEY-----" in text:
        return [(0, len(text))]
    around: list[Span] = []
    for before, seam, after in zip([0, *seams], seams, [*seams[1:], len(text)], strict=False):
        head = text[max(before, seam - _LONGEST_VALUE) : seam].rsplit(maxsplit=1)[-1]
        tail = text[seam : min(after, seam + _LONGEST_VALUE)].split(maxsplit=1)[0]
        if may_be_random(head, 8) and fragment(tail, 6 if len(head) >= 16 else 12):
            start, end = max(0, seam - len(head) - NAME_REACH), min(len(text), seam + NAME_REACH)
            if around and start <= around[-1][1]:
                start = around.pop()[0]
            around.append((start, end))
    return around


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


def _known_in(text: str, masked: list[Span], nesting: int, known: KnownSecrets) -> Iterator[_Found]:
    """Yield the known secrets of a text, wherever `_find` looks for them; those inside of base64 as they are there."""
    for view in views(text, masked):
        yield from _known(view, known)
        for form in (view, joined(view)) if nesting < _MAX_NESTING else ():
            chunks = readable_chunks(form.text) if form is not None else []
            if chunks:
                yield from _known_in(concatenated(chunks)[0], [], nesting + 1, known)


def _inside_base64(view: View, nesting: int, known: KnownSecrets | None) -> Iterator[_Found]:
    chunks = readable_chunks(view.text)
    if not chunks:
        return
    inner, starts = concatenated(chunks)
    guilty = {bisect_right(starts, found.start) - 1 for found in _find(inner, [], None, nesting + 1, known)}
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
