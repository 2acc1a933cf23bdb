"""What a written file tells that nobody may say again: its documents, and of code the names, values and remarks."""

from __future__ import annotations

import re

_DOCUMENTS = (".md", ".markdown", ".txt", ".rst", ".adoc", ".mdx")
# What a file of secrets holds is never kept, whatever redaction would find in it.
_SECRET = re.compile(
    r"(?:^|[/\\])(?:\.env(?!\.example)[^/\\]*|[^/\\]*(?:secret|credential|password|private)[^/\\]*|id_[a-z0-9]+|\.netrc"
    r"|\.pgpass|[^/\\]*\.(?:pem|key|pfx|p12|jks|kdbx|tfvars|ovpn))$",
    re.IGNORECASE,
)
_READ_LINES, _LINE_LIMIT, _TEXT_LIMIT = 2_000, 160, 900
_VALUE = r"(?:[-+]?\d[\d_.]*\w{0,3}|\"[^\"\n]{1,80}\"|'[^'\n]{1,80}'|`[^`\n]{1,80}`|:\w+|true|false|on|off|yes|no)"
# A constant, a default or a setting: a name that is given one value.
_SETTING = re.compile(
    rf"^[\s{{(,-]*(?:(?:export|const|let|var|val|final|static|public|private|readonly|set|local|define|#define)\s+)*"
    rf"[@$\"']?[A-Za-z_][\w.\-]{{2,60}}[\"']?\??\s*(?::\s*[\w\[\]| .]{{1,40}}?\s*=|:=|=>|=|:|\s)\s*{_VALUE}"
    rf"[\s,;)}}\]]*(?:(?:#|//|--).*)?$",
    re.IGNORECASE,
)
_DEFINITION = re.compile(
    r"^\s*(?:(?:export|default|public|private|protected|static|async|abstract|pub(?:\(\w+\))?|final|sealed)\s+)*"
    r"(?:class|interface|trait|struct|enum|record|module|defmodule|namespace|def|defp|defmacro|fn|func|fun|function|sub"
    r"|create\s+(?:unique\s+)?(?:table|index|view|trigger)|alter\s+table|resource|service|rpc|message)\s+[\w\"'`$]",
    re.IGNORECASE,
)
_REMARK = re.compile(r"^\s*(?:#+|//+|/?\*+|--|;+|%+|\"{3}|'{3}|<!--)\s*(?:\w[\w'`/().,:;-]*\s+){4}")
# An address, a route, the name of a setting in the environment.
_NAMED = re.compile(r"https?://\S|[\"'`]/[\w:{}<>*-]+(?:/[\w:{}<>*.-]+)+[\"'`]|\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b")
_SPACE = re.compile(r"\s+")


def is_document(path: str) -> bool:
    """Whether a file is written for people to read."""
    return path.lower().endswith(_DOCUMENTS) and not _SECRET.search(path)


def telling_code(path: str, text: str) -> list[str]:
    """Return the lines of a file's text that tell something by themselves, in their order, at most 900 characters.

    Settings come before remarks, and these before what is defined. A file of secrets tells nothing.
    """
    if _SECRET.search(path):
        return []
    found: dict[str, tuple[int, int]] = {}
    for number, line in enumerate(text.splitlines()[:_READ_LINES]):
        rank = _rank(line) if len(line) <= 2 * _LINE_LIMIT else None
        if rank is not None:
            found.setdefault(_SPACE.sub(" ", line).strip()[:_LINE_LIMIT], (rank, number))
    room = _TEXT_LIMIT
    kept: list[str] = []
    for line in sorted(found, key=found.__getitem__):
        if len(line) < room:
            room -= len(line) + 1
            kept.append(line)
    return sorted(kept, key=lambda line: found[line][1])


def _rank(line: str) -> int | None:
    """How much a line tells, the most first; None for nothing."""
    if _SETTING.match(line):
        return 0
    if _NAMED.search(line):
        return 1
    if _REMARK.match(line):
        return 2
    return 3 if _DEFINITION.match(line) else None
