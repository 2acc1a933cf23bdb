"""What memory saves on Claude Code's transcripts: tokens put beside a prompt for tokens of transcript, and facts kept.

Every transcript is sent as the plugin's program sends it. Then later sessions ask: each question as the first prompt of
a session of its own, and all questions about a transcript one after the other in one session, where nothing is said
twice; and the same questions of `/memory/recall` with a budget.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.product import Product
from bench.recall_figures import holds, line, per_cent
from bench.recall_sets import Question
from bench.sessions import Session, raw_text, sessions
from claudetools.claude.transcripts import read_batches
from claudetools.domains.memory.recalling.packing import count_tokens

BUDGETS = (500, 1_000, 2_000)
IN_ONE = "hook, all questions of a transcript in one session"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: its category, tokens given and of the transcript, and whether the facts are in what was given."""

    category: str
    given: int
    raw: int
    has_facts: bool


def of_folder(folder: Path) -> list[Session]:
    """Return the transcripts in a folder (`*.jsonl`), all of one client, with the questions of its `questions.json`.

    That is a list of `{"transcript": session id, "text", "must": [expressions], "category"}`.
    """
    found = {path.stem: Session(path.stem, "", "", _lines(path)) for path in sorted(folder.glob("*.jsonl"))}
    for number, raw in enumerate(json.loads((folder / "questions.json").read_text()), 1):
        session = found[raw["transcript"]]
        evidence = frozenset({session.id})
        asked = Question(str(number), raw["text"], "", raw.get("category", "all"), evidence, tuple(raw["must"]))
        session.questions.append(asked)
    for session in found.values():
        session.folder = next((one["cwd"] for one in session.lines if one.get("cwd")), f"/srv/{session.id}")
        session.client = folder.name
    return list(found.values())


def own(folder: Path) -> list[Session]:
    """Return the project's own transcripts, written to files in `folder`."""
    told = sessions()
    for session in told:
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in session.lines)
        (folder / f"{session.id}.jsonl").write_text(text, encoding="utf-8")
    return told


def _lines(path: Path) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(one) for one in path.read_text(encoding="utf-8").splitlines() if one.strip()]


def tokens_of(session: Session) -> int:
    """Return how many tokens of prompts, commands, outputs and answers a transcript holds, without its JSON."""
    return count_tokens("\n".join(raw_text(one) for one in session.lines))


def send(product: Product, folder: Path, told: Sequence[Session]) -> None:
    """Make the clients, with the working folders that belong to them, and send the transcripts, files in `folder`."""
    clients: dict[str, str] = {}
    for session in told:
        if session.client not in clients:
            clients[session.client] = str(product.call("POST", "/clients", {"name": session.client})["id"])
        product.call("POST", "/claude/bindings", {"cwd": session.folder, "client_id": clients[session.client]})
        for batch in read_batches(folder / f"{session.id}.jsonl", 0):
            place = {"key": session.id, "session_id": session.id, "cwd": session.folder}
            extent = {"offset": batch.offset, "next_offset": batch.next_offset}
            product.call("POST", "/claude/events", {"transcripts": [place | extent | {"lines": batch.lines}]})


def alone(product: Product, told: Sequence[Session]) -> list[Asked]:
    """Ask each question as the first prompt of a session."""
    found = []
    for session in told:
        raw = tokens_of(session)
        for question in session.questions:
            text = product.given_to(question.text, folder=session.folder, session=f"ask-{secrets.token_hex(8)}")
            found.append(Asked(question.category, count_tokens(text), raw, holds(question, text)))
    return found


def in_turn(product: Product, told: Sequence[Session]) -> list[Asked]:
    """Ask all questions about a transcript in one session; what was given before counts as there."""
    found = []
    for session in told:
        raw, context, name = tokens_of(session), "", f"ask-{secrets.token_hex(8)}"
        for question in session.questions:
            text = product.given_to(question.text, folder=session.folder, session=name)
            context += f"\n{text}"
            found.append(Asked(question.category, count_tokens(text), raw, holds(question, context)))
    return found


def recalled(product: Product, told: Sequence[Session], budget: int) -> list[Asked]:
    """Ask `/memory/recall` with a budget."""
    found = []
    for session in told:
        raw = tokens_of(session)
        for question in session.questions:
            body = {"query": question.text, "cwd": session.folder, "budget_tokens": budget, "limit": 50}
            text = product.call("POST", "/memory/recall", body)["text"]
            found.append(Asked(question.category, count_tokens(text), raw, holds(question, text)))
    return found


def report(product: Product, folder: Path, told: Sequence[Session]) -> str:
    """Send the transcripts, ask, and return the tables."""
    send(product, folder, told)
    # Recall first: what is asked beside a hook is recorded, as any prompt is.
    ways = {f"recall, {budget:,} tokens": recalled(product, told, budget) for budget in BUDGETS}
    ways["hook, a session for each question"] = alone(product, told)
    ways[IN_ONE] = in_turn(product, told)
    questions = [question for session in told for question in session.questions]
    raw = [tokens_of(session) for session in told]
    sizes = f"{sum(raw):,} tokens (characters / 2.6, without JSON; {min(raw):,} to {max(raw):,})"
    lines = [
        f"{len(told)} transcripts of {sizes}, {len(questions)} questions\n",
        line(["way", "tokens given: mean", "of the transcript", "of the client's transcripts", "facts there"]),
        "|---|---|---|---|---|",
    ]
    whole = {session.client: 0 for session in told}
    for session, size in zip(told, raw, strict=True):
        whole[session.client] += size
    clients = [session.client for session in told for _ in session.questions]
    for name, asked in ways.items():
        given = sum(one.given for one in asked)
        kept = sum(one.has_facts for one in asked) / len(asked)
        # In one session the whole of what was given stands against the transcript once.
        once = name == IN_ONE
        against = sum(raw) if once else sum(one.raw for one in asked)
        of_client = given / sum(whole[where] for where in ([one.client for one in told] if once else clients))
        cells = [f"{given / len(asked):.0f}", f"{per_cent(given / against)} %", f"{per_cent(of_client)} %"]
        lines.append(line([name, *cells, f"{per_cent(kept)} %"]))
    kinds = sorted({question.category for question in questions})
    counts = [f"{kind} ({sum(question.category == kind for question in questions)})" for kind in kinds]
    lines += ["", line(["facts there, %", *counts]), "|" + "---|" * (len(kinds) + 1)]
    for name, asked in ways.items():
        shares = [[one.has_facts for one in asked if one.category == kind] for kind in kinds]
        lines.append(line([name, *(per_cent(sum(found) / len(found)) for found in shares)]))
    missed = [
        f"- {question.text} ({question.category})"
        for question, one in zip(questions, ways["recall, 1,000 tokens"], strict=True)
        if not one.has_facts
    ]
    return "\n".join([*lines, "", f"not found at 1,000 tokens: {len(missed)}", *missed])
