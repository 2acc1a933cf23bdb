"""Pairs what failed with what worked afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from claudetools.domains.memory.capturing.turn import FILE_TOOLS, ToolUse, Turn
from claudetools.domains.memory.distilling.commands import Command, parse, shown
from claudetools.domains.memory.distilling.config_changes import changes_configuration
from claudetools.domains.memory.distilling.errors import essential_error, refusal_in

SHELL_TOOLS = frozenset({"Bash", "PowerShell"})
# A failing look-up in the client's own file tools teaches nothing: the model sees it and goes on.
_QUIET_TOOLS = FILE_TOOLS | {
    "Read",
    "Grep",
    "Glob",
    "LS",
    "TodoWrite",
    "Task",
    "Agent",
    "ToolSearch",
    "AskUserQuestion",
}
# These say "no" with an exit code; that is an answer, not a failure.
_ASKING_PROGRAMS = frozenset(
    [
        "grep",
        "egrep",
        "rg",
        "diff",
        "cmp",
        "test",
        "[",
        "[[",
        "which",
        "pgrep",
        "ls",
        "cat",
        "find",
        "head",
        "tail",
        "false",
    ]
)
_VIEWERS = _ASKING_PROGRAMS | {"journalctl", "less", "git", "awk", "sed", "jq", "get-content", "select-string", "type"}
# Red tests and builds are the ordinary course of development; only a broken environment is worth remembering.
_CHECKERS = frozenset(
    """pytest tox nox ruff mypy flake8 black isort eslint tsc jest vitest prettier cargo go make cmake mvn gradle dotnet
    npm npx yarn pnpm bun gcc g++ cc clang rustc javac phpunit rspec tflint shellcheck pre-commit
    """.split()  # noqa: SIM905 - a list of forty quoted words is harder to read
)
_ENVIRONMENT = (
    "not found",
    "no such file",
    "no module named",
    "not recognized",
    "permission denied",
    "cannot find module",
)
_MIN_LIKENESS = 0.34
_LOOK_AHEAD = 40


@dataclass(frozen=True, slots=True)
class Step:
    """A tool turn taken apart. `error` is "" unless the step failed in a way worth remembering."""

    turn: Turn
    use: ToolUse
    command: Command | None
    failed: bool
    error: str
    is_change: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed step and, as far as the group shows it, the step that worked instead and what was changed before it."""

    step: Step
    fix: Step | None
    between: tuple[Step, ...]


def steps_of(turns: Sequence[Turn]) -> list[Step]:
    """The tool turns of a group, in order."""
    return [_step(turn, turn.tool) for turn in turns if turn.kind == "tool" and turn.tool is not None]


def failures_of(steps: Sequence[Step]) -> list[Failure]:
    """The failures worth remembering, each once, with what worked later in the group."""
    found: list[Failure] = []
    seen: set[tuple[str, str | None]] = set()
    for index, step in enumerate(steps):
        identity = (subject(step), step.command.target if step.command else None)
        if step.error and identity not in seen:
            seen.add(identity)
            found.append(_failure(steps, index))
    return found


def subject(step: Step) -> str:
    """What was tried: the command, or the tool with a summary of its input."""
    if step.command:
        return step.command.shown
    return shown(f"{step.use.name} {step.use.summary}")


def _step(turn: Turn, use: ToolUse) -> Step:
    command = parse(use.command) if use.command and use.name in SHELL_TOOLS else None
    failed, error = use.succeeded is False, ""
    if failed:
        error = _error_of_failed(use, command)
    elif command and command.target and use.succeeded and command.program not in _VIEWERS:
        error = refusal_in(use.output)
        failed = bool(error)
    changed = bool(use.succeeded and not failed and command and changes_configuration(command))
    return Step(turn=turn, use=use, command=command, failed=failed, error=error, is_change=changed)


def _error_of_failed(use: ToolUse, command: Command | None) -> str:
    if command is None:
        return "" if use.name in _QUIET_TOOLS else essential_error(use.error) or "no reason given"
    error = essential_error(use.error) or "no error text"
    environmental = any(sign in error.lower() for sign in _ENVIRONMENT)
    if command.program in _CHECKERS:
        return error if f"{command.program}: " in error and environmental else ""
    if command.program in _ASKING_PROGRAMS and command.target is None:
        return ""
    return error


def _failure(steps: Sequence[Step], index: int) -> Failure:
    failed = steps[index]
    later = steps[index + 1 : index + 1 + _LOOK_AHEAD]
    best: tuple[float, int] | None = None
    for distance, step in enumerate(later):
        likeness = _likeness(failed, step, distance)
        if likeness >= _MIN_LIKENESS and (best is None or likeness > best[0] + 0.15):
            best = likeness, distance
    if best is None:
        return Failure(step=failed, fix=None, between=())
    between = tuple(step for step in later[: best[1]] if step.is_change or _edits(step))
    return Failure(step=failed, fix=later[best[1]], between=between)


def _edits(step: Step) -> bool:
    return step.use.name in FILE_TOOLS and step.use.succeeded is True


def _likeness(failed: Step, later: Step, distance: int) -> float:
    """How likely it is that the later step achieved what the failed one was after, 0 to 1."""
    if later.failed or not later.use.succeeded or (later.turn.agent_id or None) != (failed.turn.agent_id or None):
        return 0.0
    if failed.command is None or later.command is None:
        same_tool = failed.command is None and later.command is None and failed.use.name == later.use.name
        return 0.5 if same_tool else 0.0
    before, after = failed.command, later.command
    if (before.shown, before.target) == (after.shown, after.target):
        return 1.0
    if after.program in _VIEWERS and before.program not in _VIEWERS:
        return 0.0
    shared = len(before.words & after.words) / max(min(len(before.words), len(after.words)), 1)
    wanted = len(before.arguments & after.arguments) / max(len(before.arguments), 1)
    likeness = 0.5 * wanted + 0.25 * shared
    if before.target and before.target == after.target:
        likeness += 0.15
    elif before.target != after.target:
        likeness -= 0.15
    if before.program and before.program == after.program:
        likeness += 0.2
    if distance == 0 and later.is_change:
        likeness += 0.05
    return likeness - 0.01 * distance
