"""What the resource engine costs: a list of 50 from 10,000 records, against the same list written by hand, in turn.

Both are real servers of one process each, on the same database, and are asked over keep-alive connections from here.
What counts is the ratio, and the processor time per request, which other work on the machine disturbs less.
"""

import argparse
import asyncio
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from json import dumps, loads
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from sqlalchemy import event, insert

from claudetools.domains.accounts import ensure_owner
from claudetools.domains.clients import Client
from claudetools.domains.infra import Infrastructure
from claudetools.domains.infra.infrastructure import AssetType
from claudetools.kit.crypto.keyring import create_keyring
from claudetools.kit.db.migrate import upgrade
from claudetools.kit.ids import new_id
from claudetools.kit.settings import Settings
from claudetools.server import create_app
from claudetools.services import open_services
from tests.mariadb import MariaServer

ROWS = 10_000
BATCH = 1_000
PATH = "/api/infrastructure?limit=50"
OWNER = {"email": "owner@bench.test", "password": "only for this benchmark"}
SERVERS = {"product": "claudetools.server:create_app", "by hand": "bench.by_hand:create_app"}
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def equipment(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """Return the columns of so many believable machines, the same for the same seed."""
    chance = random.Random(seed)
    makes = [("Dell", "PowerEdge R640"), ("HPE", "ProLiant DL380"), ("Lenovo", "ThinkCentre M70"), ("Fortinet", "60F")]
    systems = [("Windows Server", "2022"), ("Debian", "12"), ("Windows 11", "24H2"), (None, None)]
    found = []
    for number in range(count):
        (manufacturer, model), (os_name, os_version) = chance.choice(makes), chance.choice(systems)
        is_windows = bool(os_name) and os_name.startswith("Windows")
        found.append(
            {
                "asset_type": chance.choice(list(AssetType)),
                "hostname": f"{chance.choice(['srv', 'ws', 'fw', 'nas', 'dc'])}-{number:05}",
                "ip_address": f"10.{number // 62500}.{number // 250 % 250}.{number % 250 + 1}",
                "mac_address": ":".join(f"{chance.randrange(256):02x}" for _ in range(6)),
                "os": os_name,
                "os_version": os_version,
                "role_description": chance.choice(["File and print server", "Work place in accounting", None]),
                "manufacturer": manufacturer,
                "model": model,
                "serial": f"{chance.randrange(36**7):X}",
                "location": f"Room {chance.randrange(1, 40)}, rack {chance.randrange(1, 9)}",
                "management_url": f"https://10.0.{number % 250}.10/" if number % 3 == 0 else None,
                "warranty_ends_on": date(2026, 1, 1) + timedelta(days=chance.randrange(1500)),
                "environmental_notes": "Behind a proxy that breaks TLS 1.3; updates come by WSUS."
                if number % 4
                else None,
                "powershell_version": "5.1" if is_windows else None,
                "available_shells": ["powershell", "cmd"] if is_windows else ["bash"],
                "known_limits": ["no Invoke-WebRequest", "RDP only by VPN"] if number % 5 == 0 else [],
                "notes": "Replaced its power supply; the spare is in the cupboard at reception."
                if number % 2
                else None,
            }
        )
    return found


async def fill(settings: Settings, rows: int) -> None:
    """Prepare the data folder and the database: an owner, one client and its equipment."""
    create_keyring(settings.keys_folder)
    await upgrade(settings.database_url)
    services = open_services(settings)
    client_id = new_id()
    try:
        await ensure_owner(services.database, services.passwords, OWNER["email"], OWNER["password"])

        async def unit(session: Any) -> None:
            session.add(Client(id=client_id, name="Dataworks"))
            await session.flush()
            made = [{**row, "id": new_id(), "client_id": client_id, "version": 1} for row in equipment(rows)]
            for start in range(0, rows, BATCH):
                await session.execute(insert(Infrastructure), made[start : start + BATCH])

        await services.database.write(unit)
    finally:
        await services.database.close()


def environment_of(settings: Settings) -> dict[str, str]:
    return {
        "CLAUDETOOLS_HOME": str(settings.home),
        "CLAUDETOOLS_DATABASE_URL": settings.database_url,
        "CLAUDETOOLS_EMBEDDER": "none",
        "CLAUDETOOLS_LOG_LEVEL": "warning",
        "CLAUDETOOLS_RATE_LIMIT_PER_MINUTE": "0",
    }


@dataclass(kw_only=True)
class Server:
    """A running server, and what each round of requests to it gave."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    per_second: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p95_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_ticks(self) -> int | None:
        """Return the processor time used so far; None where the system does not tell."""
        try:
            text = Path(f"/proc/{self.process.pid}/stat").read_text()
        except OSError:
            return None
        fields = text.rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])


@contextmanager
def serving(name: str, settings: Settings) -> Iterator[Server]:
    """Run a server by its name on these data; yield it when it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["--factory", SERVERS[name], "--port", str(port), "--log-level", "warning", "--no-access-log"]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", *arguments, "--no-server-header"], env=os.environ | environment_of(settings)
    )
    server = Server(name=name, process=process, port=port)
    try:
        began = time.monotonic()
        while not _is_ready(server.address):
            if process.poll() is not None or time.monotonic() - began > 60:
                raise RuntimeError(f"the server {name} did not become ready")
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait()


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/health/ready", timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def sign_in(address: str) -> str:
    """Return an access token, which both servers take: they share the key."""
    asked = urllib.request.Request(
        f"{address}/api/auth/login", dumps(OWNER).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=10) as reply:
        return str(loads(reply.read())["access_token"])


def fetch(server: Server, token: str) -> bytes:
    asked = urllib.request.Request(server.address + PATH, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked, timeout=10) as reply:
        return bytes(reply.read())


async def _ask(server: Server, token: str, until: float, length: int) -> list[float]:
    """Ask over one connection until the time is up; return the milliseconds of each request."""
    address = urlsplit(server.address)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**20)
    request = f"GET {PATH} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    found = []
    while (began := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 ") or f"content-length: {length}\r\n".encode() not in head.lower():
            raise RuntimeError(f"{server.name} answered {head.decode(errors='replace')}")
        await reader.readexactly(length)
        found.append((time.perf_counter() - began) * 1000)
    writer.close()
    return found


async def load(server: Server, token: str, *, seconds: float, connections: int, length: int, counts: bool) -> None:
    """Ask a server for so long over several connections at once, and keep the figures when it `counts`."""
    ticks, began = server.cpu_ticks(), time.perf_counter()
    asking = (_ask(server, token, began + seconds, length) for _ in range(connections))
    times = sorted(ms for found in await asyncio.gather(*asking) for ms in found)
    elapsed, later = time.perf_counter() - began, server.cpu_ticks()
    if not counts:
        return
    server.per_second.append(len(times) / elapsed)
    server.p50_ms.append(statistics.median(times))
    server.p95_ms.append(times[int(len(times) * 0.95)])
    if ticks is not None and later is not None:
        server.cpu_ms.append((later - ticks) * TICK_MS / len(times))


async def statements(settings: Settings) -> int:
    """Return how many SQL statements the product needs for the list, with a token that it has not seen before."""
    app = create_app(Settings.model_validate({**settings.model_dump(), "embedder": "none", "log_level": "warning"}))
    database = app.state.database
    sent: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://bench.test") as http:
        token = (await http.post("/api/auth/login", json=OWNER)).json()["access_token"]
        for engine in {database.reader.sync_engine, database.writer.sync_engine}:
            event.listen(engine, "before_cursor_execute", note)
        reply = await http.get(PATH, headers={"Authorization": f"Bearer {token}"})
        assert reply.status_code == 200, reply.text
    await database.close()
    return len(sent)


def measure(settings: Settings, given: argparse.Namespace) -> tuple[dict[str, Server], int]:
    """Run both servers, check that they answer alike, and ask them in turn."""
    with ExitStack() as running:
        servers = {name: running.enter_context(serving(name, settings)) for name in SERVERS}
        token = sign_in(servers["product"].address)
        bodies = {name: fetch(server, token) for name, server in servers.items()}
        assert len(set(bodies.values())) == 1, "the servers do not answer alike"
        length = len(bodies["product"])
        for round_number in range(-1, given.rounds):
            token = sign_in(servers["product"].address)
            for name in sorted(servers, reverse=round_number % 2 == 0):
                asking = load(
                    servers[name], token,
                    seconds=given.seconds, connections=given.connections, length=length, counts=round_number >= 0,
                )  # fmt: skip
                asyncio.run(asking)
        return servers, length


def ratio(ours: list[float], theirs: list[float]) -> str:
    """Return what one series is of another, pair by pair, as text: the median and the range."""
    found = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})" if found else "?"


def show(kind: str, servers: dict[str, Server], length: int, sent: int) -> None:
    product, by_hand = servers["product"], servers["by hand"]
    ratios = {"by hand": ("1", "1", "1")}
    ratios["product"] = (
        ratio(product.per_second, by_hand.per_second),
        ratio(by_hand.cpu_ms, product.cpu_ms),
        str(sent),
    )
    for name, server in servers.items():
        of_requests, of_cpu, statements_sent = ratios[name]
        cpu = f"{statistics.median(server.cpu_ms):.2f}" if server.cpu_ms else "?"
        rate, p50, p95 = (f"{statistics.median(v):.1f}" for v in (server.per_second, server.p50_ms, server.p95_ms))
        cells = (kind, name, rate, of_requests, p50, p95, cpu, of_cpu, statements_sent, f"{length:,}")
        print(f"| {' | '.join(cells)} |")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench api", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "mariadb"], nargs="+", default=["sqlite"])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=4)
    given = parser.parse_args(arguments)
    print(
        f"GET {PATH} of {given.rows:,} records, {given.connections} connections, medians of {given.rounds} rounds of "
        f"{given.seconds:g} s; {platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    print("The ratios are product / by hand, above 1 when the product is faster. SQL statements: with a new token.")
    print("| database | server | requests/s | ratio | p50 ms | p95 ms | CPU ms/request | ratio | SQL | bytes |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for kind in given.database:
        with ExitStack() as open_:
            home = Path(open_.enter_context(tempfile.TemporaryDirectory()))
            url = open_.enter_context(MariaServer()).create_database("bench") if kind == "mariadb" else ""
            settings = Settings(home=home, database_url=url)
            asyncio.run(fill(settings, given.rows))
            servers, length = measure(settings, given)
            show(kind, servers, length, asyncio.run(statements(settings)))
