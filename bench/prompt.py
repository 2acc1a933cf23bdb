"""Added time per prompt: the real client with and without the plugin, in turn, against a server with N memories.

The time is from handing the prompt to the client until its request reaches the (scripted) model, so it holds all
that a technician waits for. Needs the client: run `make test` once, or set CLAUDETOOLS_TEST_CLIENT.
"""

import argparse
import asyncio
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

import claudetools
from bench.office import notes, questions
from claudetools.domains.accounts import (
    MACHINE_SCOPES,
    MachineCreate,
    TokenCreate,
    TokenKind,
    User,
    add_token,
    ensure_owner,
)
from claudetools.domains.accounts.machines import MACHINES
from claudetools.domains.clients import CLIENTS
from claudetools.domains.memory import BindingCreate, bind
from claudetools.domains.memory.writing import ItemDraft, Origin, put_items
from claudetools.kit.clock import now
from claudetools.kit.crypto.keyring import create_keyring
from claudetools.kit.db.migrate import upgrade
from claudetools.kit.ids import new_id
from claudetools.kit.resource.scope import ALL_TENANTS, Actor
from claudetools.kit.resource.write import create_row
from claudetools.kit.settings import Settings
from claudetools.services import Services, open_services
from tests.e2e.client import Machine
from tests.e2e.model_stub import ModelRequest, ModelStub, Reply, Text

PLUGIN = Path(claudetools.__file__).parent / "claude" / "plugin"
CLIENT = Path(".cache/claude-code/node_modules/@anthropic-ai/claude-code-linux-x64/claude")
EMBEDDED = 2_000
BATCH = 2_000


async def fill(settings: Settings, folder: Path, items: int) -> str:
    """Prepare a server's data with `items` memories of one client; return a machine token bound to `folder`."""
    create_keyring(settings.keys_folder)
    await upgrade(settings.database_url)
    services = open_services(settings)
    try:
        await ensure_owner(services.database, services.passwords, "owner@bench.test", "only for this benchmark")
        actor = await _owner(services)
        client = await services.database.write(lambda s: create_row(s, actor, CLIENTS, {"name": "Dataworks"}))
        facts = MachineCreate(hostname="bench", fingerprint="bench").model_dump()
        machine = await services.database.write(lambda s: create_row(s, actor, MACHINES, facts))
        binding = BindingCreate(client_id=client.id, cwd=str(folder))
        await services.database.write(lambda s: bind(s, actor, binding))
        body = TokenCreate(name="bench", kind=TokenKind.MACHINE, machine_id=machine.id, scopes=sorted(MACHINE_SCOPES))
        _, token = await services.database.write(lambda s: add_token(s, actor, body))
        await _remember(services, actor, client.id, items)
        return token
    finally:
        await services.database.close()


async def _owner(services: Services) -> Actor:
    user = await services.database.read(lambda s: s.scalar(select(User)))
    assert user is not None
    return Actor(
        user_id=user.id,
        email=user.email,
        display_name=user.display_name,
        role=user.role.value,
        scopes=frozenset({"msp:read", "msp:write", "memory:read", "memory:write"}),
        readable=ALL_TENANTS,
        writable=ALL_TENANTS,
    )


async def _remember(services: Services, actor: Actor, client_id, items: int) -> None:  # type: ignore[no-untyped-def]
    """Store the notes. Vectors are those of the first `EMBEDDED` notes, reused: speed does not depend on them."""
    texts = notes(items)
    vectors = await services.memory.embed(texts[:EMBEDDED])
    origin = Origin(
        client_id=client_id, project_id=None, machine_id=None, user_id=actor.user_id,
        source_table="memory_items", source_id=new_id(),
    )  # fmt: skip
    for start in range(0, items, BATCH):
        drafts = [
            ItemDraft(
                id=new_id(),
                kind="fact",
                text=text,
                said_at=now() - timedelta(minutes=number),
                embedding=vectors[number % len(vectors)],
            )
            for number, text in enumerate(texts[start : start + BATCH], start)
        ]
        await services.database.write(lambda s, d=drafts: put_items(s, origin, d))  # type: ignore[misc]


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Run the server on these data; yield its address when recall can be served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"CLAUDETOOLS_HOME": str(settings.home), "CLAUDETOOLS_LOG_LEVEL": "warning"}
    arguments = ["--factory", "claudetools.server:create_app", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen([sys.executable, "-m", "uvicorn", *arguments], env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        began = time.monotonic()
        while not _is_ready(address):
            if process.poll() is not None or time.monotonic() - began > 300:
                raise RuntimeError("the server did not become ready")
            time.sleep(0.05)
        print(f"  server ready after {time.monotonic() - began:.1f} s", file=sys.stderr)
        yield address
    finally:
        process.terminate()
        process.wait()


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/health/ready", timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


class Arrivals:
    """Answers as the model, and notes when each request came."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.contexts = 0

    def respond(self, request: ModelRequest) -> Reply:
        self.times.append(time.monotonic())
        return (Text("Done."),)


def measure(program: Path, folder: Path, address: str, token: str, prompts: list[str]) -> dict[str, list[float]]:
    """Return the milliseconds from prompt to model request, without and with the plugin, prompt by prompt."""
    arrivals = Arrivals()
    found: dict[str, list[float]] = {"plain": [], "plugin": []}
    with ModelStub(respond=arrivals.respond) as model:
        plain, plugged = Machine(program, folder / "plain"), Machine(program, folder / "plugged")
        plugged.prepare()
        plugged.configure_plugin(address, token)
        work = folder / "work"
        with (
            plain.session(model.url, cwd=work) as without,
            plugged.session(model.url, plugin_dir=PLUGIN, cwd=work) as with_plugin,
        ):
            for number, prompt in enumerate(prompts):
                for name, session in (("plain", without), ("plugin", with_plugin)):
                    before, began = len(arrivals.times), time.monotonic()
                    session.send(prompt)
                    if number:  # the first prompt starts the client
                        found[name].append((arrivals.times[before] - began) * 1000)
        given = sum(bool(request.hook_contexts()) for request in model.requests)
    print(f"  requests that carried memory: {given}", file=sys.stderr)
    return found


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench prompt", description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--prompts", type=int, default=60)
    parser.add_argument("--client", type=Path, default=Path(os.environ.get("CLAUDETOOLS_TEST_CLIENT", CLIENT)))
    given = parser.parse_args(arguments)
    print(f"added time per prompt, {platform.platform()}, {os.cpu_count()} cores, {given.prompts} prompts each, in ms")
    print("| memories | without: median | p95 | with: median | p95 | added: median | p95 |")
    print("|---|---|---|---|---|---|---|")
    for items in given.items:
        with tempfile.TemporaryDirectory() as temporary:
            root = Path(temporary)
            (root / "work").mkdir()
            settings = Settings(home=root / "home")
            settings.home.mkdir()
            token = asyncio.run(fill(settings, root / "work", items))
            with serving(settings) as address:
                found = measure(given.client.absolute(), root, address, token, questions(given.prompts + 1))
        added = [with_ - without for without, with_ in zip(found["plain"], found["plugin"], strict=True)]
        cells = [
            f"{value:.1f}"
            for values in (found["plain"], found["plugin"], added)
            for value in (statistics.median(values), quantile(values, 0.95))
        ]
        print(f"| {items:,} | " + " | ".join(cells) + " |")
