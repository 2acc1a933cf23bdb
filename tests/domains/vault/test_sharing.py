"""Share links: secrets for somebody without an account, as often and as long as was said and no more."""

import asyncio
import hashlib
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
import time_machine
from sqlalchemy import select, update

from claudetools.domains.accounts import User
from claudetools.domains.vault import ShareLink
from tests.conftest import FreshDatabase
from tests.contract.problems import problem, told
from tests.databases import Kind
from tests.domains.vault.conftest import Vault
from tests.fixtures.application import running_application


async def shared(vault: Vault, credential: dict[str, Any], **more: Any) -> dict[str, Any]:
    person = await vault.revealer()
    reply = await person.post(f"/credentials/{credential['id']}/share", {"reason": "For the vendor", **more})
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def claim(vault: Vault, secret: str) -> httpx2.Response:
    return await vault.api.anonymous.post("/shares/claim", {"secret": secret})


async def gone(vault: Vault, secret: str) -> None:
    unknown = problem(await claim(vault, "x" * 43), 404)
    assert told(problem(await claim(vault, secret), 404)) == told(unknown)


async def test_a_link_is_claimed_without_an_account_once(vault: Vault) -> None:
    kept = await vault.credential(username="admin", password="canary one", api_key="canary two")
    link = await shared(vault, kept, fields=["password"])
    assert len(urlsafe_b64decode(link["secret"] + "=")) == 32
    ((digest, row),) = await vault.read(select(ShareLink.secret_hash, ShareLink))
    assert bytes(digest) == hashlib.sha256(link["secret"].encode()).digest()
    assert (link["view_limit"], link["fields"], link["version_number"]) == (1, ["password"], 1)
    reply = await claim(vault, link["secret"])
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json() == {
        "service_name": "Firewall",
        "username": "admin",
        "url": None,
        "fields": {"password": "canary one"},
        "views_left": 0,
    }
    await gone(vault, link["secret"])
    (share,) = await vault.acts(kept, "share")
    (reveal,) = await vault.acts(kept, "reveal")
    assert (reveal.user_id, reveal.after["share_link"]) == (None, str(row.id))
    assert "canary" not in str(share.after) + str(reveal.after)
    assert [entry["action"] for entry in await vault.log()] == ["create", "share", "reveal"]
    listed = await vault.first.get(f"/credentials/{kept['id']}/shares")
    assert [(item["id"], item["claim_count"]) for item in listed.json()["items"]] == [(link["id"], 1)]
    assert link["secret"] not in listed.text


async def test_of_twenty_claims_at_once_exactly_one_is_answered(vault: Vault) -> None:
    link = await shared(vault, await vault.credential(password="canary"))
    replies = await asyncio.gather(*(claim(vault, link["secret"]) for _ in range(20)))
    assert sorted(reply.status_code for reply in replies) == [200] + [404] * 19
    three = await shared(vault, await vault.credential("Other", password="canary"), view_limit=3)
    replies = await asyncio.gather(*(claim(vault, three["secret"]) for _ in range(20)))
    assert sorted(reply.status_code for reply in replies) == [200] * 3 + [404] * 17


async def test_an_expired_link_is_as_good_as_none(vault: Vault) -> None:
    link = await shared(vault, await vault.credential(password="canary"), ttl_minutes=10)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=10, seconds=1), tick=True):
        await gone(vault, link["secret"])
    assert (await claim(vault, link["secret"])).status_code == 200


@pytest.mark.parametrize("end", ["revoked", "rotated", "left", "inactive", "deleted"])
async def test_a_link_ends_with_what_it_was_made_of(vault: Vault, end: str) -> None:
    kept = await vault.credential(password="canary")
    link = await shared(vault, kept, view_limit=5)
    path = f"/credentials/{kept['id']}"
    assert (await claim(vault, link["secret"])).status_code == 200
    if end == "revoked":
        for _ in range(2):
            assert (await vault.first.delete(f"{path}/shares/{link['id']}")).status_code == 204
    elif end == "rotated":
        await vault.owner.patch(path, {"password": "canary new"})
    elif end == "left":
        await vault.tamper(update(User).where(User.id == UUID(link["user_id"])).values(is_active=False))
    elif end == "inactive":
        await vault.owner.patch(path, {"is_active": False})
    else:
        await vault.owner.delete(path)
    await gone(vault, link["secret"])


async def test_a_link_is_revoked_by_those_who_may_write_the_credential_alone(vault: Vault) -> None:
    kept, other = await vault.credential(password="canary"), await vault.credential("Other")
    link = await shared(vault, kept)
    reader = await vault.api.people.add("technician", {UUID(vault.client_id): "read"})
    stranger = await vault.api.people.add("technician", {})
    problem(await reader.delete(f"/credentials/{kept['id']}/shares/{link['id']}"), 403)
    problem(await stranger.delete(f"/credentials/{kept['id']}/shares/{link['id']}"), 404)
    problem(await stranger.get(f"/credentials/{kept['id']}/shares"), 404)
    problem(await vault.owner.delete(f"/credentials/{other['id']}/shares/{link['id']}"), 404)
    assert (await claim(vault, link["secret"])).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "x"}, "/reason"),
        ({"reason": "why", "ttl_minutes": 10_081}, "/ttl_minutes"),
        ({"reason": "why", "ttl_minutes": 0}, "/ttl_minutes"),
        ({"reason": "why", "view_limit": 11}, "/view_limit"),
        ({"reason": "why", "view_limit": 0}, "/view_limit"),
        ({"reason": "why", "fields": ["token"]}, "/fields/0"),
    ],
)
async def test_a_link_has_bounds(vault: Vault, body: dict[str, Any], pointer: str) -> None:
    kept = await vault.credential(password="canary")
    problem(await vault.owner.post(f"/credentials/{kept['id']}/share", body), 422, pointer)
    assert await vault.read(select(ShareLink.id)) == []


@pytest.mark.parametrize("secret", [None, 1, "", "x" * 201, ["x"]])
async def test_what_is_no_text_of_a_link_is_refused_without_being_repeated(vault: Vault, secret: Any) -> None:
    reply = await vault.api.anonymous.post("/shares/claim", {"secret": secret})
    problem(reply, 422, "/secret")
    problem(await vault.api.anonymous.post("/shares/claim", {"secret": "\ud800"}), 422, "/secret")


async def test_claims_are_throttled_by_address(
    fresh_database: FreshDatabase, database_kind: Kind, tmp_path: Path
) -> None:
    url = fresh_database(database_kind)
    async with running_application(url, tmp_path, anonymous_rate_limit_per_minute=5) as api:
        replies = [await api.anonymous.post("/shares/claim", {"secret": "x" * 43}) for _ in range(7)]
        assert [reply.status_code for reply in replies] == [404] * 5 + [429] * 2
        assert int(replies[-1].headers["retry-after"]) >= 1
