"""How much of the evidence for a question memory brings back, through the API of a server that is started for it.

Without --data it runs the project's own set of an MSP's work. Peers are measured in the same run; one that is not
installed is said to be so. Nothing here needs the internet or a language model.
"""

import argparse
import os
import platform
import secrets
import statistics
import sys
import time
from contextlib import ExitStack
from json import dumps
from pathlib import Path

from bench.office import notes
from bench.product import Product, folder_of, serving
from bench.recall_figures import (
    BUDGETS,
    RANKS,
    Row,
    at_ranks,
    by_category,
    holds,
    in_budget,
    line,
    per_cent,
    table,
    tokens,
)
from bench.recall_sets import OWN, Conversation, Set, load
from bench.recall_systems import PEERS, Elsewhere, Fts5, Hybrid, NotInstalled, OverHttp, System
from claudetools.domains.memory.recall_index.ranking import SILENCE_FLOOR

PEER_MODES = ("semantic", "hybrid")


def measure(system: System, data: Set, limit: int) -> list[Row]:
    """Ask every question of a set once by rank, and for each budget of `limit` results at most; one row a question."""
    rows = []
    for conversation in data.conversations:
        system.ingest(conversation)
        for question in conversation.questions:
            began = time.perf_counter()
            found = system.search(conversation.id, question.text, None, max(RANKS))
            row = {"ms": (time.perf_counter() - began) * 1000} | at_ranks(question, found)
            for budget in BUDGETS:
                row |= in_budget(question, system.search(conversation.id, question.text, budget, limit), budget)
            rows.append(row)
    return rows


def silence(product: Product, clients: dict[str, str], data: Set) -> list[tuple[str, str, str]]:
    """Return what is measured, the share of prompts, and of how many: silence when nothing fits, and what is said."""
    hushed = floored = kept = told = asked = 0
    # Recall before any hook: what is asked beside a hook is recorded, as every prompt is.
    for conversation in data.conversations:
        for prompt in data.silence:
            body = {"query": prompt, "client_id": clients[conversation.id], "min_score": SILENCE_FLOOR}
            floored += not product.call("POST", "/memory/recall", body)["items"]
    for conversation in data.conversations:
        for prompt in data.silence:
            text = _injected(product, conversation, prompt)
            hushed += not text
            if text:
                print(f"  not silent: {prompt!r}", file=sys.stderr)
    given = []
    for conversation in data.conversations:
        for question in conversation.questions:
            text = _injected(product, conversation, question.text)
            told += bool(text)
            if text:
                given.append(tokens(text))
            if question.must:
                asked += 1
                kept += holds(question, text)
                if not holds(question, text):
                    print(f"  not injected: {question.text!r} ({question.category})", file=sys.stderr)
    quiet = len(data.silence) * len(data.conversations)
    questions = sum(len(conversation.questions) for conversation in data.conversations)
    shares = [
        ("nothing injected beside an unrelated prompt (hook)", hushed, quiet),
        ("nothing above the floor for an unrelated prompt (recall)", floored, quiet),
        ("something injected beside a question (hook)", told, questions),
        ("the answer's facts injected beside a question (hook)", kept, asked),
    ]
    found = [(name, f"{per_cent(count / total)} %", f"{total:,}") for name, count, total in shares if total]
    if given:
        found.append(
            (
                "tokens (four characters) injected beside a question, when any: mean",
                f"{statistics.fmean(given):.0f}",
                "",
            )
        )
    return found


def _injected(product: Product, conversation: Conversation, prompt: str) -> str:
    return product.given_to(prompt, folder=folder_of(conversation.id), session=f"bench-{secrets.token_hex(8)}")


def peers(environment: Path | None) -> list[System | tuple[str, str]]:
    """Return the plain recipes and every peer, or why a peer cannot be measured."""
    found: list[System | tuple[str, str]] = [Fts5(), Hybrid()]
    python = None if environment is None else environment / "bin" / "python"
    for mode in PEER_MODES:
        name = f"mcp-memory-service ({mode})"
        try:
            found.append(Elsewhere(name, PEERS / "mcp_memory.py", python, mode))
        except NotInstalled as reason:
            found.append((name, str(reason)))
    return found


def describe(data: Set) -> str:
    histories = [tokens(conversation.text) for conversation in data.conversations]
    turns = sum(len(conversation.turns) for conversation in data.conversations)
    questions = sum(len(conversation.questions) for conversation in data.conversations)
    share = ", ".join(f"{b:,} = {100 * statistics.fmean(b / size for size in histories):.1f} %" for b in BUDGETS)
    return (
        f"{data.name}: {len(data.conversations)} conversations, {turns:,} turns, {questions:,} questions, "
        f"{len(data.silence)} prompts for silence; a history has {statistics.fmean(histories):,.0f} tokens on average, "
        f"of which {share}"
    )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench recall", description=__doc__)
    parser.add_argument("--data", type=Path, help="a set in the generic form; else the project's own, as one memory")
    parser.add_argument("--together", action="store_true", help="make one memory of all conversations of --data")
    parser.add_argument("--among", type=int, default=0, metavar="N", help="put N made-up notes into that one memory")
    parser.add_argument("--split", choices=["fit", "held-out"], help="only this half of the conversations")
    parser.add_argument("--database", default="sqlite", help="sqlite, mariadb (a private server) or a URL")
    parser.add_argument("--limit", type=int, default=200, help="the most results of a question that has a budget")
    parser.add_argument("--peers-venv", type=Path, help="environment with the peers: see bench/README.md")
    parser.add_argument("--without-peers", action="store_true", help="measure the product alone")
    parser.add_argument("--json", type=Path, help="write the figures of every question here")
    given = parser.parse_args(arguments)
    data = load(given.data or OWN)
    if given.split:
        data = data.split(given.split)
    if given.together or given.among or not given.data:
        data = data.together(notes(given.among))
    print(f"{describe(data)}; {platform.platform()}, {os.cpu_count()} cores, database {given.database.split(':')[0]}\n")
    results: dict[str, list[Row] | str] = {}
    with ExitStack() as opened:
        product = opened.enter_context(serving(given.database))
        own = OverHttp(product)
        systems: list[System | tuple[str, str]] = [own, *([] if given.without_peers else peers(given.peers_venv))]
        for system in systems:
            if not isinstance(system, tuple):
                opened.callback(system.close)
        for system in systems:
            if isinstance(system, tuple):
                results[system[0]] = system[1]
                continue
            began = time.monotonic()
            try:
                results[system.name] = measure(system, data, given.limit)
            except NotInstalled as reason:
                results[system.name] = str(reason)
            print(f"  {system.name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
            print(table({system.name: results[system.name]}).splitlines()[-1], file=sys.stderr)
        prompts = silence(product, own.clients, data)
    questions = [question for conversation in data.conversations for question in conversation.questions]
    categories = [question.category for question in questions]
    print(table(results))
    for key in ("R@1000t", "R@2000t", *(("F@1000t",) if any(question.must for question in questions) else ())):
        print(f"\n{by_category(results, categories, key)}")
    print(f"\n{line(['prompts', 'share', 'of'])}\n|---|---|---|")
    print("\n".join(line(cells) for cells in prompts))
    if given.json:
        rows = {name: rows for name, rows in results.items() if not isinstance(rows, str)}
        ids = [question.id for question in questions]
        given.json.write_text(dumps({name: dict(zip(ids, found, strict=True)) for name, found in rows.items()}))
