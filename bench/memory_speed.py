"""How fast memory is over HTTP with so many memories, and what it takes: latency, ingest, start, memory of the process.

The memories are put into the database in bulk, in conversations of 50, all of one client, which is the hardest case;
their vectors are those of the first few, used again and again. Everything else goes through the server's interface.
"""

import asyncio
import hashlib
import secrets
import statistics
import sys
import time
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from bench.office import notes, questions
from bench.product import Product, Server, folder_of, prepared
from bench.recall_figures import line, quantile
from claudetools.domains.accounts import User
from claudetools.domains.memory.capturing.transcripts import Transcript
from claudetools.domains.memory.items import CLOCK_ID, MemoryClock, MemoryItem
from claudetools.kit.clock import now
from claudetools.kit.ids import new_id
from claudetools.kit.settings import Settings
from claudetools.services import open_services

EMBEDDED = 1_000
BATCH = 5_000
CONVERSATION = 50
CLIENT = "dataworks"
INGEST_BATCH = 50
SEARCHABLE = 20
PROMPTS = 20
"""So many prompts make a session."""
PAUSE_SECONDS = 0.1
"""Between prompts: what was answered is recorded meanwhile, and nobody types faster."""


async def fill(settings: Settings, client: UUID, count: int) -> None:
    """Put `count` memories of a client into the database, as one change for each batch."""
    services = open_services(settings)
    try:
        owner = await services.database.read(lambda s: s.scalar(select(User.id)))
        texts = notes(count)
        vectors = await services.memory.embed(texts[:EMBEDDED])
        began = now()
        for start in range(0, count, BATCH):
            part = texts[start : start + BATCH]
            await services.database.write(lambda s, p=part, n=start: _put(s, client, owner, p, n, vectors, began))  # type: ignore[misc]
    finally:
        await services.database.close()


async def _put(session: Any, client: UUID, owner: UUID, texts: list[str], first: int, vectors: Any, began: Any) -> None:
    places = [new_id() for _ in range(-(-len(texts) // CONVERSATION))]
    keys = [{"id": id, "version": 1, "key": str(id), "client_id": client, "user_id": owner} for id in places]
    await session.execute(insert(Transcript), keys)
    await session.execute(update(MemoryClock).where(MemoryClock.id == CLOCK_ID).values(value=MemoryClock.value + 1))
    change = await session.scalar(select(MemoryClock.value))
    rows = [
        {
            "id": new_id(),
            "version": 1,
            "client_id": client,
            "user_id": owner,
            "transcript_id": places[number // CONVERSATION],
            "source_table": "transcripts",
            "source_id": places[number // CONVERSATION],
            "turn_ids": [str(number)],
            "kind": "turn",
            "text": text,
            "said_at": began - timedelta(minutes=first + number),
            "position": number % CONVERSATION * 100,
            "embedding": vectors[(first + number) * 7919 % len(vectors)],
            "content_hash": hashlib.sha256(text.encode()).digest(),
            "change_sequence": change,
        }
        for number, text in enumerate(texts)
    ]
    await session.execute(insert(MemoryItem), rows)


def latency(product: Product, client: str, rounds: int, requests: int) -> tuple[list[list[float]], list[list[float]]]:
    """Return the milliseconds of recalls and of answers to prompts, for each round; no question is asked twice."""
    asked = iter(questions(2 * rounds * requests + 20, seed=secrets.randbits(32)))
    for text in islice(asked, 20):
        product.call("POST", "/memory/recall", {"query": text, "client_id": client})
    recalls: list[list[float]] = []
    prompts: list[list[float]] = []
    for _ in range(rounds):
        recalls.append([])
        prompts.append([])
        for text in islice(asked, requests):
            began = time.perf_counter()
            product.call("POST", "/memory/recall", {"query": text, "client_id": client})
            recalls[-1].append((time.perf_counter() - began) * 1000)
        name = secrets.token_hex(8)
        for number, text in enumerate(islice(asked, requests)):
            time.sleep(PAUSE_SECONDS)
            began = time.perf_counter()
            product.given_to(text, folder=folder_of(CLIENT), session=f"{name}-{number // PROMPTS}")
            prompts[-1].append((time.perf_counter() - began) * 1000)
    return recalls, prompts


def ingest(product: Product, client: str, turns: int) -> tuple[float, list[float]]:
    """Return turns a second, and the milliseconds from sending single turns until a recall has found each."""
    texts = notes(turns, seed=secrets.randbits(32))
    name = secrets.token_hex(4)
    began = time.perf_counter()
    for start in range(0, turns, INGEST_BATCH):
        part = [
            {"id": f"{name}-{start + number}", "session": f"{start // 500}", "role": "user", "text": text}
            for number, text in enumerate(texts[start : start + INGEST_BATCH])
        ]
        product.call("POST", "/memory/ingest", {"conversation_id": name, "client_id": client, "turns": part})
    speed = turns / (time.perf_counter() - began)
    waits = []
    for number in range(SEARCHABLE):
        word = f"zq{secrets.token_hex(6)}"
        turn = {"id": f"{name}-x{number}", "role": "user", "text": f"The asset tag of the spare switch is {word}."}
        began = time.perf_counter()
        product.call("POST", "/memory/ingest", {"conversation_id": name, "client_id": client, "turns": [turn]})
        while True:
            found = product.call("POST", "/memory/recall", {"query": f"asset tag {word}", "client_id": client})["items"]
            if any(word in item["text"] for item in found):
                break
        waits.append((time.perf_counter() - began) * 1000)
    return speed, waits


def best(rounds: list[list[float]], share: float) -> str:
    """Return the least and the median of a quantile over rounds: other work on the machine only adds."""
    found = [quantile(one, share) for one in rounds]
    return f"{min(found):.1f} ({statistics.median(found):.1f})"


def report(database: str, items: list[int], rounds: int, requests: int, turns: int) -> str:
    """Measure at each size and return the table."""
    titles = ["memories", "recall p50", "recall p95", "prompt p50", "prompt p95", "turns/s", "searchable p95"]
    titles += ["MB", "MB at most", "first start, s", "next start, s", "first recall, s"]
    lines = [line(titles), "|" + "---|" * len(titles)]
    for count in items:
        with prepared(database) as settings:
            server = Server(settings)
            server.start()
            try:
                product = Product(server.port)
                product.sign_in()
                client = product.add_client(CLIENT)
                server.stop()
                asyncio.run(fill(settings, UUID(client), count))
                print(f"  {count:,} memories are in the database", file=sys.stderr)
                first = server.start()
                server.stop()
                began = time.monotonic()
                again = server.start()
                product.call("POST", "/memory/recall", {"query": "Which VLAN do the phones use?", "client_id": client})
                recalled = time.monotonic() - began
                recalls, prompts = latency(product, client, rounds, requests)
                held = server.memory_mb()
                speed, waits = ingest(product, client, turns)
                cells = [best(recalls, 0.5), best(recalls, 0.95), best(prompts, 0.5), best(prompts, 0.95)]
                cells += [f"{speed:.0f}", f"{quantile(waits, 0.95):.0f} ms", f"{held:.0f}"]
                cells += [f"{server.memory_mb('VmHWM'):.0f}", f"{first:.1f}", f"{again:.1f}", f"{recalled:.1f}"]
                lines.append(line([f"{count:,}", *cells]))
            finally:
                server.stop()
    return "\n".join(lines)
