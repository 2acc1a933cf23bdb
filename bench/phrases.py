"""Memories in any number for measuring the recall index: phrases of the demo, words by Zipf's law, mixed vectors.

Embedding a million texts takes hours, and speed and memory do not depend on which vectors they are. Each vector is a
mixture of two of some thousand real ones and noise, so that their similarities are spread as real ones are.
"""

import random
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.office import HOSTS, PRODUCTS
from claudetools.domains.memory.recall_index.entry import Entry
from claudetools.kit.search.embed import Embedder, quantise, unit_rows

START = datetime(2025, 1, 1, tzinfo=UTC)
KINDS = ("turn", "turn", "tool", "fact", "failure", "digest", "decision", "todo")
VOCABULARY = 200_000
CONVERSATION = 40
BATCH = 4_096
BASES = 3_000


@cache
def phrases() -> list[str]:
    """Return every sentence of the demo's files."""
    found: dict[str, None] = {}

    def walk(value: Any) -> None:
        if isinstance(value, str) and len(value) > 25 and " " in value:
            found[value.replace("«", "").replace("»", "")] = None
        elif isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    def look(folder: Traversable) -> None:
        for one in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if one.is_dir():
                look(one)
            elif one.name.endswith(".toml"):
                walk(tomllib.loads(one.read_text("utf-8")))

    look(files("claudetools.demo"))
    return list(found)


@cache
def _words() -> tuple[list[str], list[float]]:
    chance = random.Random(11)
    parts = [a + b for a in "bcdfglmnprstv" for b in ("a", "e", "i", "o", "u", "an", "er", "ol")]
    made = dict.fromkeys("".join(chance.choices(parts, k=chance.randrange(2, 5))) for _ in range(2 * VOCABULARY))
    words = list(made)[:VOCABULARY]
    return words, list(accumulate(1 / (rank + 3) for rank in range(len(words))))


def text(chance: random.Random) -> str:
    """Return one or two phrases with names, numbers and 6 to 16 other words: about 30 index terms."""
    words, weights = _words()
    said = chance.sample(phrases(), chance.choice((1, 1, 2)))
    host = f"{chance.choice(HOSTS)}-{chance.randrange(400)}"
    more = " ".join(chance.choices(words, cum_weights=weights, k=chance.randrange(6, 16)))
    return (
        f"{' '.join(said)} {chance.choice(PRODUCTS)} on {host}, 0x{0x80070000 + chance.randrange(1 << 15):08X}: {more}."
    )


def question(chance: random.Random) -> str:
    """Return a prompt: words of a phrase, mostly with a host, now and then a long one."""
    words, weights = _words()
    said = " ".join(chance.choice(phrases()) for _ in range(chance.choice((1, 1, 1, 3)))).split()
    start = chance.randrange(max(1, len(said) - 12))
    host = f"{chance.choice(HOSTS)}-{chance.randrange(400)}"
    asked = [*said[start : start + chance.randrange(5, 40)], *chance.choices(words, cum_weights=weights, k=2)]
    return f"What did we do about {' '.join(asked)} on {host}?"


def _real_vectors(embedder: Embedder, chance: random.Random) -> NDArray[np.float32]:
    return embedder.embed([text(chance)[:400] for _ in range(BASES)])


def memories(count: int, embedder: Embedder | None, seed: int = 7, partition: str = "client:bench") -> Iterator[Entry]:
    """Yield `count` memories in conversations of forty pieces, oldest first."""
    chance, noise = random.Random(seed), np.random.default_rng(seed)
    bases = None if embedder is None else _real_vectors(embedder, chance)
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        vectors: list[bytes] | list[None] = [None] * size
        if bases is not None:
            picked = noise.integers(0, len(bases), (2, size))
            mixed = bases[picked[0]] + 0.6 * bases[picked[1]]
            mixed += noise.normal(0, 0.6 / np.sqrt(bases.shape[1]), mixed.shape).astype(np.float32)
            vectors = quantise(unit_rows(mixed))
        for number, vector in enumerate(vectors, start):
            conversation, position = divmod(number, CONVERSATION)
            yield Entry(
                id=f"{number:08x}-{seed:04x}-7000-8000-{number:012x}",
                partition=partition,
                kind=chance.choice(KINDS),
                text=text(chance),
                at=START + timedelta(minutes=number / 4),
                conversation=f"{conversation:08x}-0000-7000-8000-000000000000",
                position=position,
                project_id=f"project-{conversation % 20}",
                importance=chance.random(),
                embedding=vector,
            )
