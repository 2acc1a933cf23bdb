"""Rules that look at one file at a time."""

import re
import sys
from collections.abc import Callable, Iterator
from typing import Final

from lint.config import COMMITTING_MODULES
from lint.source import Finding, Source

Rule = Callable[[Source], Iterator[Finding]]

_EMPTY_NAMES: Final = frozenset({"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"})

_PRIVATE_NOTES: Final = {
    "an author": re.compile(r"@author|\bauthor:", re.IGNORECASE),
    "a person": re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\s*\(\s*@?[A-Za-z]"),
    "an issue": re.compile(r"(?<![\w&#])#\d+\b|\bGH-\d+\b|\b(?:issue|PR|pull request)\s+#?\d+\b", re.IGNORECASE),
    "a date": re.compile(r"\b20\d\d-\d\d-\d\d\b"),
}


def commit_only_in_session(source: Source) -> Iterator[Finding]:
    """Only the unit of work commits: nothing else can leave half a request behind."""
    if not source.path.startswith("src/"):
        return
    for call, name in source.calls():
        if name == "commit" and source.path not in COMMITTING_MODULES:
            yield Finding(source.path, call.lineno, "commit-only-in-session", "leave the commit to the unit of work")


def no_http_exception_in_domains(source: Source) -> Iterator[Finding]:
    """A domain raises a Problem: it does not know that it is called over HTTP."""
    if not source.is_in("domains"):
        return
    for node in source.nodes:
        names = {getattr(node, field, None) for field in ("id", "attr", "name")}
        if names & {"HTTPException", "StarletteHTTPException"}:
            line = getattr(node, "lineno", 1)
            yield Finding(source.path, line, "no-http-exception-in-domains", "raise a Problem of kit.problems")


def no_empty_module_name(source: Source) -> Iterator[Finding]:
    """A module is named after its subject."""
    for part in source.parts:
        for word in _EMPTY_NAMES.intersection(part.lower().split("_")):
            yield Finding(source.path, 1, "no-empty-module-name", f"`{word}` names no subject")


def routes_without_postponed_annotations(source: Source) -> Iterator[Finding]:
    """The route factory annotates with local types, which cannot be looked up by name later."""
    if not (source.is_in("kit/resource") and source.parts[-1].startswith("routes")):
        return
    for node, module in source.imports():
        if module == "__future__":
            yield Finding(
                source.path, node.lineno, "routes-without-postponed-annotations", "remove the import of __future__"
            )


def claude_stdlib_only(source: Source) -> Iterator[Finding]:
    """What runs on a technician's machine runs with whatever Python is there."""
    if not source.is_in("claude"):
        return
    for node, module in source.imports():
        is_own = module == "claudetools.claude" or module.startswith("claudetools.claude.")
        if not is_own and module.partition(".")[0] not in sys.stdlib_module_names:
            yield Finding(source.path, node.lineno, "claude-stdlib-only", f"`{module}` is not in the standard library")


def no_private_note(source: Source) -> Iterator[Finding]:
    """Who, when and why a line was changed stands in the history; a comment says what holds now."""
    for line, comment in source.comments():
        for what, pattern in _PRIVATE_NOTES.items():
            if pattern.search(comment):
                yield Finding(source.path, line, "no-private-note", f"a comment names {what}")


RULES: Final[tuple[Rule, ...]] = (
    commit_only_in_session,
    no_http_exception_in_domains,
    no_empty_module_name,
    routes_without_postponed_annotations,
    claude_stdlib_only,
    no_private_note,
)
