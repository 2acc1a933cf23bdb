"""Two workers that share nothing but the database: real processes, each with an index of its own."""

import asyncio
import os
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from tests.conftest import FreshDatabase
from tests.databases import Kind
from tests.e2e.server import free_port
from tests.fixtures.application import Application, running_application
from tests.fixtures.people import Caller
from tests.memory.firm import Firm, remember, texts

START_SECONDS = 60.0
WITHIN_SECONDS = 1.0


@asynccontextmanager
async def another_process(url: str, home: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """Run the server on the same data in a process of its own."""
    port = free_port()
    environment = os.environ | {
        "CLAUDETOOLS_HOME": str(home),
        "CLAUDETOOLS_DATABASE_URL": url,
        "CLAUDETOOLS_EMBEDDER": "none",
        "CLAUDETOOLS_LOG_LEVEL": "warning",
    }
    arguments = ["--factory", "claudetools.server:create_app", "--port", str(port), "--log-level", "warning"]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "uvicorn", *arguments, env=environment)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            await _ready(http, process)
            yield http
    finally:
        process.terminate()
        await process.wait()


async def _ready(http: httpx2.AsyncClient, process: Process) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.returncode is None, "the server ended"
        assert time.monotonic() < deadline, "the server did not become ready"
        try:
            if (await http.get("/api/health/ready")).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        await asyncio.sleep(0.05)


@pytest.fixture
async def worker(database_kind: Kind, fresh_database: FreshDatabase, tmp_path: Path) -> AsyncIterator[Application]:
    async with running_application(fresh_database(database_kind), tmp_path / "home") as running:
        yield running


async def test_what_one_process_writes_another_recalls_within_a_second(worker: Application, tmp_path: Path) -> None:
    firm = await Firm.of(worker)
    client = await firm.client("Acme")
    url = worker.services.settings.database_url
    async with another_process(url, tmp_path / "home") as http:
        here, there = firm.owner, Caller(http=http, token=firm.owner.token)
        for number, (writer, reader) in enumerate(((here, there), (there, here), (here, there))):
            note = f"The gateway of branch {number} is 10.20.{number}.1."
            assert note not in await texts(reader, f"gateway branch {number}", client)
            memory = await remember(writer, note, client)
            written = time.monotonic()
            assert note in await texts(reader, f"gateway branch {number}", client)
            assert time.monotonic() - written < WITHIN_SECONDS
            assert (await writer.delete(f"/memory/{memory['id']}")).status_code == 204
            deleted = time.monotonic()
            assert note not in await texts(reader, f"gateway branch {number}", client)
            assert time.monotonic() - deleted < WITHIN_SECONDS
