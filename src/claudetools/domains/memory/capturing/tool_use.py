"""Makes a `ToolUse` of what the client says about one call of a tool: its input, and its result in any shape."""

from __future__ import annotations

import re
from collections.abc import Mapping

from claudetools.domains.memory.capturing.fields import (
    compact_json,
    decoded,
    flag_of,
    items_of,
    joined_text,
    mapping_of,
    text_of,
)
from claudetools.domains.memory.capturing.machine_text import clean
from claudetools.domains.memory.capturing.turn import (
    FILE_TOOLS,
    OUTPUT_LIMIT,
    REPORT_LIMIT,
    REPORTING_TOOLS,
    SUMMARY_LIMIT,
    TEXT_LIMIT,
    ToolUse,
    cut,
    digest16,
    excerpt,
    is_output_kept,
)
from claudetools.domains.memory.distilling.outputs import is_prose, telling_lines
from claudetools.domains.memory.distilling.written import is_document, telling_code

_OWN_TOOLS = ("mcp__plugin_claudetools", "mcp__claudetools")
_SHELL_TOOLS = frozenset({"Bash", "PowerShell"})
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)")
_ERROR_TAGS = re.compile(r"</?(?:tool_use_error|error)>")
_REFUSED = re.compile(
    r"The user doesn't want to (?:proceed|take this action)|^\[Request interrupted|Request interrupted by user"
    r"|The tool use was rejected|Permission to use .{1,200} has been denied|requires approval",
)
_SUBJECTS = ("description", "query", "pattern", "url", "file_path", "path", "prompt", "skill", "subject", "name")


def is_own_tool(name: str) -> bool:
    """Whether the tool is one of ours: what it returns is memory already and must not be stored again."""
    return name.startswith(_OWN_TOOLS)


def without_colours(text: str) -> str:
    """A terminal's output without its control sequences."""
    return _ANSI.sub("", text)


def used(name: str, tool_input: object) -> ToolUse:
    """The use of a tool whose end is not known yet."""
    given = mapping_of(tool_input)
    command = excerpt(clean(text_of(given.get("command"))), TEXT_LIMIT // 4) if name in _SHELL_TOOLS else ""
    path = text_of(given.get("file_path")) or text_of(given.get("notebook_path")) if name in FILE_TOOLS else ""
    return ToolUse(
        name=name,
        command=command or None,
        path=path[:1_000] or None,
        summary=_summary(name, given, command, path),
        output=_written(path, given) or None,
    )


def ended(use: ToolUse, response: object, *, failed: bool | None = None, duration_ms: int | None = None) -> ToolUse:
    """The use with its result.

    `failed` is None where the source does not say; a person's refusal or interruption is neither success nor failure.
    """
    parsed = decoded(response)
    details = parsed if isinstance(parsed, Mapping) else {}
    output = _kept(use.name, _output(parsed))
    stopped = flag_of(details.get("interrupted")) or (failed is not False and bool(_REFUSED.search(output[:600])))
    succeeded = None if stopped or failed is None else not failed
    return ToolUse(
        name=use.name,
        command=use.command,
        path=use.path,
        summary=use.summary or _file_summary(details),
        succeeded=succeeded,
        error=output or None if succeeded is False else None,
        output=None if succeeded is False else _output_of(use, output) or None,
        duration_ms=duration_ms,
    )


def result_key(tool_use_id: str | None, fallback: str | None, use: ToolUse) -> str:
    """The identity of a tool's turn: the client's id of the use, else the line's uuid, else what was asked of it."""
    if tool_use_id:
        return f"tool:{tool_use_id}"
    return f"tool:{fallback or digest16(f'{use.name} {use.command} {use.path} {use.summary}')}"


def _output_of(use: ToolUse, output: str) -> str | None:
    """What is stored as the output of a use that did not fail, given what the tool answered."""
    if use.name in FILE_TOOLS:
        return use.output
    return output if is_output_kept(use.name, use.command) else None


def _written(path: str, given: Mapping[str, object]) -> str:
    """What a file tool writes: a document as it is, of code the lines that tell something."""
    if not path:
        return ""
    edits = [mapping_of(edit).get("new_string") for edit in items_of(given.get("edits"))]
    parts = [given.get("content"), given.get("new_string"), given.get("new_source"), *edits]
    text = clean("\n".join(part for part in map(text_of, parts) if part))
    return excerpt(text, REPORT_LIMIT) if is_document(path) else "\n".join(telling_code(path, text))


def _kept(name: str, output: str) -> str:
    """The output; of a long one the beginning, the end and the lines between them that tell something."""
    if len(output) <= OUTPUT_LIMIT:
        return output
    if name in REPORTING_TOOLS or is_prose(output):
        return excerpt(output, REPORT_LIMIT)
    telling = "\n".join(telling_lines(output))
    room = OUTPUT_LIMIT - len(telling) - 1 if telling else OUTPUT_LIMIT
    return f"{excerpt(output, room)}\n{telling}" if telling else excerpt(output, room)


def _output(response: object) -> str:
    """The text of a result: a string, content blocks, a shell's streams, or the object as one line of JSON."""
    if isinstance(response, str):
        text = response
    elif isinstance(response, Mapping):
        streams = [text_of(response.get(stream)) for stream in ("stdout", "stderr", "error")]
        text = "\n".join(part.rstrip() for part in streams if part.strip())
        if not text and "stdout" not in response:
            content = response.get("content") or mapping_of(response.get("file")).get("content")
            text = joined_text(content) or compact_json(response, OUTPUT_LIMIT * 2)
    elif isinstance(response, list):
        text = joined_text(response) or ("" if _has_blocks(response) else compact_json(response, OUTPUT_LIMIT * 2))
    else:
        text = ""
    return clean(_ERROR_TAGS.sub("", without_colours(excerpt(text, 10 * TEXT_LIMIT))))


def _has_blocks(response: list[object]) -> bool:
    return any(isinstance(block, Mapping) and isinstance(block.get("type"), str) for block in response)


def _summary(name: str, given: Mapping[str, object], command: str, path: str) -> str:
    if command:
        said = text_of(given.get("description")) or command
    elif path:
        said = _file_change(name, given, path)
    else:
        said = next((text for key in _SUBJECTS if (text := text_of(given.get(key)).strip())), "")
        said = said or (compact_json(given, SUMMARY_LIMIT) if given else "")
    # The lines stay until secrets are out: one that is cut by a line break is not known any more behind a blank.
    return cut("\n".join(" ".join(line.split()) for line in clean(cut(said, 2_000)).splitlines()), SUMMARY_LIMIT)


def _file_change(name: str, given: Mapping[str, object], path: str) -> str:
    if name == "Write":
        return f"write {path} ({text_of(given.get('content')).count(chr(10)) + 1} lines)"
    new = " ".join(text_of(given.get("new_string")).split())[:120]
    return f"edit {path}: {new}" if new else f"edit {path}"


def _file_summary(details: Mapping[str, object]) -> str:
    path = text_of(details.get("filePath"))
    return f"write {path}"[:SUMMARY_LIMIT] if path else ""
