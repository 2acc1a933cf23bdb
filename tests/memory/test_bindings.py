"""Which client work belongs to: one resolver, in a fixed order, by whole path components."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from claudetools.domains.memory.capturing.transcripts import Transcript
from tests.memory.contents import rows_of
from tests.memory.firm import Firm, Machine

REMOTE = "git@git.acme.test:infra/network.git"


async def owner_of(firm: Firm, machine: Machine, cwd: str, remote: str | None = None) -> UUID | None:
    """The client that a new session in a folder of a machine is filed under."""
    session = str(uuid4())
    chunk = {"key": session, "session_id": session, "offset": 0, "next_offset": 0, "lines": [], "cwd": cwd}
    await machine.send({**chunk, "git_remote": remote} if remote else chunk)
    (transcript,) = [row for row in await rows_of(firm.api, Transcript) if row.key == session]
    client: UUID | None = transcript.client_id
    return client


async def test_the_nearest_kind_of_binding_decides(firm: Firm) -> None:
    names = ["folder here", "remote", "folder everywhere", "project by remote", "project by folder"]
    clients = {name: await firm.client(name) for name in names}
    machine = await firm.machine(firm.owner)
    await firm.project(clients["project by folder"], "a", local_paths=["/srv/work"])
    assert await owner_of(firm, machine, "/srv/work/site", REMOTE) == clients["project by folder"]
    await firm.project(clients["project by remote"], "b", repository_urls=["https://git.acme.test/infra/network"])
    assert await owner_of(firm, machine, "/srv/work/site", REMOTE) == clients["project by remote"]
    await firm.bind(clients["folder everywhere"], cwd="/srv/work")
    assert await owner_of(firm, machine, "/srv/work/site", REMOTE) == clients["folder everywhere"]
    await firm.bind(clients["remote"], git_remote=REMOTE)
    assert await owner_of(firm, machine, "/srv/work/site", REMOTE) == clients["remote"]
    await firm.bind(clients["folder here"], machine_id=str(machine.id), cwd="/srv/work")
    assert await owner_of(firm, machine, "/srv/work/site", REMOTE) == clients["folder here"]
    other = await firm.machine(firm.owner)
    assert await owner_of(firm, other, "/srv/work/site", REMOTE) == clients["remote"]
    third = await firm.machine(firm.owner)
    assert await owner_of(firm, third, "/srv/work/site") == clients["folder everywhere"]
    assert await owner_of(firm, third, "/srv/elsewhere") is None


@pytest.mark.parametrize(
    ("bound", "inside"),
    [
        ("/srv/acme", True),
        ("/srv/acme/", True),
        ("/srv", True),
        ("/", True),
        ("/srv/acme/site", True),
        ("/srv/acme/site/www", False),
        ("/srv/acm", False),
        ("/srv/acme/sit", False),
        ("/srv/acme-old", False),
        ("/SRV/acme", False),
        ("acme", False),
        ("/srv/%", False),
        ("/srv/acme/_ite", False),
    ],
)
async def test_a_folder_holds_what_lies_inside_it(firm: Firm, bound: str, inside: bool) -> None:
    client = await firm.client("Acme")
    machine = await firm.machine(firm.owner)
    await firm.bind(client, cwd=bound)
    assert await owner_of(firm, machine, "/srv/acme/site") == (client if inside else None)


@pytest.mark.parametrize(
    ("bound", "cwd", "inside"),
    [
        ("C:\\Work\\Acme", "C:\\Work\\Acme\\site", True),
        ("C:\\Work\\Acme", "c:/work/acme", True),
        ("c:/work/acme/", "C:\\WORK\\ACME", True),
        ("C:\\Work\\Acme", "C:\\Work\\Acme2", False),
        ("C:\\Work\\Acme", "D:\\Work\\Acme", False),
        ("C:\\", "C:\\Work", True),
        ("\\\\files\\acme", "\\\\files\\acme\\site", True),
        ("\\\\files\\acme", "\\\\files\\acme2", False),
    ],
)
async def test_windows_folders_are_the_same_in_any_spelling(firm: Firm, bound: str, cwd: str, inside: bool) -> None:
    client = await firm.client("Acme")
    machine = await firm.machine(firm.owner)
    await firm.bind(client, cwd=bound)
    assert await owner_of(firm, machine, cwd) == (client if inside else None)


async def test_the_deepest_folder_decides(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    machine = await firm.machine(firm.owner)
    await firm.bind(acme, cwd="/srv")
    await firm.bind(globex, cwd="/srv/globex")
    assert await owner_of(firm, machine, "/srv/globex/site") == globex
    assert await owner_of(firm, machine, "/srv/acme") == acme


@pytest.mark.parametrize(
    "remote",
    [
        "git@git.acme.test:infra/network.git",
        "git@git.acme.test:infra/network",
        "ssh://git@git.acme.test:2222/infra/network.git",
        "https://anna:s3cret@git.acme.test/Infra/Network.git/",
        "http://git.acme.test/infra/network",
    ],
)
async def test_a_repository_is_the_same_by_any_address(firm: Firm, remote: str) -> None:
    client = await firm.client("Acme")
    machine = await firm.machine(firm.owner)
    await firm.bind(client, git_remote=REMOTE)
    assert await owner_of(firm, machine, "/home/anna/clone", remote) == client
    assert await owner_of(firm, machine, "/home/anna/other", remote.replace("infra", "x").replace("Infra", "x")) is None


async def test_the_remote_of_a_folder_is_remembered(firm: Firm) -> None:
    client = await firm.client("Acme")
    machine = await firm.machine(firm.owner)
    await firm.bind(client, git_remote=REMOTE)
    await owner_of(firm, machine, "/home/anna/clone", REMOTE)
    assert await owner_of(firm, machine, "/home/anna/clone/src") == client
    assert await owner_of(firm, machine, "/home/anna/clone2") is None
    other = await firm.machine(firm.owner)
    assert await owner_of(firm, other, "/home/anna/clone") is None


async def test_binding_the_same_again_moves_it(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    project = await firm.project(globex, "network")
    machine = await firm.machine(firm.owner)
    first = await firm.bind(acme, cwd="/srv/work")
    assert await owner_of(firm, machine, "/srv/work") == acme
    assert await firm.bind(globex, cwd="/srv/work/", project_id=str(project)) == first
    assert await owner_of(firm, machine, "/srv/work") == globex
    (binding,) = (await firm.owner.get("/claude/bindings")).json()["items"]
    assert (binding["client_id"], binding["project_id"], binding["folder"]) == (str(globex), str(project), "/srv/work")


async def test_folders_that_differ_in_case_are_two(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    machine = await firm.machine(firm.owner)
    await firm.bind(acme, cwd="/srv/work")
    await firm.bind(globex, cwd="/srv/Work")
    assert await owner_of(firm, machine, "/srv/work") == acme
    assert await owner_of(firm, machine, "/srv/Work") == globex


async def test_without_its_binding_a_folder_belongs_to_nobody(firm: Firm) -> None:
    acme = await firm.client("Acme")
    machine = await firm.machine(firm.owner)
    binding = await firm.bind(acme, cwd="/srv/work")
    assert (await firm.owner.delete(f"/claude/bindings/{binding}")).status_code == 204
    assert await owner_of(firm, machine, "/srv/work") is None
    assert (await firm.owner.delete(f"/claude/bindings/{binding}")).status_code == 404


async def test_a_session_stays_where_it_was_filed(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    machine = await firm.machine(firm.owner)
    await firm.bind(acme, cwd="/srv/work")
    await machine.prompt("s-1", "Which gateway do we use at this branch?", cwd="/srv/work")
    await firm.bind(globex, cwd="/srv/work")
    await machine.prompt("s-1", "And which one at the other branch?", cwd="/srv/work", prompt_id="p-2")
    assert {row.client_id for row in await rows_of(firm.api, Transcript)} == {acme}


async def test_only_clients_that_the_person_works_for_count(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    technician = await firm.technician(globex)
    machine = await firm.machine(technician)
    await firm.bind(acme, cwd="/srv/work")
    await firm.bind(acme, git_remote=REMOTE)
    assert await owner_of(firm, machine, "/srv/work", REMOTE) is None
    assert (await technician.get("/claude/bindings")).json()["items"] == []


async def test_what_is_another_clients_cannot_be_bound(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    project, machine = await firm.project(globex, "network"), await firm.machine(firm.owner)
    technician, reader = await firm.technician(acme), await firm.technician(acme, level="read")
    foreign = await firm.bind(globex, cwd="/srv/globex")
    target: dict[str, Any] = {"cwd": "/srv/work"}
    for caller, body, status in (
        (technician, {"client_id": str(globex), **target}, 404),
        (technician, {"client_id": str(uuid4()), **target}, 404),
        (technician, {"client_id": str(acme), "project_id": str(project), **target}, 404),
        (technician, {"client_id": str(acme), "machine_id": str(uuid4()), **target}, 404),
        (technician, {"client_id": str(acme), "machine_id": str(machine.id), **target}, 403),
        (reader, {"client_id": str(acme), **target}, 403),
        (firm.owner, {"client_id": str(acme), "project_id": str(project), **target}, 422),
    ):
        reply = await caller.post("/claude/bindings", body)
        assert reply.status_code == status, (body, reply.text)
    assert (await technician.delete(f"/claude/bindings/{foreign}")).status_code == 404
    assert len((await firm.owner.get("/claude/bindings")).json()["items"]) == 1


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"cwd": "/srv", "git_remote": REMOTE},
        {"cwd": ""},
        {"cwd": "x" * 501},
        {"git_remote": "x"},
        {"git_remote": "https://[broken/x"},
        {"git_remote": "   /  "},
        {"cwd": "/srv", "unknown": 1},
    ],
    ids=lambda target: str(target)[:40],
)
async def test_a_binding_names_one_target(firm: Firm, target: dict[str, Any]) -> None:
    client = await firm.client("Acme")
    reply = await firm.owner.post("/claude/bindings", {"client_id": str(client), **target})
    assert reply.status_code == 422, reply.text
