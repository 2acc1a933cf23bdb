"""Reads a shell command: which program runs, on which host, whether it changes a configuration.

Heuristic by design: it serves to find again, not to execute.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

_READ_LIMIT = 4_000
_QUOTING_LIMIT = 1_000  # splitting by the rules of quoting takes a microsecond a character
_SHOWN_LIMIT = 160
_SEPARATORS = re.compile(r"\s*(?:&&|\|\||;|\n|\|(?!\|)|&(?![>&\d]))\s*")
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"")
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=\S*$")
_SETUP = frozenset(["cd", "pushd", "popd", "echo", "export", "set", "source", ".", "sleep", "true", "printf", "unset"])
_PREFIXES = frozenset(["sudo", "doas", "env", "nohup", "time", "command", "exec", "nice", "stdbuf", "xargs"])
_SSH = frozenset(["ssh", "plink", "plink.exe", "sshpass", "autossh"])
_SSH_VALUE_OPTIONS = frozenset("-i -p -P -o -l -F -J -L -R -D -b -c -E -m -S -W -pw".split())  # noqa: SIM905
_SHELLS = frozenset(["bash", "sh", "zsh", "pwsh", "powershell", "powershell.exe", "cmd", "cmd.exe", "wsl"])
_WINRM = re.compile(
    r"Invoke-Command\b.*?-ComputerName\s+[\"']?([\w.-]+)[\"']?.*?-ScriptBlock\s*\{(.*)\}", re.IGNORECASE | re.DOTALL
)
_PSEXEC = re.compile(r"psexec(?:64)?(?:\.exe)?\s+\\\\([\w.-]+)\s+(.*)", re.IGNORECASE | re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*[\"']?(\w+)[\"']?[^\n]*\n(.*?)\n\s*\1\s*(?:\n|\Z)", re.DOTALL)
_CONTAINER = re.compile(r"^(?:docker|podman|kubectl|lxc|pct|incus)(?:\s+compose)?\s+exec\s+")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_HOST_NAME = re.compile(r"[\w.-]{1,200}")
_ROOT_PROMPT = re.compile(r"^(?:#|\$|PS>|>)\s+")


@dataclass(frozen=True, slots=True)
class Command:
    """A shell command taken apart.

    `program` is lower case and without its folder; `target` is the host it runs on, `account` who logs on there.
    """

    shown: str
    program: str
    target: str | None
    account: str | None
    words: frozenset[str]
    inner: str

    @property
    def arguments(self) -> frozenset[str]:
        """The words without those of the program's name."""
        return self.words - {word.lower() for word in _WORD.findall(self.program)}


def parse(text: str) -> Command:
    """The command as seen by a person: without the change of folder before it, and unwrapped from its remote shell."""
    text = text[:_READ_LIMIT].strip()
    remote = _remote(text)
    inner = remote.inner
    part = _main_part(inner)
    tokens = _tokens(part)
    program = tokens[0].replace("\\", "/").rsplit("/", 1)[-1].lower() if tokens else ""
    words = frozenset(word.lower() for token in tokens for word in _WORD.findall(token))
    return Command(shown(inner), program, remote.target, remote.account, words, inner)


def shown(text: str) -> str:
    """One line of at most 160 characters, safe between backquotes."""
    line = "; ".join(part.strip() for part in text.strip().splitlines() if part.strip()).replace("`", "'")
    line = " ".join(line.split())
    return line if len(line) <= _SHOWN_LIMIT else line[: _SHOWN_LIMIT - 3].rstrip() + "..."


@dataclass(frozen=True, slots=True)
class _Remote:
    """What runs, where, and under whose account; all but the first are None for a local command."""

    inner: str
    target: str | None = None
    account: str | None = None


def _remote(text: str) -> _Remote:
    for mark, pattern in (("-ScriptBlock", _WINRM), ("psexec", _PSEXEC)):
        remote = pattern.search(text) if mark.lower() in text.lower() else None
        if remote:
            return _Remote(remote[2].strip(), remote[1].lower())
    part = _without_folder(text)
    tokens = _tokens(_HEREDOC.sub("", part) if "<<" in part else part, keep_tail=True)
    if tokens and tokens[0].rsplit("/", 1)[-1] in _SSH:
        found = _ssh(tokens)
        if found.target:
            body = _HEREDOC.search(part)
            return _Remote((body[2] if body else found.inner) or part, found.target, found.account)
    if tokens and tokens[0].lower() in _SHELLS and len(tokens) > 2:
        for index, token in enumerate(tokens[1:-1], start=1):
            if token.lower() in ("-c", "-lc", "-command", "/c"):
                return _Remote(" ".join(tokens[index + 1 :]))
    if _CONTAINER.match(part):
        names = [token for token in tokens[2:] if not token.startswith("-") and token not in ("exec", "compose")]
        if len(names) > 1:
            return _Remote(" ".join(tokens[tokens.index(names[1]) :]).removeprefix("-- "), names[0])
    return _Remote(part)


def _without_folder(text: str) -> str:
    """The text without `cd somewhere &&` and comment lines at its beginning."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")] or text.splitlines()
    text = "\n".join(lines).strip()
    return re.sub(r"^(?:cd|pushd)\s+(?:\"[^\"]*\"|'[^']*'|\S+)\s*(?:&&|;|\n)\s*", "", text)


def _ssh(tokens: list[str]) -> _Remote:
    index, account = 1, None
    if tokens[0].endswith("sshpass"):
        while index < len(tokens) and tokens[index] not in _SSH:
            index += 1
        index += 1
    while index < len(tokens) and tokens[index].startswith("-"):
        if tokens[index] == "-l":
            account = tokens[index + 1] if index + 1 < len(tokens) else None
        index += 2 if tokens[index] in _SSH_VALUE_OPTIONS else 1
    if index >= len(tokens):
        return _Remote("")
    named, _, host = tokens[index].rpartition("@")
    host = host.split(":")[0].lower()
    if not _HOST_NAME.fullmatch(host):
        return _Remote("")
    return _Remote(" ".join(tokens[index + 1 :]), host, (named or account or "")[:64] or None)


def _main_part(text: str) -> str:
    """The first command of a chain that does something, without what only sets the scene."""
    masked = _QUOTED.sub(lambda match: "_" * len(match[0]), text)
    start = 0
    fallback = ""
    for separator in [*_SEPARATORS.finditer(masked), None]:
        part = _ROOT_PROMPT.sub("", text[start : separator.start() if separator else len(text)].strip())
        first = part.split(maxsplit=1)[0] if part else ""
        # A scene-setter with arguments can be a device's own command ("set vpn ..."): `set -e` is not.
        if part and (first not in _SETUP or (first == "set" and not part.startswith(("set -", "set +")))):
            return part
        fallback = fallback or part
        start = separator.end() if separator else start
    return fallback


def _tokens(text: str, *, keep_tail: bool = False) -> list[str]:
    try:
        tokens = shlex.split(text) if len(text) <= _QUOTING_LIMIT else text.split()
    except ValueError:
        tokens = text.split()
    while tokens and (tokens[0] in _PREFIXES or _ASSIGNMENT.match(tokens[0]) or tokens[0].startswith("-")):
        tokens = tokens[1:]
    if tokens and tokens[0] == "timeout":
        tokens = tokens[2:]
    return tokens if keep_tail else tokens[:60]
