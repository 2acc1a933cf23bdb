"""The Idempotency-Key: a request that is sent twice takes effect once, and is answered the same."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.clock import now
from claudetools.kit.http.idempotency_keys import KEPT_FOR, LONGEST_REQUEST, IdempotencyKey
from tests.contract.problems import problem
from tests.fixtures.application import Application


def keyed(key: str = "k-1") -> dict[str, str]:
    return {"Idempotency-Key": key}


async def names(api: Application) -> list[str]:
    owner = await api.people.add("owner")
    return [row["name"] for row in (await owner.get("/clients", params={"limit": 500})).json()["items"]]


async def test_the_first_reply_is_given_again(api: Application) -> None:
    owner = await api.people.add("owner")
    first = await owner.post("/clients", {"name": "Acme"}, headers=keyed())
    again = await owner.post("/clients", {"name": "Acme"}, headers=keyed())
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("etag", "location", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await names(api) == ["Acme"]


async def test_a_key_belongs_to_one_request(api: Application) -> None:
    owner = await api.people.add("owner")
    assert (await owner.post("/clients", {"name": "Acme"}, headers=keyed())).status_code == 201
    document = problem(await owner.post("/clients", {"name": "Other"}, headers=keyed()), 422)
    assert document["type"].endswith("idempotency_key_reused")
    problem(await owner.post("/tags", {"name": "Acme"}, headers=keyed()), 422)
    assert await names(api) == ["Acme"]


async def test_a_key_belongs_to_one_person_and_token(api: Application) -> None:
    owner = await api.people.add("owner")
    others = [await api.people.add("owner"), await api.people.token(owner, "msp:write", "msp:read")]
    assert (await owner.post("/tags", {"name": "one"}, headers=keyed())).status_code == 201
    for number, other in enumerate(others):
        made = await other.post("/tags", {"name": f"other {number}"}, headers=keyed())
        assert made.status_code == 201, made.text
    assert (await owner.post("/tags", {"name": "one"}, headers=keyed())).json()["name"] == "one"


async def test_a_request_that_fails_keeps_no_key(api: Application) -> None:
    owner = await api.people.add("owner")
    problem(await owner.post("/clients", {"name": ""}, headers=keyed()), 422)
    problem(await owner.post("/clients", {"nom": "x"}, headers=keyed()), 422)
    made = await owner.post("/clients", {"name": "Acme"}, headers=keyed())
    assert made.status_code == 201
    problem(await owner.post("/clients", {"name": "Acme"}, headers=keyed("k-2")), 409)
    assert (await owner.delete(made.headers["location"].removeprefix("/api"))).status_code == 204
    assert (await owner.post("/clients", {"name": "Acme"}, headers=keyed("k-2"))).status_code == 201


async def test_of_many_at_once_one_takes_effect(api: Application) -> None:
    owner = await api.people.add("owner")
    replies = await asyncio.gather(*(owner.post("/clients", {"name": "Acme"}, headers=keyed()) for _ in range(20)))
    made = [reply for reply in replies if reply.status_code == 201]
    assert made
    assert {reply.content for reply in made} == {made[0].content}
    for reply in replies:
        if reply.status_code != 201:
            document = problem(reply, 409)
            assert document["type"].endswith("idempotency_not_answered")
            assert reply.headers["retry-after"]
    assert await names(api) == ["Acme"]
    assert (await owner.post("/clients", {"name": "Acme"}, headers=keyed())).content == made[0].content


async def test_what_was_done_is_never_done_again_even_if_the_reply_was_lost(api: Application) -> None:
    owner = await api.people.add("owner")
    assert (await owner.post("/clients", {"name": "Acme"}, headers=keyed())).status_code == 201

    async def lose(session: AsyncSession) -> None:
        await session.execute(update(IdempotencyKey).values(status=None, reply=None))

    async def age(session: AsyncSession) -> None:
        await session.execute(update(IdempotencyKey).values(created_at=now() - LONGEST_REQUEST))

    await api.services.database.write(lose)
    reply = await owner.post("/clients", {"name": "Acme"}, headers=keyed())
    assert "worked on" in problem(reply, 409)["detail"]
    await api.services.database.write(age)
    reply = await owner.post("/clients", {"name": "Acme"}, headers=keyed())
    assert "ended before it answered" in problem(reply, 409)["detail"]
    assert await names(api) == ["Acme"]


async def test_a_request_that_was_cut_off_before_its_first_write_is_carried_out(
    api: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await api.people.add("owner")

    async def cut(session: AsyncSession) -> None:
        # The key and the change are in one transaction: whatever ends it takes both.
        await session.execute(text("SELECT * FROM no_such_table"))

    from claudetools.kit.resource import write

    with monkeypatch.context() as patch:
        patch.setattr(write, "flush", lambda session, resource: cut(session))
        problem(await owner.post("/clients", {"name": "Acme"}, headers=keyed()), 500)
    assert (await owner.post("/clients", {"name": "Acme"}, headers=keyed())).status_code == 201


async def test_replies_are_kept_for_a_day_and_sealed(api: Application) -> None:
    owner = await api.people.add("owner")
    made = await owner.post("/api-tokens", {"name": "x", "kind": "personal", "scopes": ["msp:read"]}, headers=keyed())
    token = made.json()["token"]
    again = await owner.post("/api-tokens", {"name": "x", "kind": "personal", "scopes": ["msp:read"]}, headers=keyed())
    assert again.json()["token"] == token

    async def rows(session: AsyncSession) -> list[IdempotencyKey]:
        return list(await session.scalars(select(IdempotencyKey)))

    [row] = await api.services.database.read(rows)
    assert row.reply is not None
    assert token.encode() not in row.reply
    assert b"token" not in row.reply

    async def age(session: AsyncSession) -> None:
        await session.execute(update(IdempotencyKey).values(created_at=now() - KEPT_FOR))

    await api.services.database.write(age)
    assert (await owner.post("/tags", {"name": "one"}, headers=keyed("k-2"))).status_code == 201
    assert len(await api.services.database.read(rows)) == 1
    assert (await owner.post("/tags", {"name": "two"}, headers=keyed())).status_code == 201


async def test_a_reply_of_another_row_does_not_open(api: Application) -> None:
    owner = await api.people.add("owner")
    for number in (1, 2):
        assert (await owner.post("/tags", {"name": f"tag {number}"}, headers=keyed(f"k-{number}"))).status_code == 201

    async def swap(session: AsyncSession) -> None:
        first, second = list(await session.scalars(select(IdempotencyKey)))
        first.reply, second.reply = second.reply, first.reply

    await api.services.database.write(swap)
    problem(await owner.post("/tags", {"name": "tag 1"}, headers=keyed("k-1")), 500)


async def test_what_can_be_repeated_by_its_nature_is_answered_the_same(api: Application) -> None:
    owner = await api.people.add("owner")
    turn = {"id": str(uuid4()), "session": "s", "role": "user", "text": "We decided to keep the old firewall."}
    body = {"conversation_id": "c", "turns": [turn]}
    first = await owner.post("/memory/ingest", body, headers=keyed())
    assert first.status_code == 200, first.text
    assert (await owner.post("/memory/ingest", body, headers=keyed())).content == first.content

    async def forget(session: AsyncSession) -> None:
        await session.execute(delete(IdempotencyKey))

    await api.services.database.write(forget)
    assert (await owner.post("/memory/ingest", body, headers=keyed())).status_code == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\u00e9"])
async def test_what_is_no_key_is_refused(api: Application, key: str) -> None:
    owner = await api.people.add("owner")
    reply = await owner.post("/tags", {"name": "one"}, headers={"Idempotency-Key": key.encode("latin-1")})  # type: ignore[dict-item]
    problem(reply, 422, "header:Idempotency-Key")


async def test_a_key_lets_no_stranger_in(api: Application) -> None:
    owner = await api.people.add("owner")
    assert (await owner.post("/clients", {"name": "Acme"}, headers=keyed())).status_code == 201
    problem(await api.anonymous.post("/clients", {"name": "Acme"}, headers=keyed()), 401)
    reader = await api.people.add("readonly")
    problem(await reader.post("/clients", {"name": "Acme"}, headers=keyed()), 403)


async def test_a_body_over_the_limit_is_refused_with_a_key_too(api: Application) -> None:
    owner = await api.people.add("owner")
    problem(await owner.post("/clients", content=b" " * (9 << 20), headers=keyed()), 413)
