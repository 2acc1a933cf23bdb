"""The memories of one prompt group."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from claudetools.domains.memory.capturing.turn import Turn, digest16
from claudetools.domains.memory.distilling.decisions import is_reason
from claudetools.domains.memory.distilling.errors import trimmed
from claudetools.domains.memory.distilling.failures import Failure, Step, failures_of, steps_of, subject
from claudetools.domains.memory.distilling.lists import listed
from claudetools.domains.memory.distilling.pieces import opening, pieces
from claudetools.domains.memory.distilling.record import (
    ASKED,
    ASSISTANT_TRUST,
    CONTEXT,
    OPEN,
    OUTCOME,
    TITLE_LIMIT,
    TOOL_TRUST,
    USER_TRUST,
    Memory,
)
from claudetools.domains.memory.distilling.sentences import Sentence, sentences
from claudetools.domains.memory.distilling.small_talk import is_small_talk, said_in_short, substance
from claudetools.domains.memory.distilling.statements import StatementKind, statement_kind
from claudetools.domains.memory.distilling.steps import did, edited_files, shortened, told, told_briefly, where
from claudetools.domains.memory.distilling.subjects import tags_of
from claudetools.domains.memory.distilling.telling import told_by

_ASK_LIMIT, _CONTEXT_LIMIT, _TEXT_LIMIT, _DIGEST_LIMIT = 160, 100, 580, 600
# At most so many, and one more for so many turns: work that a prompt keeps going for hours says more. The first ones
# count, not the best: which they are must not change when the group grows.
_MOST = {
    "statement": (40, 2),
    "change": (12, 8),
    "failure": (12, 8),
    "output": (12, 4),
    "remark": (12, 8),
    "file": (12, 4),
    "choice": (12, 8),
    "report": (60, 2),
}
# kind of turn -> importance and trust of its verbatim pieces
_SPOKEN = {"prompt": (0.35, USER_TRUST), "answer": (0.4, ASSISTANT_TRUST), "summary": (0.35, ASSISTANT_TRUST)}
_IMPORTANCE: dict[StatementKind, float] = {"decision": 0.7, "todo": 0.6, "fact": 0.55, "cause": 0.65, "rule": 0.8}
_TITLES: dict[StatementKind, str] = {
    "decision": "Decision",
    "todo": "To do",
    "fact": "Fact",
    "cause": "Cause",
    "rule": "Rule",
}
_TELLING = 60
_POINTING = re.compile(
    r"^(?:it|this|that|they|these|those|there|he|she|both|the (?:same|former|latter|new one|old one|other))\b",
    re.IGNORECASE,
)


class PromptGroup:
    """A prompt, the tools used for it and the answers to it, read once.

    A subagent's task and report count as ask and outcome only where the main conversation has none.
    """

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = list(turns)
        self._steps = {step.turn.key: step for step in steps_of(self._turns)}
        self._failures = {failure.step.turn.key: failure for failure in failures_of(list(self._steps.values()))}
        self._files = edited_files(self._steps.values())
        asks = (text for text in self._said("prompt") if not is_small_talk(text, is_user=True))
        self._ask = substance(next(asks, ""), _ASK_LIMIT, is_user=True)
        self._key = (self._turns[0].prompt_id or self._turns[0].key) if self._turns else ""
        self._open: list[str] = []

    def memories(self) -> Iterator[Memory]:
        """The memories in the order of the turns, then those of the whole group."""
        seen: set[str] = set()
        room = {sort: most + len(self._turns) // every for sort, (most, every) in _MOST.items()}
        for turn in self._turns:
            step = self._steps.get(turn.key)
            if turn.kind in _SPOKEN and not (turn.kind == "prompt" and turn.agent_id):
                yield from self._pieces(turn)
                found, sort = self._statements(turn, seen), "statement"
            elif turn.key in self._failures:
                found, sort = iter([self._failure(self._failures[turn.key])]), "failure"
            elif step and step.is_change and did(step) not in seen:
                seen.add(did(step))
                found, sort = iter([self._change(step)]), "change"
            else:
                found, sort = iter(()), ""
            for memory in found:
                room[sort] -= 1
                if room[sort] >= 0:
                    yield memory
            for sort, memory in told_by(step, seen, self._in_context) if step else ():
                room[sort] -= 1
                if room[sort] >= 0:
                    yield memory
        if self._files:
            yield self._changed_files()
        yield from self._digest()

    def _said(self, kind: str) -> list[str]:
        """The prompts, those of people first, or the answers, those of the main conversation last."""
        texts = [(bool(turn.agent_id), turn.text) for turn in self._turns if turn.kind == kind]
        texts.sort(key=lambda said: said[0], reverse=kind == "answer")
        return [text for _, text in texts]

    def _pieces(self, turn: Turn) -> Iterator[Memory]:
        if is_small_talk(turn.text, is_user=turn.kind == "prompt"):
            return
        importance, trust = _SPOKEN[turn.kind]
        for index, piece in enumerate(pieces(said_in_short(turn.text) if turn.kind == "answer" else turn.text)):
            yield Memory(
                key=f"piece:{turn.key}:{index}",
                kind=turn.kind,
                title=trimmed(self._ask, TITLE_LIMIT) if turn.kind == "answer" and self._ask else opening(piece),
                text=piece,
                importance=importance,
                trust=trust,
                tags=tags_of(piece),
                turn_keys=(turn.key,),
            )

    def _statements(self, turn: Turn, seen: set[str]) -> Iterator[Memory]:
        if turn.kind == "summary":
            return
        is_user = turn.kind == "prompt"
        said = sentences(turn.text)
        for index, sentence in enumerate(said):
            kind = statement_kind(sentence, is_user=is_user)
            identity = sentence.text.lower()
            if kind is None or identity in seen:
                continue
            seen.add(identity)
            if kind == "todo":
                self._open.append(sentence.text)
            yield self._statement(turn, kind, _with_neighbours(said, index, kind), identity)

    def _statement(self, turn: Turn, kind: StatementKind, text: str, identity: str) -> Memory:
        is_user = turn.kind == "prompt"
        stored_as = "fact" if kind in ("rule", "cause") else kind
        marks = (kind,) if stored_as != kind else ()
        whole = f"To do: {text}" if kind == "todo" else text
        return Memory(
            key=f"{stored_as}:{turn.key}:{digest16(identity)[:12]}",
            kind=stored_as,
            title=trimmed(f"{_TITLES[kind]}: {text}", TITLE_LIMIT),
            text=trimmed(whole, _TEXT_LIMIT)
            if is_user and _stands_alone(whole, self._ask)
            else self._in_context(whole),
            importance=round(_IMPORTANCE[kind] + (0.1 if is_user else 0.0), 2),
            trust=USER_TRUST if is_user else ASSISTANT_TRUST,
            tags=(*marks, *tags_of(text))[:8],
            turn_keys=(turn.key,),
        )

    def _failure(self, failure: Failure) -> Memory:
        step, fix = failure.step, failure.fix
        text = told(failure)
        steps = [step, *failure.between[:4], *([fix] if fix else [])]
        return Memory(
            key=f"failure:{step.turn.key}",
            kind="failure",
            title=trimmed(f"{subject(step)} fails{where(step)}", TITLE_LIMIT),
            text=self._in_context(text),
            importance=0.8 if fix else 0.5,
            trust=TOOL_TRUST,
            tags=tags_of(text, steps),
            tool_text=text,
            turn_keys=tuple(dict.fromkeys(part.turn.key for part in steps)),
        )

    def _change(self, step: Step) -> Memory:
        return Memory(
            key=f"change:{step.turn.key}",
            kind="change",
            title=trimmed(f"Changed{where(step)}: {subject(step)}", TITLE_LIMIT),
            text=self._in_context(f"Configuration changed{where(step)} with `{subject(step)}`"),
            importance=0.6,
            trust=TOOL_TRUST,
            tags=tags_of(subject(step), [step]),
            turn_keys=(step.turn.key,),
        )

    def _changed_files(self) -> Memory:
        names = list(dict.fromkeys(file.name for file in self._files))
        return Memory(
            key=f"change:{self._key}:files",
            kind="change",
            title=trimmed(f"Files changed: {listed(names, TITLE_LIMIT)}", TITLE_LIMIT),
            text=self._in_context(
                f"Files changed: {listed([f'{shortened(f.path)} ({f.how})' for f in self._files], 400)}"
            ),
            importance=0.45,
            trust=TOOL_TRUST,
            tags=tuple(name.lower() for name in names[:8]),
            turn_keys=tuple(key for file in self._files for key in file.turn_keys)[:60],
        )

    def _digest(self) -> Iterator[Memory]:
        outcome = next((found for text in self._said("answer")[::-1] if (found := substance(text, 220))), "")
        commands = [did(step) for step in self._steps.values() if step.is_change]
        failures = [told_briefly(failure) for failure in self._failures.values()]
        worked = bool(commands or failures or self._files)
        if not (self._ask and (worked or outcome)) and not (commands or failures):
            return
        sections = (
            (ASKED, self._ask),
            (OUTCOME, outcome),
            ("Files: ", listed([file.name for file in self._files], 80)),
            ("Changed: ", listed(commands, 100)),
            ("Failed: ", listed(failures, 130)),
            (OPEN, listed(self._open, 110)),
        )
        text = "\n".join(label + content for label, content in sections if content)
        yield Memory(
            key=f"digest:{self._key}",
            kind="digest",
            title=trimmed(self._ask or outcome or "Work without a recorded question", TITLE_LIMIT),
            text=trimmed(text, _DIGEST_LIMIT),
            importance=0.55 if worked else 0.45,
            trust=TOOL_TRUST if worked else ASSISTANT_TRUST,
            tags=tags_of(text, self._steps.values()),
            turn_keys=tuple(turn.key for turn in self._turns)[:60],
        )

    def _in_context(self, text: str) -> str:
        """The text with what was asked, so that it can be understood alone."""
        asked = f"{CONTEXT}{substance(self._ask, _CONTEXT_LIMIT, is_user=True)})" if self._ask else ""
        return f"{trimmed(text, _TEXT_LIMIT)}{asked}"


def _stands_alone(text: str, ask: str) -> bool:
    """Whether a person's sentence needs no context: it is part of what was asked, or long enough to name things."""
    return len(text) > _TELLING or text[:_TELLING] in ask


def _with_neighbours(said: Sequence[Sentence], index: int, kind: StatementKind) -> str:
    """The sentence with the one before it, if it points back, and a decision with the reason that follows."""
    sentence = said[index]
    text = sentence.text
    if sentence.previous and _POINTING.match(text):
        text = f"{trimmed(sentence.previous, 200)} {text}"
    follower = said[index + 1] if index + 1 < len(said) else None
    if kind == "decision" and follower and follower.previous == sentence.text and is_reason(follower.text):
        text = f"{text} {follower.text}"
    return text
