"""Sets of conversations with questions, in the generic form, and the prompts that memory has nothing for.

    {"conversations": [{"id", "turns": [{"id", "session", "ts", "speaker", "text"}],
                        "questions": [{"id", "text", "answer", "category", "evidence": [turn ids], "must": [regex]}]}],
     "silence": ["prompt", ...]}

`must` and `silence` may be missing. `must` are expressions that what is returned has to match, all of them.
"""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

OWN = Path(__file__).parent / "data" / "operations.json"
_MINUTE = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::\d\d)?(?:Z)?")


@dataclass(frozen=True, slots=True)
class Turn:
    """Something said. `ts` is a date and time in UTC, or any text where the set has no such thing."""

    id: str
    session: str
    ts: str
    speaker: str
    text: str

    @property
    def instant(self) -> str | None:
        found = _MINUTE.fullmatch(self.ts)
        return f"{found[1]}T{found[2]}:00Z" if found else None

    @property
    def line(self) -> str:
        """The turn as a plain memory would put it beside a prompt."""
        return f"[{self.ts}] {self.speaker}: {self.text}" if self.ts else f"{self.speaker}: {self.text}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the turns that hold the answer."""

    id: str
    text: str
    answer: str
    category: str
    evidence: frozenset[str]
    must: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    turns: list[Turn]
    questions: list[Question]

    @property
    def text(self) -> str:
        """The whole history with one line for each session: what a budget is compared with."""
        lines, last = [], None
        for turn in self.turns:
            if turn.session != last:
                lines.append(f"## {turn.session} {turn.ts}".rstrip())
                last = turn.session
            lines.append(f"{turn.speaker}: {turn.text}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Set:
    name: str
    conversations: list[Conversation]
    silence: list[str] = field(default_factory=list)

    def split(self, part: str, seed: int = 11) -> "Set":
        """Return the half of the conversations that may be fitted on (`fit`) or the other one (`held-out`)."""
        ids = sorted(conversation.id for conversation in self.conversations)
        random.Random(seed).shuffle(ids)
        fitted = set(ids[: (len(ids) + 1) // 2])
        wanted = fitted if part == "fit" else set(ids) - fitted
        chosen = [one for one in self.conversations if one.id in wanted]
        return replace(self, name=f"{self.name} ({part})", conversations=chosen)

    def together(self, notes: Sequence[str] = ()) -> "Set":
        """Return the same as one memory of all the conversations, among notes that nobody asks for."""
        turns = [
            replace(turn, id=f"{one.id}/{turn.id}", session=f"{one.id}/{turn.session}")
            for one in self.conversations
            for turn in one.turns
        ]
        turns += [Turn(f"note/{number}", f"note/{number}", "", "note", text) for number, text in enumerate(notes)]
        asked = [
            replace(question, evidence=frozenset(f"{one.id}/{turn_id}" for turn_id in question.evidence))
            for one in self.conversations
            for question in one.questions
        ]
        return replace(self, conversations=[Conversation("all", turns, asked)])


def load(path: Path, leave_out: str = "adversarial") -> Set:
    """Read a set, without questions of the category `leave_out`, which have no answer in the conversation.

    Raises:
        ValueError: a question has no evidence, or names a turn that is not there.
    """
    raw = json.loads(path.read_text(encoding="utf-8"))
    conversations = []
    for one in raw["conversations"]:
        turns = [
            Turn(t["id"], t.get("session", ""), t.get("ts", ""), t.get("speaker", ""), t["text"]) for t in one["turns"]
        ]
        asked = [_question(q) for q in one["questions"] if q.get("category") != leave_out]
        known = {turn.id for turn in turns}
        for question in asked:
            if not question.evidence or question.evidence - known:
                raise ValueError(f"question {question.id}: its evidence is missing or unknown")
        if asked:
            conversations.append(Conversation(one["id"], turns, asked))
    return Set(path.stem, conversations, raw.get("silence", []))


def _question(raw: dict) -> Question:  # type: ignore[type-arg]
    return Question(
        id=raw["id"],
        text=raw["text"],
        answer=str(raw.get("answer", "")),
        category=raw.get("category", "all"),
        evidence=frozenset(raw["evidence"]),
        must=tuple(raw.get("must", ())),
    )
