"""Takes out of a text what no person and no model of the session wrote: injected context, reminders, wrappers.

Storing it would feed memory with its own output. Every function is linear in the length of the text.
"""

from __future__ import annotations

import re

from claudetools.domains.memory.capturing.turn import excerpt

MARKER = "claudetools-memory"
_OPENING, _CLOSING = f"<{MARKER}", f"</{MARKER}"
_STRAY_CLOSING = re.compile(rf"{_CLOSING}[^>\n]{{0,200}}>")
_MARK_LIMIT = 300
_BLOCK_LIMIT = 20_000
_READ_LIMIT = 400_000
_SPANS = (
    "system-reminder",
    "task-notification",
    "local-command-stdout",
    "local-command-stderr",
    "local-command-caveat",
    "command-message",
    "command-name",
    "command-contents",
    "bash-stdout",
    "bash-stderr",
    "ide_opened_file",
    "ide_selection",
    "ide_diagnostics",
    "user-prompt-submit-hook",
)
_ARGUMENTS = re.compile(r"</?command-args>")
_INTERRUPTED = re.compile(r"\[Request interrupted by user[^\]\n]{0,40}\]")
_SLASH_COMMAND = re.compile(r"/([A-Za-z][\w:.-]*)(?=\s|\Z)\s*")
_CLIENT_COMMANDS = frozenset(
    """add-dir agents bug clear compact config context cost doctor exit export fast help hooks ide login logout mcp
    model permissions plugin quit release-notes rename resume rewind sandbox statusline status theme usage vim
    """.split()  # noqa: SIM905 - a list of thirty quoted words is harder to read
)
_SUMMARY_OPENING = re.compile(r"\A\s*This session is being continued from a previous conversation[^\n]*\n+")
_SUMMARY_LABEL = re.compile(r"\A\s*Summary:\s*\n")
_SUMMARY_CLOSING = re.compile(
    r"\n\s*(?:If you need specific details from before compaction|(?:Please )?[Cc]ontinue the conversation from where)"
)
_BLANK_LINES = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """The text without injected memory, reminders, notifications, command wrappers and interruption marks, stripped."""
    text = excerpt(text, _READ_LIMIT)
    if MARKER in text:
        text = _without_memory(text)
    if "<" in text:
        for tag in _SPANS:
            if f"<{tag}" in text:
                text = _without_spans(text, tag)
        text = _ARGUMENTS.sub("", text)
    if "[Request interrupted" in text:
        text = _INTERRUPTED.sub("", text)
    return _BLANK_LINES.sub("\n\n", text).strip()


def clean_prompt(text: str) -> str:
    """A prompt without machine text and without the name of a slash command; empty if nothing was said.

    The client hands slash commands to hooks as typed, and writes them to the transcript in tags: both come out
    as the arguments alone. Arguments of the client's own commands ("/model x") say nothing worth keeping.
    """
    stripped = text.lstrip()
    if stripped.startswith("<task-notification"):
        return ""
    name = re.search(r"<command-name>\s*/?([\w:.-]+)", stripped[:2_000])
    if name and name[1] in _CLIENT_COMMANDS:
        return ""
    cleaned = clean(text)
    typed = _SLASH_COMMAND.match(cleaned)
    if typed:
        return "" if typed[1] in _CLIENT_COMMANDS else cleaned[typed.end() :].strip()
    return cleaned


def clean_summary(text: str) -> str:
    """A compaction summary without the drafting before it and the client's sentences around it.

    The hook gets it as the model wrote it, the transcript has it inside instructions for the next model.
    """
    start, end = text.find("<summary>"), text.rfind("</summary>")
    if 0 <= start < end:
        text = text[start + len("<summary>") : end]
    else:
        text = _SUMMARY_OPENING.sub("", _without_spans(clean(text), "analysis"), count=1)
        closing = _SUMMARY_CLOSING.search(text)
        text = text[: closing.start()] if closing else text
    return _SUMMARY_LABEL.sub("", clean(text), count=1)


def _without_memory(text: str) -> str:
    """The text without our boundary blocks.

    A block ends at the closing mark that repeats the opening's attribute, so that a mark quoted inside it ends
    nothing. A block at the start of a line that is never closed (cut off) reaches to the end.
    """
    kept: list[str] = []
    position = 0
    while (start := text.find(_OPENING, position)) >= 0:
        end = _block_end(text, start)
        if end < 0:
            cut_off = start if start == 0 else text.find(f"\n{_OPENING}", start - 1)
            kept.append(text[position:cut_off] if cut_off >= 0 else text[position:])
            position = len(text)
        else:
            kept.append(text[position:start])
            position = end
    kept.append(text[position:])
    return _STRAY_CLOSING.sub("", "".join(kept))


def _block_end(text: str, start: int) -> int:
    """Where the block that opens at `start` ends; -1 if it is never closed."""
    attribute_end = text.find(">", start, start + _MARK_LIMIT)
    attribute = text[start + len(_OPENING) : attribute_end] if attribute_end >= 0 else ""
    found = text.find(f"{_CLOSING}{attribute}>", start, start + _BLOCK_LIMIT) if attribute.strip() else -1
    if found < 0:
        found = text.find(_CLOSING, start)
    if found < 0:
        return -1
    end = text.find(">", found, found + _MARK_LIMIT)
    return len(text) if end < 0 else end + 1


def _without_spans(text: str, tag: str) -> str:
    """The text without `<tag ...>...</tag>`; one that opens a line and is never closed reaches to the end."""
    kept: list[str] = []
    position = 0
    opening, closing = f"<{tag}", f"</{tag}>"
    while True:
        start = text.find(opening, position)
        if start < 0:
            break
        end = text.find(closing, start)
        if end >= 0:
            kept.append(text[position:start])
            position = end + len(closing)
        elif start == 0 or text[start - 1] == "\n":
            kept.append(text[position:start])
            position = len(text)
        else:
            break
    kept.append(text[position:])
    return "".join(kept)
