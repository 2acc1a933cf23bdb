"""What stands in the input and the output of a tool alone: reports, choices, messages of commands, written files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from claudetools.domains.memory.capturing.turn import FILE_TOOLS, REPORTING_TOOLS, digest16
from claudetools.domains.memory.distilling.errors import trimmed
from claudetools.domains.memory.distilling.failures import Step, subject
from claudetools.domains.memory.distilling.outputs import is_prose, telling_lines
from claudetools.domains.memory.distilling.pieces import opening, pieces
from claudetools.domains.memory.distilling.record import ASSISTANT_TRUST, TITLE_LIMIT, TOOL_TRUST, Memory
from claudetools.domains.memory.distilling.remarks import Remark, remarks_in
from claudetools.domains.memory.distilling.steps import shortened, where
from claudetools.domains.memory.distilling.subjects import tags_of

Sort = Literal["remark", "choice", "report", "file", "output"]
_PROSE_FROM = 400
_PIECE_LIMIT = 750
"""Leaves room for the command or the file that is named before a piece."""


def told_by(step: Step, seen: set[str], in_context: Callable[[str], str]) -> Iterator[tuple[Sort, Memory]]:
    """The memories of a step's input and output, each with what sort it is. What a command says is in `seen` after.

    `in_context` adds to a text what was asked.
    """
    use = step.use
    for remark in remarks_in(use.command or "") if step.command else ():
        # A commit that a hook refused says what was done just as well; the one that went through comes on top.
        identity = f"{remark.text}{step.failed}"
        if identity not in seen and use.succeeded is not None:
            seen.add(identity)
            yield from (("remark", memory) for memory in _remark(step, remark))
    if step.failed or not use.succeeded or not use.output:
        return
    if use.name == "AskUserQuestion":
        yield "choice", _choice(step, use.output, in_context)
    elif use.name in REPORTING_TOOLS or (step.command and len(use.output) > _PROSE_FROM and is_prose(use.output)):
        yield from (("report", memory) for memory in _report(step, use.output))
    elif use.name in FILE_TOOLS:
        yield from (("file", memory) for memory in _written(step, use.output))
    elif (step.command or use.name.startswith("mcp__")) and (lines := telling_lines(use.output)):
        yield "output", _output(step, lines, in_context)


def _remark(step: Step, remark: Remark) -> Iterator[Memory]:
    outcome = " (failed)" if step.failed else ""
    for index, piece in enumerate(pieces(remark.text, _PIECE_LIMIT)):
        yield Memory(
            key=f"remark:{step.turn.key}:{digest16(remark.text)[:8]}:{index}",
            kind="change",
            title=trimmed(f"{remark.command}: {opening(remark.text)}", TITLE_LIMIT),
            text=f"`{remark.command}`{outcome}: {piece}",
            importance=0.5,
            trust=ASSISTANT_TRUST,
            tags=tags_of(piece),
            turn_keys=(step.turn.key,),
        )


def _choice(step: Step, output: str, in_context: Callable[[str], str]) -> Memory:
    return Memory(
        key=f"decision:{step.turn.key}",
        kind="decision",
        title=trimmed(f"Decision: {output}", TITLE_LIMIT),
        text=in_context(output),
        importance=0.7,
        trust=ASSISTANT_TRUST,
        tags=tags_of(output),
        turn_keys=(step.turn.key,),
    )


def _report(step: Step, output: str) -> Iterator[Memory]:
    for index, piece in enumerate(pieces(output)):
        yield Memory(
            key=f"report:{step.turn.key}:{index}",
            kind="tool",
            title=trimmed(f"{subject(step)}{where(step)}", TITLE_LIMIT),
            text=piece,
            importance=0.4,
            trust=TOOL_TRUST,
            tags=tags_of(piece, [step]),
            tool_text=piece,
            turn_keys=(step.turn.key,),
        )


def _written(step: Step, content: str) -> Iterator[Memory]:
    path = shortened(step.use.path or "")
    for index, piece in enumerate(pieces(content, _PIECE_LIMIT)):
        yield Memory(
            key=f"written:{step.turn.key}:{index}",
            kind="tool",
            title=trimmed(f"Written to {path}", TITLE_LIMIT),
            text=f"`{path}`:\n{piece}",
            importance=0.35,
            trust=TOOL_TRUST,
            tags=tags_of(piece),
            tool_text=piece,
            turn_keys=(step.turn.key,),
        )


def _output(step: Step, lines: Sequence[str], in_context: Callable[[str], str]) -> Memory:
    told = "\n".join(lines)
    return Memory(
        key=f"output:{step.turn.key}",
        kind="tool",
        title=trimmed(f"Output{where(step)}: {subject(step)}", TITLE_LIMIT),
        text=in_context(f"`{subject(step)}`{where(step)} printed:\n{told}"),
        importance=0.3,
        trust=TOOL_TRUST,
        tags=tags_of(told, [step]),
        tool_text=told,
        turn_keys=(step.turn.key,),
    )
