"""What a sign-in costs: with the real hasher, for an unknown, a disabled and a wrong account, in turn.

The three must not be told apart by the time they take (medians within 10 %). Run alone: other work on the machine is
what is measured otherwise.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import httpx2
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import User, UserCreate, add_user
from claudetools.kit.crypto.keyring import create_keyring
from claudetools.kit.db.migrate import upgrade
from claudetools.kit.settings import Settings
from claudetools.server import create_app
from claudetools.services import Services

PASSWORD = "only for this benchmark"
KINDS = ("wrong", "disabled", "unknown")


async def add_people(services: Services) -> None:
    """Add somebody who may sign in, and somebody who may not."""
    password_hash = await services.passwords.hash(PASSWORD)
    for kind in KINDS[:2]:
        body = UserCreate.model_validate(
            {"email": f"{kind}@bench.test", "display_name": kind, "password": PASSWORD, "client_access": "all"}
        )

        async def unit(session: AsyncSession, body: UserCreate = body, kind: str = kind) -> User:
            user = await add_user(session, body, password_hash)
            user.is_active = kind != "disabled"
            return user

        await services.database.write(unit)


async def measure(samples: int, folder: Path) -> dict[str, list[float]]:
    """Return how many milliseconds each sign-in took, by kind."""
    limits = {"anonymous_rate_limit_per_minute": 0, "sign_in_rate_limit_per_minute": 0}
    settings = Settings.model_validate({"home": folder, "embedder": "none", "log_level": "error", **limits})
    create_keyring(settings.keys_folder)
    await upgrade(settings.database_url)
    app = create_app(settings)
    services: Services = app.state.services
    await add_people(services)
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://bench.test") as http:
        for _ in range(samples):
            for kind in KINDS:
                async with services.database.writer.begin() as connection:
                    await connection.execute(text("DELETE FROM throttles"))
                password = PASSWORD if kind == "disabled" else PASSWORD + "!"
                began = time.perf_counter()
                reply = await http.post("/api/auth/login", json={"email": f"{kind}@bench.test", "password": password})
                took[kind].append((time.perf_counter() - began) * 1000)
                assert reply.status_code == 401, reply.text
    await services.database.close()
    return took


def main(arguments: list[str]) -> None:
    """Measure and print the medians."""
    parser = argparse.ArgumentParser(prog="python -m bench auth", description=__doc__)
    parser.add_argument("--samples", type=int, default=200)
    samples = parser.parse_args(arguments).samples
    with tempfile.TemporaryDirectory() as folder:
        took = asyncio.run(measure(samples, Path(folder)))
    medians = {kind: statistics.median(values) for kind, values in took.items()}
    for kind, median in medians.items():
        print(f"{kind:<9} median {median:7.2f} ms")
    apart = max(medians.values()) / min(medians.values()) - 1
    print(f"furthest apart: {apart:.1%} of {samples} samples each")
