"""What is too much is refused quickly and cheaply (Z11), and no address that somebody enters is ever called (Z9)."""

import json
import resource
import socket
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from claudetools.domains import RESOURCES
from claudetools.kit.resource.declare import Verb
from tests.fixtures.application import Application

JSON = {"Content-Type": "application/json"}
CPU_SECONDS = 1.0
MEMORY_BYTES = 96 * 1024 * 1024
MEBIBYTE = 1024 * 1024


def nested(depth: int) -> bytes:
    return b'{"name": ' + b"[" * depth + b"]" * depth + b"}"


async def endless(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // MEBIBYTE):
        yield b"x" * MEBIBYTE


async def test_z11_what_is_too_much_is_refused_quickly(api: Application) -> None:
    owner = await api.people.add()
    bombs = ["(" * 5000, "a" * 5000 + "!", "%" * 5000, "\\" * 5000]
    await owner.get("/clients")
    ids = [{"id": str(uuid4())} for _ in range(100_000)]
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    replies = {
        "limit": await owner.get("/clients", params={"limit": 10**9}),
        "bulk": await owner.post("/clients/bulk", {"delete": ids}),
        "ids": await owner.get("/clients", params={"id__in": ",".join(each["id"] for each in ids[:1_500])}),
        "deep": await owner.post("/clients", content=nested(100_000), headers=JSON),
        "deep value": await owner.post("/sites", content=nested(2_000), headers=JSON),
        "declared": await owner.post("/clients", content=b"x" * 9 * MEBIBYTE, headers=JSON),
        "in pieces": await owner.post("/clients", content=endless(100 * MEBIBYTE), headers=JSON),
        "table": await owner.post(
            "/clients/import", content=b"name\n" * 2_000_000, headers={"Content-Type": "text/csv"}
        ),
        **{bomb[:3]: await owner.get("/clients", params={"cursor": bomb}) for bomb in bombs},
        "name": await owner.post("/clients", {"name": "(" * 10_000}),
    }
    took = time.process_time() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert {name: reply.status_code for name, reply in replies.items() if not 400 <= reply.status_code < 500} == {}
    assert took < CPU_SECONDS * len(replies)
    assert grown < MEMORY_BYTES
    assert (await owner.get("/clients")).json()["items"] == []


@pytest.mark.parametrize("words", ["a" * 200, "a*" * 90, "((((((((a" * 20, "' OR 1=1 --", "%_" * 90, "\\" * 150])
async def test_z11_no_search_word_is_a_pattern(api: Application, words: str) -> None:
    owner = await api.people.add()
    await owner.post("/clients", {"name": "Client"})
    for path in ("/search", "/clients"):
        reply = await owner.get(path, params={"q": words})
        assert reply.status_code in (200, 422)
        assert "Client" not in reply.text or reply.status_code == 422


async def test_z9_no_address_that_is_entered_is_called(api: Application) -> None:
    owner = await api.people.add()
    client = (await owner.post("/clients", {"name": "Client"})).json()["id"]
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        port = trap.getsockname()[1]
        addresses = [
            f"http://127.0.0.1:{port}/",
            f"http://localhost:{port}/",
            f"http://[::ffff:127.0.0.1]:{port}/",
            f"http://2130706433:{port}/",
            "http://169.254.169.254/latest/meta-data/",
            "file:///etc/passwd",
            f"gopher://127.0.0.1:{port}/",
        ]
        tried = 0
        for entity in RESOURCES:
            fields = [name for name in entity.create.model_fields if "url" in name]
            if not fields or Verb.CREATE not in entity.verbs:
                continue
            for address in addresses:
                body = json.dumps({"client_id": client, "name": "x", **dict.fromkeys(fields, address)})
                reply = await owner.post(
                    f"/{entity.name}", content=body.encode(), headers={"Content-Type": "application/json"}
                )
                assert reply.status_code in (201, 404, 409, 422)
                tried += 1
        for system in ("netbox", "hudu", "itflow", "itglue"):
            await owner.post(f"/imports/{system}", content=json.dumps({"url": addresses[0]}).encode())
        assert tried >= len(addresses) * 3
        with pytest.raises(BlockingIOError):
            trap.accept()
