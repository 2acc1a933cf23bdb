"""What people are signed in with, and ending it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import text

from tests.contract.problems import problem, told
from tests.fixtures.application import Application
from tests.fixtures.people import Caller, Person


async def sessions(who: Caller, **params: Any) -> list[dict[str, Any]]:
    reply = await who.get("/auth/sessions", params=params)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


async def renewed(api: Application, person: Person) -> int:
    return (await api.anonymous.post("/auth/refresh", {"refresh_token": person.refresh_token})).status_code


async def test_people_see_where_they_are_signed_in(api: Application) -> None:
    here = await api.people.add()
    await api.people.sign_in(here)
    await api.people.add()
    found = await sessions(here)
    assert [each["is_current"] for each in found] == [False, True]
    assert {each["user_id"] for each in found} == {str(here.id)}
    assert set(found[0]) == {
        "id", "user_id", "ip", "agent", "created_at", "last_used_at", "expires_at", "is_current",
    }  # fmt: skip
    assert (found[0]["ip"], found[0]["agent"]) == ("127.0.0.1", "test")


async def test_a_refresh_is_a_use(api: Application) -> None:
    person = await api.people.add()
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=5)):
        assert await renewed(api, person) == 200
    (found,) = await sessions(person)
    used, created = (datetime.fromisoformat(found[name]) for name in ("last_used_at", "created_at"))
    assert used - created > timedelta(hours=4)


async def test_one_session_is_ended_at_once_with_its_refresh_tokens(api: Application) -> None:
    here = await api.people.add()
    there = await api.people.sign_in(here)
    assert (await there.get("/auth/me")).status_code == 200
    id = next(each["id"] for each in await sessions(here) if not each["is_current"])
    for _ in range(2):
        assert (await here.delete(f"/auth/sessions/{id}")).status_code == 204
    problem(await there.get("/auth/me"), 401)
    assert await renewed(api, there) == 401
    assert [each["is_current"] for each in await sessions(here)] == [True]
    assert await renewed(api, here) == 200


async def test_all_others_are_ended_together(api: Application) -> None:
    here = await api.people.add()
    others = [await api.people.sign_in(here) for _ in range(3)]
    stranger = await api.people.add("technician")
    assert (await here.delete("/auth/sessions")).status_code == 204
    for other in others:
        problem(await other.get("/auth/me"), 401)
        assert await renewed(api, other) == 401
    assert (await stranger.get("/auth/me")).status_code == 200
    assert len(await sessions(here)) == 1


async def test_nobody_sees_or_ends_anothers_sessions(api: Application) -> None:
    person, other = await api.people.add("technician"), await api.people.add("technician")
    (theirs,) = await sessions(other)
    problem(await person.get("/auth/sessions", params={"user_id": str(other.id)}), 403)
    foreign = problem(await person.delete(f"/auth/sessions/{theirs['id']}"), 404)
    unknown = problem(await person.delete(f"/auth/sessions/{uuid4()}"), 404)
    assert told(foreign) == told(unknown)
    assert (await other.get("/auth/me")).status_code == 200


async def test_administrators_end_sessions_of_those_whom_they_may_change(api: Application) -> None:
    owner, admin, person = [await api.people.add(role) for role in ("owner", "admin", "technician")]
    (theirs,) = await sessions(admin, user_id=str(person.id))
    assert (await admin.delete(f"/auth/sessions/{theirs['id']}")).status_code == 204
    problem(await person.get("/auth/me"), 401)
    (owners,) = await sessions(admin, user_id=str(owner.id))
    problem(await admin.delete(f"/auth/sessions/{owners['id']}"), 403)
    (admins,) = await sessions(owner, user_id=str(admin.id))
    assert (await owner.delete(f"/auth/sessions/{admins['id']}")).status_code == 204


async def test_a_token_touches_no_session(api: Application) -> None:
    owner = await api.people.add()
    token = await api.people.token(owner, "msp:read", "msp:write", "msp:admin")
    problem(await token.get("/auth/sessions"), 403)
    problem(await token.delete("/auth/sessions"), 403)
    problem(await token.delete(f"/auth/sessions/{uuid4()}"), 403)
    assert len(await sessions(owner)) == 1


async def test_who_is_let_in_again_has_to_sign_in_again(api: Application) -> None:
    owner, person = await api.people.add(), await api.people.add("technician")
    for is_active in (False, True):
        assert (await owner.patch(f"/users/{person.id}", {"is_active": is_active})).status_code == 200
    problem(await person.get("/auth/me"), 401)
    assert await renewed(api, person) == 401


@pytest.mark.parametrize("id", ["x", "0", "%00"])
async def test_what_is_no_session_is_refused(api: Application, id: str) -> None:
    owner = await api.people.add()
    problem(await owner.delete(f"/auth/sessions/{id}"), 422)
    problem(await owner.get("/auth/sessions", params={"user_id": id}), 422)


async def test_endings_are_on_record(api: Application) -> None:
    owner, person = await api.people.add(), await api.people.add("technician")
    (theirs,) = await sessions(owner, user_id=str(person.id))
    await owner.delete(f"/auth/sessions/{theirs['id']}")
    await owner.post("/auth/logout")
    async with api.services.database.reader.connect() as connection:
        query = text("SELECT user_name, resource FROM audit_events WHERE action = 'logout' ORDER BY id")
        found = (await connection.execute(query)).all()
    name = owner.email.partition("@")[0].title()
    assert [tuple(row) for row in found] == [(name, "login-sessions"), (name, "login-sessions")]
