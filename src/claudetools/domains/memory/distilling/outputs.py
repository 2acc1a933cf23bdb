"""What the output of a command tells that nobody may say again: serials, versions, addresses, codes, states."""

from __future__ import annotations

import re
from collections import Counter

MOST_LINES = 5
_LINE_LIMIT, _READ_LINES = 180, 5_000
_ENOUGH, _ALIKE, _SHAPE_WORDS = 3, 2, 3
_NUMBER = re.compile(r"[0-9a-f]*[0-9][0-9a-f]*", re.IGNORECASE)

_LABEL = re.compile(
    r"\b(?:serial(?: ?(?:no|number))?|thumbprint|fingerprint|version|build|firmware|model|product|release|uuid|guid|mac"
    r"|error(?: ?code)?|exit ?code|event ?id|code|reason|cause|expir(?:es|y|ed|ation)|not ?after|valid (?:to|until)"
    r"|address|gateway|host ?name|domain|vlan|port|path|queued as|queue(?: ?id)?|ticket|order|licen[cs]e|contract"
    r"|status|state|health|result|last (?:backup|run|boot|seen|success)|uptime|size|free|used|capacity|owner|id)\b"
    r"(?:[^\n:=]{0,24}[:=]|\s)\s*\S",
    re.IGNORECASE,
)
_STATE = re.compile(
    r"\b(?:failed|failure|fatal|critical|error|expired|degraded|offline|unreachable|denied|refused|timed? ?out"
    r"|corrupt\w*|missing|mismatch|exceeded|stopped|disabled|warning|deprecated|full)\b",
    re.IGNORECASE,
)
# An address, a version, a code, or a run of letters and digits such as a serial number.
_VALUE = re.compile(
    r"\b(?:\d{1,3}(?:\.\d{1,3}){3}(?:/\d\d?)?|\d+(?:\.\d+){1,4}(?:[-+.]\w+)?|0x[0-9a-f]{4,16}|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}"
    r"|(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]{6,64}(?:-[A-Za-z0-9]+)*|\d{4}-\d\d-\d\d|\d{4,})\b",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")
# Words in a row, as no listing, log or code has them.
_PROSE_LINE = re.compile(r"^\W{0,8}(?:[A-Za-z'`(][\w'`/().,:;-]*\s+){4}")
_PROSE_SHARE = 0.4


def is_prose(output: str) -> bool:
    """Whether most of an output is told in sentences: an issue, a page of a manual, a note."""
    lines = [line for line in output.splitlines()[:_READ_LINES] if line.strip()]
    told = sum(len(line) for line in lines if _PROSE_LINE.match(line))
    return told > _PROSE_SHARE * sum(map(len, lines))


def telling_lines(output: str) -> list[str]:
    """Return the few lines of an output that name a state or a value worth finding again, in their order.

    Lines of one shape are a listing or a log, and tell nothing by being there: only what stands out among them does.
    """
    lines = [_SPACE.sub(" ", line).strip() for line in output.splitlines()[:_READ_LINES]]
    lines = [line for line in lines if 6 <= len(line) <= _LINE_LIMIT]
    shapes = Counter(map(_shape, lines))
    scored = [(_score(line), -number) for number, line in enumerate(lines) if shapes[_shape(line)] <= _ALIKE]
    best = sorted((each for each in scored if each[0] >= _ENOUGH), reverse=True)[:MOST_LINES]
    return list(dict.fromkeys(lines[-place] for _, place in sorted(best, key=lambda each: -each[1])))


def _shape(line: str) -> str:
    """How the line ends, without numbers: rows of a listing and of a log that say the same begin differently."""
    return _NUMBER.sub("0", " ".join(line.split(" ")[-_SHAPE_WORDS:]))


def _score(line: str) -> int:
    has_label, has_state = bool(_LABEL.search(line)), bool(_STATE.search(line))
    has_value = bool(_VALUE.search(line))
    return 2 * has_label + 2 * has_state + has_value + (has_value and len(line.split()) > 1)
