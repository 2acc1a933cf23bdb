"""Turns what the client reports into turns: hook events as they happen, transcript lines when healing.

The same thing seen both ways gets the same key, so that storing it twice stores it once. Nothing here raises on
any input; what cannot be understood is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import cast

from claudetools.domains.memory.capturing.fields import (
    flag_of,
    instant_of,
    items_of,
    joined_text,
    mapping_of,
    name_of,
    number_of,
    text_of,
)
from claudetools.domains.memory.capturing.machine_text import clean, clean_prompt, clean_summary
from claudetools.domains.memory.capturing.prompt_chain import agent_of, prompts_of
from claudetools.domains.memory.capturing.tool_use import ended, is_own_tool, result_key, used
from claudetools.domains.memory.capturing.turn import TEXT_LIMIT, ToolUse, TurnDraft, digest16, excerpt, merge

__all__ = ["ToolUse", "TurnDraft", "from_hook", "from_transcript", "merge"]

CWD_LIMIT = 500
_MACHINE_SOURCES = frozenset({"system", "task-notification"})


def from_hook(event: Mapping[str, object]) -> list[TurnDraft]:
    """The turn in one hook event, if there is one: a prompt, a tool, a last answer or a compaction summary.

    A batch of tools (PostToolBatch) says nothing that the events of its tools have not said.
    Fields may be JSON text where objects are expected: hooks of type mcp_tool pass everything as text.
    """
    name = text_of(event.get("hook_event_name"))
    prompt_id, agent_id = name_of(event.get("prompt_id")), name_of(event.get("agent_id"))
    draft = None
    if name == "UserPromptSubmit" and text_of(event.get("source")) not in _MACHINE_SOURCES:
        draft = _prompt(event.get("prompt"), prompt_id, agent_id)
    elif name in ("PreToolUse", "PostToolUse", "PostToolUseFailure"):
        draft = _hook_tool(name, event, prompt_id, agent_id)
    elif name == "Stop" or (name == "SubagentStop" and text_of(event.get("agent_type"))):
        # The compaction's own run ends with a SubagentStop without an agent type: its text is the summary.
        draft = _answer(event.get("last_assistant_message"), prompt_id, agent_id)
    elif name == "PostCompact":
        draft = _summary(event.get("compact_summary"), prompt_id, agent_id)
    return [] if draft is None else [draft]


def from_transcript(lines: Iterable[Mapping[str, object]], *, prompt_id: str | None = None) -> list[TurnDraft]:
    """The turns in a run of transcript lines, in the order in which they were first seen.

    `prompt_id` is the prompt that was being worked on where the run begins (the last one stored of this transcript);
    it is used for lines before the first one that names a prompt. A result whose tool use is not in the
    run comes out with an empty tool name: see `ToolUse`.
    """
    # A line of a JSON file can be anything: the declared type is a promise that a caller may not keep.
    known = [line for line in cast(Iterable[object], lines) if isinstance(line, Mapping)]
    reader = _Reader()
    for line, line_prompt_id in zip(known, prompts_of(known, prompt_id), strict=True):
        reader.read(line, line_prompt_id)
    return _merged(reader.finish())


class _Reader:
    """Reads lines one after the other; holds back an answer until no further block of the same text can follow."""

    def __init__(self) -> None:
        self._drafts: list[TurnDraft] = []
        self._uses: dict[str, ToolUse] = {}
        self._own_uses: set[str] = set()
        self._texts: list[str] = []
        self._seen: _Seen | None = None

    def read(self, line: Mapping[str, object], prompt_id: str | None) -> None:
        kind = text_of(line.get("type"))
        seen = _Seen(line, prompt_id)
        if kind == "assistant" and not flag_of(line.get("isApiErrorMessage")):
            self._assistant(line, seen)
        elif kind == "user":
            self._flush()
            self._user(line, seen)
        elif kind == "attachment":
            attachment = mapping_of(line.get("attachment"))
            if attachment.get("type") == "queued_command" and attachment.get("commandMode") == "prompt":
                self._keep(seen, _prompt(attachment.get("prompt"), None, seen.agent_id, seen.uuid))

    def finish(self) -> list[TurnDraft]:
        self._flush()
        return self._drafts

    def _keep(self, seen: _Seen, draft: TurnDraft | None) -> None:
        if draft is not None:
            self._drafts.append(replace(draft, at=seen.at, uuid=seen.uuid, prompt_id=seen.prompt_id, cwd=seen.cwd))

    def _assistant(self, line: Mapping[str, object], seen: _Seen) -> None:
        message = mapping_of(line.get("message"))
        if message.get("model") == "<synthetic>":
            return
        if self._seen and self._seen.message_id != seen.message_id:
            self._flush()
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else items_of(content)
        for block in blocks:
            if not isinstance(block, Mapping):
                continue
            if block.get("type") == "text":
                self._seen = self._seen or seen
                self._texts.append(text_of(block.get("text")))
            elif block.get("type") == "tool_use":
                self._flush()
                self._tool_use(block, seen)

    def _flush(self) -> None:
        if self._seen:
            text = "\n".join(self._texts)
            self._keep(self._seen, _answer(text, self._seen.prompt_id, self._seen.agent_id, self._seen.uuid))
        self._texts, self._seen = [], None

    def _tool_use(self, block: Mapping[str, object], seen: _Seen) -> None:
        name = text_of(block.get("name")).strip()[:200] or "tool"
        use_id = name_of(block.get("id"))
        if is_own_tool(name):
            self._own_uses.update([use_id] if use_id else [])
            return
        use = used(name, block.get("input"))
        if use_id:
            self._uses[use_id] = use
        self._keep(seen, _tool(use_id, use, None, seen.agent_id, seen.uuid))

    def _user(self, line: Mapping[str, object], seen: _Seen) -> None:
        content = mapping_of(line.get("message")).get("content")
        if flag_of(line.get("isCompactSummary")):
            self._keep(seen, _summary(content, None, seen.agent_id))
            return
        origin = text_of(mapping_of(line.get("origin")).get("kind"))
        if (
            flag_of(line.get("isMeta"))
            or {
                origin,
                text_of(line.get("turnOrigin")),
                text_of(line.get("promptSource")),
            }
            & _MACHINE_SOURCES
        ):
            return
        if not isinstance(content, str):
            for block in items_of(content):
                if isinstance(block, Mapping) and block.get("type") == "tool_result":
                    self._tool_result(line, block, seen)
        self._keep(seen, _prompt(content, seen.prompt_id, seen.agent_id, seen.uuid))

    def _tool_result(self, line: Mapping[str, object], block: Mapping[str, object], seen: _Seen) -> None:
        use_id = name_of(block.get("tool_use_id"))
        if use_id in self._own_uses:
            return
        use = self._uses.get(use_id or "", ToolUse(name=""))
        details = mapping_of(line.get("toolUseResult"))
        failed = flag_of(block.get("is_error"))
        structured = not failed and ("stdout" in details or "agentId" in details)
        response = details if structured else block.get("content")
        duration = number_of(details.get("durationMs"))
        done = ended(use, response, failed=failed, duration_ms=duration)
        self._keep(seen, _tool(use_id, done, None, seen.agent_id, seen.uuid))


class _Seen:
    """Where and when something was said: what every draft of one line has in common."""

    __slots__ = ("agent_id", "at", "cwd", "message_id", "prompt_id", "uuid")

    def __init__(self, line: Mapping[str, object], prompt_id: str | None) -> None:
        self.prompt_id = prompt_id
        self.agent_id = agent_of(line)
        self.at = instant_of(line.get("timestamp"))
        self.uuid = name_of(line.get("uuid"))
        self.cwd = text_of(line.get("cwd"))[:CWD_LIMIT] or None
        self.message_id = name_of(mapping_of(line.get("message")).get("id"))


def _hook_tool(event: str, call: Mapping[str, object], prompt_id: str | None, agent_id: str | None) -> TurnDraft | None:
    name = text_of(call.get("tool_name")).strip()[:200] or "tool"
    if is_own_tool(name):
        return None
    use = used(name, call.get("tool_input"))
    if event == "PostToolUseFailure":
        stopped = flag_of(call.get("is_interrupt"))
        use = ended(
            use, call.get("error"), failed=None if stopped else True, duration_ms=number_of(call.get("duration_ms"))
        )
    elif event == "PostToolUse":
        use = ended(use, call.get("tool_response"), failed=False, duration_ms=number_of(call.get("duration_ms")))
    return _tool(name_of(call.get("tool_use_id")), use, prompt_id, agent_id)


def _tool(
    use_id: str | None, use: ToolUse, prompt_id: str | None, agent_id: str | None, uuid: str | None = None
) -> TurnDraft:
    key = result_key(use_id, uuid, use)
    return TurnDraft(key=key, kind="tool", text=use.rendered(), prompt_id=prompt_id, agent_id=agent_id, tool=use)


def _prompt(value: object, prompt_id: str | None, agent_id: str | None, uuid: str | None = None) -> TurnDraft | None:
    text = clean_prompt(joined_text(value))
    if not text:
        return None
    identity = prompt_id or uuid or digest16(text)
    if agent_id:
        # A subagent works under the id of the prompt that started it: that key is the person's.
        identity = f"{agent_id}:{digest16(text)}"
    return TurnDraft(
        key=f"prompt:{identity}",
        kind="prompt",
        text=excerpt(text, TEXT_LIMIT),
        prompt_id=prompt_id,
        agent_id=agent_id,
    )


def _answer(value: object, prompt_id: str | None, agent_id: str | None, uuid: str | None = None) -> TurnDraft | None:
    text = clean(joined_text(value))
    if not text:
        return None
    # A subagent works under the prompt id of the person's prompt: without its own id, equal answers would be one.
    asked = ":".join(part for part in (prompt_id or uuid or "", agent_id) if part is not None)
    return TurnDraft(
        key=f"answer:{asked}:{digest16(text)}",
        kind="answer",
        text=excerpt(text, TEXT_LIMIT),
        prompt_id=prompt_id,
        agent_id=agent_id,
    )


def _summary(value: object, prompt_id: str | None, agent_id: str | None) -> TurnDraft | None:
    text = clean_summary(joined_text(value))
    if not text or agent_id:
        return None
    return TurnDraft(
        key=f"summary:{digest16(text)}", kind="summary", text=excerpt(text, TEXT_LIMIT), prompt_id=prompt_id
    )


def _merged(drafts: Iterable[TurnDraft]) -> list[TurnDraft]:
    """One draft a key, in the order of first sight."""
    by_key: dict[str, TurnDraft] = {}
    for draft in drafts:
        by_key[draft.key] = merge(by_key[draft.key], draft) if draft.key in by_key else draft
    return list(by_key.values())
