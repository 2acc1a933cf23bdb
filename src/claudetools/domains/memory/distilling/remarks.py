"""What a command says in words: the message of a commit, the text of a ticket, why something was closed."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPTION = (
    r"(?:-m|-b|-d|-t|-n|--?(?:message|body|reason|description|title|notes?|comment|summary|text|content|subject|design"
    r"|acceptance|append-notes|resolution|details))"
)
_HEREDOC = re.compile(r"<<-?\s*[\"']?(\w+)[\"']?[^\n]*\n(.*?)\n\s*\1\b", re.DOTALL)
_FROM_HEREDOC = re.compile(rf"(?:{_OPTION}(?:=|\s+)[\"']?(?:\$\(\s*cat\s*)?|-F\s*-\s*|--body-file\s*[= ]\s*-\s*)$")
_GIVEN = re.compile(rf"(?<!\S){_OPTION}(?:=|\s+)(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)')", re.DOTALL)
_SEPARATOR = re.compile(r"&&|\|\||;|\n|\|")
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"")
_ESCAPED = re.compile(r"\\([\"$`\\])")
_SIGNED = re.compile(
    r"^\s*(?:Co-Authored-By|Signed-off-by|Generated with|\W*Generated with)\b.*$", re.IGNORECASE | re.MULTILINE
)
_READ_LIMIT, _HEAD_LIMIT = 6_000, 60
_FEWEST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Remark:
    """A text that a command was given, and the command's beginning (`git commit`, `gh issue close 12`)."""

    command: str
    text: str


def remarks_in(command: str) -> list[Remark]:
    """Return the texts of at least five words that the commands of a line take as messages, in their order."""
    command = command[:_READ_LIMIT]
    if " -" not in command:
        return []
    found: list[tuple[int, str, str]] = []
    masked = command
    for heredoc in _HEREDOC.finditer(command):
        before = _FROM_HEREDOC.search(command, 0, heredoc.start())
        if before:
            found.append((before.start(), _head(masked, before.start()), heredoc[2]))
        blank = " " * len(heredoc[0])
        masked = masked[: heredoc.start()] + blank + masked[heredoc.end() :]
    for given in _GIVEN.finditer(masked):
        text = _ESCAPED.sub(r"\1", given[1] or "") or given[2] or ""
        if "$(cat" not in text:
            found.append((given.start(), _head(masked, given.start()), text))
    texts: dict[str, list[str]] = {}
    for _, head, text in sorted(found):
        texts.setdefault(head, []).append(_SIGNED.sub("", text).strip())
    told = [Remark(head, "\n\n".join(part for part in parts if part)) for head, parts in texts.items()]
    return [remark for remark in told if len(remark.text.split()) >= _FEWEST_WORDS]


def _head(command: str, end: int) -> str:
    """The command that an option belongs to, as far as it stands before that option, without other options."""
    masked = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), command[:end])
    start = max((each.end() for each in _SEPARATOR.finditer(masked)), default=0)
    words: list[str] = []
    for word in command[start:end].split():
        if word.startswith("-"):
            break
        words.append(word)
    return " ".join(words).replace("`", "'")[:_HEAD_LIMIT]
