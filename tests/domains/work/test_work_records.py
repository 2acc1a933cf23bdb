"""Work items, tasks and what is recorded in a session: the rules beyond the generated contract."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Tag
from claudetools.domains.work import tasks
from claudetools.domains.work.problem_solutions import note_recurrence
from claudetools.domains.work.work_items import WorkItemTag
from tests.contract.problems import problem
from tests.fixtures.application import Application
from tests.fixtures.people import Caller

SECRET = "mysql -u root --password=Tr0ub4dor-and-3-more db"


async def made(caller: Caller, path: str, /, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def with_session(caller: Caller, name: str = "A") -> tuple[dict[str, Any], dict[str, Any]]:
    client = await made(caller, "/clients", name=name)
    return client, await made(caller, "/sessions", title="X", client_id=client["id"])


PARTS: dict[str, dict[str, Any]] = {
    "work-items": {"category": "security", "title": "T"},
    "file-changes": {"path": "/etc/hosts", "change_type": "modified"},
    "commands-run": {"command": "ls"},
    "infrastructure-changes": {"category": "dns", "change_type": "created", "title": "T"},
    "deployments": {"type": "code"},
    "database-changes": {"database_name": "d", "change_type": "data"},
}


@pytest.mark.parametrize("name", PARTS)
async def test_what_is_recorded_belongs_to_the_client_of_its_session(api: Application, name: str) -> None:
    owner = await api.people.add()
    client, session = await with_session(owner)
    record = await made(owner, f"/{name}", session_id=session["id"], **PARTS[name])
    assert record["client_id"] == client["id"]
    problem(await owner.post(f"/{name}", PARTS[name] | {"session_id": str(uuid4())}), 404, "/session_id")
    loose = await made(owner, "/sessions", title="Y")
    refused = problem(await owner.post(f"/{name}", PARTS[name] | {"session_id": loose["id"]}), 422, "/session_id")
    assert "assign" in refused["detail"].lower()
    problem(await owner.delete(f"/sessions/{session['id']}"), 409)


@pytest.mark.parametrize("name", [name for name in PARTS if name != "work-items"])
async def test_a_work_item_is_one_of_the_same_session(api: Application, name: str) -> None:
    owner = await api.people.add()
    client, session = await with_session(owner)
    other = await made(owner, "/sessions", title="Y", client_id=client["id"])
    item, foreign = [
        await made(owner, "/work-items", session_id=one["id"], **PARTS["work-items"]) for one in (session, other)
    ]
    body = PARTS[name] | {"session_id": session["id"]}
    problem(await owner.post(f"/{name}", body | {"work_item_id": foreign["id"]}), 409, "/work_item_id")
    record = await made(owner, f"/{name}", **body, work_item_id=item["id"])
    problem(await owner.patch(f"/{name}/{record['id']}", {"work_item_id": foreign["id"]}), 409, "/work_item_id")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("commands-run", "command"),
        ("commands-run", "output_summary"),
        ("infrastructure-changes", "state_after"),
        ("deployments", "deployed_to"),
        ("database-changes", "statement"),
        ("problem-solutions", "solution"),
    ],
)
async def test_secrets_are_taken_out_before_storing(api: Application, name: str, field: str) -> None:
    owner = await api.people.add()
    client, session = await with_session(owner)
    place: dict[str, Any] = {"session_id": session["id"], **PARTS.get(name, {})}
    if name == "problem-solutions":
        place = {"client_id": client["id"], "title": "T", "symptom": "S", "solution": "None"}
    record = await made(owner, f"/{name}", **place | {field: SECRET})
    assert "Tr0ub4dor" not in record[field]
    assert "[REDACTED:" in record[field]
    changed = await owner.patch(f"/{name}/{record['id']}", {field: SECRET + " --verbose"})
    assert changed.status_code == 200
    assert "Tr0ub4dor" not in (await owner.get(f"/{name}/{record['id']}")).text


async def test_a_command_ran_on_the_machine_of_its_session(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    machine = await made(owner, "/machines", hostname="pc", fingerprint="f")
    session = await made(owner, "/sessions", title="X", client_id=client["id"], machine_id=machine["id"])
    record = await made(owner, "/commands-run", session_id=session["id"], command="ls")
    assert record["machine_id"] == machine["id"]


@pytest.mark.parametrize(
    ("name", "finished", "moment", "forbidden", "open_again"),
    [
        ("work-items", "completed", "completed_at", "blocked", "in_progress"),
        ("tasks", "completed", "completed_at", "blocked", "in_progress"),
        ("pending-tasks", "done", "done_at", "blocked", "open"),
        ("deployments", "succeeded", "deployed_at", "planned", "rolled_back"),
    ],
)
async def test_a_status_follows_its_machine(
    api: Application, name: str, finished: str, moment: str, forbidden: str, open_again: str
) -> None:
    owner = await api.people.add()
    client, session = await with_session(owner)
    body = {"session_id": session["id"], **PARTS[name]} if name in PARTS else {"client_id": client["id"], "title": "T"}
    record = await made(owner, f"/{name}", **body)
    path = f"/{name}/{record['id']}"
    assert record[moment] is None
    done = (await owner.patch(path, {"status": finished})).json()
    assert done[moment] is not None
    again = (await owner.patch(path, {"status": finished})).json()
    assert again[moment] == done[moment]
    problem(await owner.patch(path, {"status": forbidden}), 409, "/status")
    problem(await owner.patch(path, {moment: done[moment]}), 422, f"/{moment}")
    assert (await owner.get(path)).json()[moment] == done[moment]
    reopened = (await owner.patch(path, {"status": open_again})).json()
    assert reopened["status"] == open_again
    assert (reopened[moment] is None) is (name != "deployments")
    made_so = await made(owner, f"/{name}", **body, status=finished)
    assert made_so[moment] is not None


async def test_who_did_it_stays_whoever_edits_later(api: Application) -> None:
    owner, technician = await api.people.add(), await api.people.add("technician")
    client = await made(owner, "/clients", name="A")
    task = await made(owner, "/pending-tasks", client_id=client["id"], title="T")
    path = f"/pending-tasks/{task['id']}"
    assert (await technician.patch(path, {"status": "done"})).json()["done_by_id"] == str(technician.id)
    edited = (await owner.patch(path, {"status": "done", "title": "U"})).json()
    assert (edited["title"], edited["done_by_id"]) == ("U", str(technician.id))
    assert (await owner.patch(path, {"status": "open"})).json()["done_by_id"] is None


async def test_a_blocked_task_says_why(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    body = {"client_id": client["id"], "title": "T", "status": "blocked"}
    problem(await owner.post("/tasks", body), 422, "/blocking_reason")
    await made(owner, "/tasks", **body, blocking_reason="The vendor")


async def test_tasks_are_a_tree(api: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    chain: list[dict[str, Any]] = []
    for title in ("top", "middle", "leaf"):
        above = chain[-1]["id"] if chain else None
        chain.append(await made(owner, "/tasks", client_id=client["id"], title=title, parent_id=above))
    top, middle, leaf = chain
    for below in chain:
        problem(await owner.patch(f"/tasks/{top['id']}", {"parent_id": below["id"]}), 422, "/parent_id")
    problem(await owner.delete(f"/tasks/{middle['id']}"), 409)
    assert (await owner.patch(f"/tasks/{leaf['id']}", {"parent_id": top["id"]})).status_code == 200
    assert (await owner.patch(f"/tasks/{middle['id']}", {"parent_id": leaf["id"]})).status_code == 200
    monkeypatch.setattr(tasks, "MAX_LEVELS", 3)
    body = {"client_id": client["id"], "title": "too deep", "parent_id": middle["id"]}
    problem(await owner.post("/tasks", body), 422, "/parent_id")


async def test_a_task_is_not_below_one_of_another_client(api: Application) -> None:
    owner = await api.people.add()
    a, b = [await made(owner, "/clients", name=name) for name in "AB"]
    theirs = await made(owner, "/tasks", client_id=a["id"], title="T")
    body = {"client_id": b["id"], "title": "T", "parent_id": theirs["id"]}
    problem(await owner.post("/tasks", body), 409, "/parent_id")


async def test_counts_of_tags_go_with_the_work_item(api: Application) -> None:
    owner = await api.people.add()
    _, session = await with_session(owner)
    item = await made(owner, "/work-items", session_id=session["id"], **PARTS["work-items"])
    tag = await made(owner, "/tags", name="vpn")

    async def mark(database: AsyncSession) -> None:
        database.add(WorkItemTag(owner_id=UUID(item["id"]), tag_id=UUID(tag["id"])))
        (await database.get_one(Tag, UUID(tag["id"]))).usage_count = 1

    await api.services.database.write(mark)
    assert (await owner.delete(f"/work-items/{item['id']}")).status_code == 204
    assert (await owner.get(f"/tags/{tag['id']}")).json()["usage_count"] == 0


async def test_a_problem_that_comes_back_is_counted(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    body = {"client_id": client["id"], "title": "T", "symptom": "S", "solution": "None"}
    problem(await owner.post("/problem-solutions", body | {"recurrence_count": 3}), 422, "/recurrence_count")
    record = await made(owner, "/problem-solutions", **body)
    assert (record["recurrence_count"], record["last_recurred_at"]) == (0, None)
    actor = await api.services.authenticator.actor(f"Bearer {owner.token}")
    for _ in range(2):
        await api.services.database.write(lambda session: note_recurrence(session, actor, UUID(record["id"])))
    after = (await owner.get(f"/problem-solutions/{record['id']}")).json()
    assert after["recurrence_count"] == 2
    assert after["last_recurred_at"] is not None


async def test_a_text_that_redaction_makes_longer_still_fits_its_field(api: Application) -> None:
    owner = await api.people.add()
    _, session = await with_session(owner)
    line = ("password=aB3x9 " * 40)[:500].strip()
    record = await made(owner, "/deployments", session_id=session["id"], type="code", deployed_to=line)
    assert "aB3x9" not in record["deployed_to"]
    assert len(record["deployed_to"]) <= 500
    assert (await owner.get(f"/deployments/{record['id']}")).json() == record
    assert (await owner.get("/deployments")).json()["items"] == [record]
