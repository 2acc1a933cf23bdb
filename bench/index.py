"""The derived recall index at a size: searching, adding, saving, loading and the memory of the process.

It is measured without the database around it, in one partition: a client with that many memories. Each search is timed
as its embedding and its ranking, the quickest of three runs of each.
"""

import argparse
import itertools
import math
import os
import platform
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

from bench.phrases import BATCH, START, memories, question
from claudetools.domains.memory.recall_index.file import IndexFile
from claudetools.domains.memory.recall_index.index import Entry, Query, RecallIndex
from claudetools.domains.memory.recall_index.stamp import Stamp
from claudetools.kit.search.embed import Embedder, load_embedder

PARTITION = "client:bench"
ROUNDS = 3
NOW = START + timedelta(days=900)
STAMP = Stamp(sequence=1, items={}, deletions={})


def percentiles(seconds: list[float]) -> str:
    """Return median and 95th percentile in milliseconds."""
    ordered = sorted(seconds)
    return f"{1e3 * statistics.median(ordered):.1f} / {1e3 * ordered[int(0.95 * (len(ordered) - 1))]:.1f}"


def quickest(do: Callable[[], object]) -> float:
    """Return the seconds of the quickest of `ROUNDS` runs."""
    best = math.inf
    for _ in range(ROUNDS):
        began = time.perf_counter()
        do()
        best = min(best, time.perf_counter() - began)
    return best


def memory_now() -> float:
    """Return the resident memory of this process in MB, and nothing that was freed."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def build(folder: Path, items: int, embedder: Embedder | None) -> dict[str, str]:
    """Fill an index and save it; return what that took."""
    index, busy = RecallIndex(embedder), 0.0
    source = memories(items, embedder)
    while batch := list(itertools.islice(source, BATCH)):
        began = time.process_time()
        index.upsert(batch)
        busy += time.process_time() - began
    began = time.perf_counter()
    snapshot = index.snapshot()
    paused = time.perf_counter() - began
    began = time.process_time()
    IndexFile(folder, embedder).write(STAMP, snapshot)
    saved = time.process_time() - began
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    return {
        "build, s CPU": f"{busy:.1f}",
        "added/s": f"{items / busy:,.0f}",
        "save, s CPU (searches wait)": f"{saved:.1f} ({paused:.2f})",
        "file, MB": f"{size:,.0f}",
    }


def serve(folder: Path, items: int, embedder: Embedder | None, searches: int) -> dict[str, str]:
    """Load the saved index as a new process does; search it; add to it while searching."""
    began, used = time.perf_counter(), time.process_time()
    saved = IndexFile(folder, embedder).read()
    if saved is None:
        raise RuntimeError("the saved index was refused")
    index = RecallIndex(embedder, saved.partitions)
    ask(index, "what is there?")
    loaded = f"{time.perf_counter() - began:.2f} ({time.process_time() - used:.2f})"
    chance = random.Random(5)
    asked = [question(chance) for _ in range(searches)]
    for text in asked[:20]:
        ask(index, text + "?")
    # Of other programs' disturbances the quickest of several runs shows least.
    embedding = [quickest(lambda text=text: embedder and embedder.embed([text])) for text in asked]  # type: ignore[misc]
    ranking = [quickest(lambda text=text: ask(index, text)) for text in asked]  # type: ignore[misc]
    whole = [first + second for first, second in zip(embedding, ranking, strict=True)]
    held = memory_now()
    more = list(memories(2000, None, seed=8))
    began = time.perf_counter()
    visible = [_added(index, entry) for entry in more]
    each = len(more) / (time.perf_counter() - began)
    return {
        "load to first recall, s (CPU)": loaded,
        "embedding p50 / p95, ms": percentiles(embedding),
        "ranking p50 / p95, ms": percentiles(ranking),
        "search p50 / p95, ms": percentiles(whole),
        "memory, MB": f"{held:,.0f}",
        "added singly/s": f"{each:,.0f}",
        "one added p50 / p95, ms": percentiles(visible),
    }


def _added(index: RecallIndex, entry: Entry) -> float:
    began = time.perf_counter()
    index.upsert([entry])
    return time.perf_counter() - began


def ask(index: RecallIndex, text: str) -> int:
    """Search as recall does and return how many hits there are."""
    return len(index.search(Query(text=text, partitions=frozenset({PARTITION}), now=NOW)).hits)


def _in_process(
    do: Callable[..., dict[str, str]], folder: Path, items: int, embedder: str, *more: int
) -> dict[str, str]:
    return do(folder, items, load_embedder(embedder), *more)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench index", description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--searches", type=int, default=200)
    parser.add_argument("--embedder", choices=["minilm", "none"], default="minilm")
    given = parser.parse_args(arguments)
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, {given.searches} searches"
    )
    for items in given.items:
        with tempfile.TemporaryDirectory() as home, ProcessPoolExecutor(1, get_context("spawn")) as first:
            folder = Path(home)
            found = first.submit(_in_process, build, folder, items, given.embedder).result()
            with ProcessPoolExecutor(1, get_context("spawn")) as second:
                found |= second.submit(_in_process, serve, folder, items, given.embedder, given.searches).result()
        print(f"\n| {items:,} memories of one client | |\n|---|---|")
        for name, value in found.items():
            print(f"| {name} | {value} |", flush=True)
