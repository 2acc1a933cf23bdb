"""Runs mcp-memory-service for the recall benchmark: requests come in as lines of JSON, and answers go out so.

Run by the Python of an environment that has mcp-memory-service, onnxruntime, tokenizers and pysqlite3-binary, with a
folder for its data and the way to search: `semantic` (what it does when nothing else is asked for) or `hybrid` (BM25
and vectors).
"""

import asyncio
import os
import sqlite3
import sys
from importlib import import_module
from importlib.metadata import version
from json import dumps, loads
from pathlib import Path

os.environ["MCP_MEMORY_STORAGE_BACKEND"] = "sqlite_vec"
os.environ["MCP_MEMORY_USE_ONNX"] = "1"
os.environ["MCP_MEMORY_ONNX_ALLOW_DOWNLOAD"] = "0"
os.environ["HF_HUB_OFFLINE"] = "1"
if not hasattr(sqlite3.Connection, "enable_load_extension"):
    # It loads an extension of SQLite, which not every Python is built for; this package is.
    sys.modules["sqlite3"] = import_module("pysqlite3")


async def main(folder: Path, mode: str) -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    from mcp_memory_service.models.memory import Memory
    from mcp_memory_service.storage.sqlite_vec import SqliteVecMemoryStorage
    from mcp_memory_service.utils.hashing import generate_content_hash

    stores, turn_ids = {}, {}
    for number, line in enumerate(sys.stdin):
        asked = loads(line)
        answer = {}
        if asked["do"] == "version":
            answer = {"version": version("mcp-memory-service")}
        elif asked["do"] == "ingest":
            store = stores[asked["conversation"]] = SqliteVecMemoryStorage(str(folder / f"{mode}-{number}.db"))
            await store.initialize()
            if type(store.embedding_model).__name__ != "ONNXEmbeddingModel":
                raise SystemExit(f"it took {type(store.embedding_model).__name__} in place of MiniLM")
            for turn_id, text in asked["turns"]:
                digest = generate_content_hash(text)
                turn_ids.setdefault((asked["conversation"], digest), []).append(turn_id)
                await store.store(Memory(content=text, content_hash=digest), skip_semantic_dedup=True)
        else:
            store = stores[asked["conversation"]]
            search = store.retrieve_hybrid if mode == "hybrid" else store.retrieve
            found = await search(asked["text"], asked["limit"])
            answer = {"found": [turn_ids[asked["conversation"], one.memory.content_hash] for one in found]}
        answers.write(dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
