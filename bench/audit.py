"""What the audit trail costs: the same writes with and without it, in turn, and how fast it is checked.

Several processes write at once; each write is a transaction of one record through the unit of work. Without the trail
the session has none, so nothing else differs. What counts is the ratio.
"""

import argparse
import asyncio
import os
import platform
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import func, select, text

from claudetools.domains.clients import Client
from claudetools.kit.audit import trail
from claudetools.kit.audit.anchors import Anchors
from claudetools.kit.audit.events import AuditEvent
from claudetools.kit.audit.verify import verify
from claudetools.kit.crypto.keyring import create_keyring
from claudetools.kit.db.migrate import upgrade
from claudetools.kit.ids import new_id
from claudetools.kit.settings import Settings
from claudetools.services import Services, open_services
from tests.mariadb import MariaServer

DURABLE = ("SET GLOBAL innodb_flush_log_at_trx_commit = 1",)
WITHOUT, ONE_LANE, AUDITED = "without audit", "one lane", "audited"


def services_for(home: Path, url: str) -> Services:
    return open_services(Settings(home=home, database_url=url, embedder="none", log_level="warning"))


async def _write(home: Path, url: str, mode: str, until: float, connections: int) -> int:
    services = services_for(home, url)
    if mode == WITHOUT:
        del services.database.services[trail.SERVICE]
    count = 0

    async def writer() -> None:
        nonlocal count
        while time.monotonic() < until:

            async def unit(session: Any) -> None:
                session.add(Client(name=str(new_id())))

            await services.database.write(unit)
            count += 1

    try:
        await services.database.write(_nothing)  # The connection is there before the time counts.
        await asyncio.gather(*(writer() for _ in range(connections)))
    finally:
        await services.database.close()
    return count


async def _nothing(session: Any) -> None:
    await session.execute(text("SELECT 1"))


def write(home: Path, url: str, mode: str, until: float, connections: int) -> int:
    return uvloop.run(_write(home, url, mode, until, connections))


async def set_lanes(home: Path, url: str, mode: str) -> None:
    """Leave one lane to the writers, or all of them."""
    services = services_for(home, url)
    move = {ONE_LANE: "UPDATE audit_lanes SET lane = lane - 100 WHERE lane > 0",
            AUDITED: "UPDATE audit_lanes SET lane = lane + 100 WHERE lane < -1"}  # fmt: skip
    try:
        async with services.database.writer.begin() as connection:
            await connection.execute(text(move.get(mode, "SELECT 1")))
    finally:
        await services.database.close()


def measure(
    pool: ProcessPoolExecutor, home: Path, url: str, modes: tuple[str, ...], given: argparse.Namespace
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {mode: [] for mode in modes}
    for number in range(-1, given.rounds):
        for mode in sorted(modes, reverse=number % 2 == 0):
            asyncio.run(set_lanes(home, url, mode))
            until = time.monotonic() + given.seconds + 1
            each = max(1, given.writers // given.processes)
            running = [pool.submit(write, home, url, mode, until, each) for _ in range(given.processes)]
            total = sum(task.result() for task in running)
            asyncio.run(set_lanes(home, url, AUDITED))
            if number >= 0:
                found[mode].append(total / (given.seconds + 1))
    return found


async def check_speed(home: Path, url: str) -> tuple[int, float, bool]:
    """Return how many events were checked, how many a second, and whether they were right."""
    services = services_for(home, url)
    try:
        async with services.database.writer.connect() as connection:
            count = await connection.scalar(select(func.count()).select_from(AuditEvent))
        began = time.perf_counter()
        report = await verify(services.database, {}, services.audit_keys, Anchors([]))
        return count or 0, report.events / (time.perf_counter() - began), report.is_intact
    finally:
        await services.database.close()


def prepare(open_: ExitStack, kind: str) -> tuple[Path, str]:
    home = Path(open_.enter_context(tempfile.TemporaryDirectory()))
    url = f"sqlite+aiosqlite:///{home / 'bench.db'}"
    if kind == "mariadb":
        server = open_.enter_context(MariaServer())
        server.execute(None, *DURABLE)
        url = server.create_database("bench")
    create_keyring(home / "keys")
    asyncio.run(upgrade(url))
    return home, url


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench audit", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "mariadb"], nargs="+", default=["mariadb", "sqlite"])
    parser.add_argument("--writers", type=int, default=8, help="writers at the same time")
    parser.add_argument("--processes", type=int, default=2, help="processes that they are spread over")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    given = parser.parse_args(arguments)
    print(
        f"{given.writers} writers in {given.processes} processes, medians of {given.rounds} rounds of "
        f"{given.seconds + 1:g} s; {platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    print("| database | writes | transactions/s | ratio to those without audit |")
    print("|---|---|---|---|")
    checked = []
    for kind in given.database:
        with ExitStack() as open_:
            home, url = prepare(open_, kind)
            pool = open_.enter_context(ProcessPoolExecutor(given.processes, get_context("spawn")))
            modes = (WITHOUT, ONE_LANE, AUDITED) if kind == "mariadb" else (WITHOUT, AUDITED)
            found = measure(pool, home, url, modes, given)
            for mode in modes:
                ratios = [mine / plain for mine, plain in zip(found[mode], found[WITHOUT], strict=True)]
                spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
                print(f"| {kind} | {mode} | {statistics.median(found[mode]):,.0f} | {spread} |")
            checked.append((kind, *asyncio.run(check_speed(home, url))))
    print("\n| database | events checked | events/s | intact |")
    print("|---|---|---|---|")
    for kind, events, speed, is_intact in checked:
        print(f"| {kind} | {events:,} | {speed:,.0f} | {is_intact} |")
