"""Builds the turns of a prompt group in a few words."""

from claudetools.domains.memory.capturing.turn import ToolUse, TurnDraft, digest16

PROMPT_ID = "7d0f2c9e-5a0b-4a53-9a3e-0c7f6f1f2a11"


class Group:
    """A prompt group under construction; every method adds a turn and returns the group."""

    def __init__(self, prompt_id: str = PROMPT_ID) -> None:
        self.prompt_id = prompt_id
        self.turns: list[TurnDraft] = []

    def user(self, text: str, agent_id: str | None = None) -> "Group":
        suffix = f":{agent_id}" if agent_id else ""
        return self._add(f"prompt:{self.prompt_id}{suffix}", "prompt", text, agent_id)

    def says(self, text: str, agent_id: str | None = None) -> "Group":
        return self._add(f"answer:{self.prompt_id}:{digest16(text)}", "answer", text, agent_id)

    def ran(self, command: str, output: str = "", *, error: str | None = None, tool: str = "Bash") -> "Group":
        use = ToolUse(
            name=tool,
            command=command if tool == "Bash" else None,
            summary=command,
            succeeded=error is None,
            error=error,
            output=output or None,
        )
        return self._add_tool(use)

    def wrote(self, path: str, tool: str = "Edit") -> "Group":
        return self._add_tool(ToolUse(name=tool, path=path, summary=f"edit {path}", succeeded=True))

    def _add_tool(self, use: ToolUse) -> "Group":
        key = f"tool:toolu_{self.prompt_id[:4]}_{len(self.turns):04}"
        self.turns.append(TurnDraft(key=key, kind="tool", text=use.rendered(), prompt_id=self.prompt_id, tool=use))
        return self

    def _add(self, key: str, kind: str, text: str, agent_id: str | None) -> "Group":
        self.turns.append(
            TurnDraft(key=key, kind=kind, text=text, prompt_id=self.prompt_id, agent_id=agent_id)  # type: ignore[arg-type]
        )
        return self
