"""Finds the one line of an output that says what went wrong."""

from __future__ import annotations

import re

_LINE_LIMIT = 200
_READ_LINES = 200
_EXIT_CODE = re.compile(r"^(?:Error: )?Exit code (\d+)\s*$")
_EXCEPTION = re.compile(r"^(?:[\w.]+\.)?\w*(?:Error|Exception|Warning|Timeout|Failure)(?::|$)")
_STRONG = re.compile(
    r"not recognized|not found|no such|unknown (?:command|action|option|host|unit|parameter)|command parse error|"
    r"invalid|denied|refused|timed out|timeout|unable to|cannot|can't|could not|couldn't|does not exist|doesn't exist|"
    r"no space left|disk full|out of memory|read-only file system|bad magic|quota|insufficient|does not meet|"
    r"not allowed|unrecognized|unsupported|not supported|unreachable|forbidden|unauthori[sz]ed|expired|already in use|"
    r"Return code -|no route to host|conflict|locked|rejected|aborted|fatal|"
    r"% ?(?:Invalid|Unknown|Incomplete|Ambiguous)",
    re.IGNORECASE,
)
_WEAK = re.compile(r"error|fail(?:ed|ure)?\b|exception|panic|critical", re.IGNORECASE)
_NOISE = re.compile(
    r"^\s*(?:at .+:\d+|File \".*|Traceback|\^+|~+|\+ |Line \||\d+ \||\|\s*~|warning: |note: |For more information"
    r"|Usage:|usage:|Try '|See '|Some commands|\[\.\.\. )"
)
_ADDRESSED = re.compile(
    r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:instruction|previous|above|prompt|rule)|\bsystem prompt\b|"
    r"\byou are (?:now|an? )|\b(?:assistant|claude|AI|model)\b.{0,30}\b(?:must|should|run|execute)\b|</?\w[-\w]*>.*<",
    re.IGNORECASE,
)
# What a remote shell answers to a command it does not know while the session itself ends with success.
_REFUSAL = re.compile(
    r"^(?:\S{1,40}[#>$] ?)?(?:command parse error|unknown action|command fail"
    r"|% ?(?:invalid|unknown|incomplete|ambiguous)"
    r"|error: ?(?:unknown|invalid|unrecogni[sz]ed|syntax)|unknown command|syntax error|invalid (?:input|command|syntax)"
    r"|bad command|unrecogni[sz]ed command|no such command|.{0,80}: (?:command )?not found$"
    r"|.{0,120}is not recognized as|permission denied\b|expected end of command|input does not match|.{0,20}\^\s*$)",
    re.IGNORECASE,
)
_REFUSAL_LINES = 15


def essential_error(text: str | None) -> str:
    """The line that names the error, at most 200 characters; "" if there is none.

    A line that talks to a reader instead of reporting ("ignore previous instructions") is never taken: an output
    may be written by an attacker.
    """
    lines = [line.strip() for line in (text or "").splitlines()[:_READ_LINES]]
    exit_code = next((match[1] for line in lines if (match := _EXIT_CODE.match(line))), None)
    lines = [line for line in lines if line and not _EXIT_CODE.match(line)]
    useful = [line for line in lines if not _NOISE.match(line) and not _ADDRESSED.search(line)]
    exception = next((line for line in reversed(useful) if _EXCEPTION.match(line)), None)
    found = exception or _strongest(useful) or _first(useful, _WEAK) or (useful[-1] if useful else "")
    if not found and exit_code:
        return f"exit code {exit_code}"
    return trimmed(" ".join(found.replace("`", "'").split()), _LINE_LIMIT)


def refusal_in(output: str | None) -> str:
    """The error in the output of a remote command that counts as successful; "" if it is a normal output."""
    lines = [line.strip() for line in (output or "").splitlines() if line.strip()]
    if len(lines) > _REFUSAL_LINES or not any(_REFUSAL.match(line) for line in lines):
        return ""
    return essential_error(output)


def trimmed(text: str, limit: int) -> str:
    """The text cut at a word end to at most `limit` characters, with "..." where something is missing."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 3]
    word_end = kept.rfind(" ", limit // 2)
    return kept[: word_end if word_end > 0 else len(kept)].rstrip(" ,;:-") + "..."


def _strongest(lines: list[str]) -> str | None:
    """The first clear error and, if short, the last one: the cause is often named after the consequence."""
    strong = [line for line in lines if _STRONG.search(line)]
    if not strong:
        return None
    whole = f"{strong[0].rstrip('.')}; {strong[-1]}"
    return whole if strong[0] != strong[-1] and len(whole) <= _LINE_LIMIT else strong[0]


def _first(lines: list[str], pattern: re.Pattern[str]) -> str | None:
    return next((line for line in lines if pattern.search(line)), None)
