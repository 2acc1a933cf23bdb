"""Snippets, project states and decisions: recalled, changed, replaced and forgotten like everything else."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from claudetools.domains.memory import ContextTag, MemoryItem
from claudetools.domains.memory.records.context_tags import normalise_tag
from claudetools.kit.clock import now
from tests.contract.problems import problem, told
from tests.fixtures.people import Caller
from tests.memory.firm import Firm, recall, remember, texts

SECRET = "Tr0ub4dor&3xyz"
BRANCH = "Which firewall do we use at the branch?"


async def made(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def tags_in_table(firm: Firm, id: str) -> set[str]:
    query = select(ContextTag.tag).where(ContextTag.record_id == UUID(id))
    return set(await firm.api.services.database.read(lambda session: session.scalars(query)))


async def items(caller: Caller, path: str, **parameters: Any) -> list[dict[str, Any]]:
    reply = await caller.get(path, params=parameters)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


async def titles(caller: Caller, path: str, **parameters: Any) -> list[str]:
    return [item["title"] for item in await items(caller, path, **parameters)]


async def decision(firm: Firm, client: UUID | None, text: str, **more: Any) -> dict[str, Any]:
    owner = {} if client is None else {"client_id": str(client)}
    return await made(firm.owner, "/decision-logs", decision_text=text, **owner, **more)


async def change(firm: Firm, record: dict[str, Any], **fields: Any) -> None:
    reply = await firm.owner.patch(f"/decision-logs/{record['id']}", fields)
    assert reply.status_code == 200, reply.text


async def item_of(firm: Firm, record: dict[str, Any], query: str, client: UUID) -> dict[str, Any]:
    found = (await recall(firm.owner, query, client, budget_tokens=None))["items"]
    item: dict[str, Any] = next(item for item in found if item["source"]["id"] == record["id"])
    return item


def firewall(found: Iterable[str]) -> list[str]:
    """Which of the two makes are spoken of."""
    return sorted({make for make in ("pfSense", "FortiGate") for text in found if make in text})


async def test_a_snippet_is_recalled_changed_and_forgotten(firm: Firm) -> None:
    client = await firm.client("Acme")
    body = {"client_id": str(client), "category": "procedure", "title": "Core switch", "tags": ["Core LAN", "core_lan"]}
    snippet = await made(firm.owner, "/context-snippets", **body, dense_content="Reboot the Juniper from the console.")
    (item,) = (await recall(firm.owner, "reboot Juniper core switch", client))["items"]
    source = (item["kind"], item["source"]["table"], item["source"]["id"])
    assert source == ("procedure", "context_snippets", snippet["id"])
    path = f"/context-snippets/{snippet['id']}"
    assert await tags_in_table(firm, snippet["id"]) == {"core-lan"}
    changed = {"dense_content": "Reboot the Aruba from the console.", "tags": ["wan"]}
    assert (await firm.owner.patch(path, changed)).status_code == 200
    assert await tags_in_table(firm, snippet["id"]) == {"wan"}
    (text,) = await texts(firm.owner, "reboot core switch", client)
    assert "Aruba" in text
    assert (await firm.owner.delete(path)).status_code == 204
    for _ in range(2):
        assert await texts(firm.owner, "reboot core switch", client) == []
        await firm.api.forget()
    assert await tags_in_table(firm, snippet["id"]) == set()


async def test_snippets_are_found_by_any_or_all_of_their_tags(firm: Firm) -> None:
    client, other = await firm.client("Acme"), await firm.client("Globex")
    for title, tags, score in (("Switch", ["LAN", "core"], 3), ("Trunk", ["lan"], 9), ("Phones", ["voice"], 5)):
        body = {"client_id": str(client), "title": title, "tags": tags, "relevance_score": score}
        await made(firm.owner, "/context-snippets", **body, dense_content=title)
    foreign = {"client_id": str(other), "title": "Theirs", "dense_content": "x", "tags": ["lan"], "relevance_score": 10}
    await made(firm.owner, "/context-snippets", **foreign)
    technician = await firm.technician(client)
    path = "/context-snippets/by-tags"
    assert await titles(technician, path, tags="lan") == ["Trunk", "Switch"]
    assert await titles(technician, path, tags="Lan,VOICE") == ["Trunk", "Phones", "Switch"]
    assert await titles(technician, path, tags="lan,core", match="all") == ["Switch"]
    assert await titles(technician, path, tags=["lan", "core"], match="all") == ["Switch"]
    assert await titles(technician, path, tags="lan,LAN,_lan", match="all") == ["Trunk", "Switch"]
    assert await titles(technician, path, tags="lan,voice", match="all") == []
    assert await titles(technician, path, tags="no-such-tag") == []
    assert await titles(technician, path, tags="lan", limit=1) == ["Trunk"]
    assert await titles(technician, "/context-snippets/top-relevant", limit=2) == ["Trunk", "Phones"]
    assert await titles(firm.owner, "/context-snippets/top-relevant", limit=1) == ["Theirs"]
    for parameters in ({"tags": " ,--,_"}, {}, {"tags": "a\x00"}, {"tags": "lan", "match": "none"}):
        problem(await technician.get(path, params=parameters), 422)


async def test_a_helpful_memory_counts_as_a_use_of_its_snippet(firm: Firm) -> None:
    snippet = await made(firm.owner, "/context-snippets", title="Core switch", dense_content="It is a Juniper.")
    (item,) = (await recall(firm.owner, "core switch Juniper"))["items"]
    for useful in (True, True, False):
        assert (await firm.owner.post(f"/memory/{item['id']}/feedback", {"useful": useful})).status_code == 200
    read = (await firm.owner.get(f"/context-snippets/{snippet['id']}")).json()
    assert read == snippet | {"usage_count": 1}


async def test_a_project_has_one_state_and_it_is_recalled_with_its_blockers(firm: Firm) -> None:
    client = await firm.client("Acme")
    project = await firm.project(client, "migration")
    body = {
        "project_id": str(project),
        "summary": "Mail migration is half done.",
        "blockers": ["MX record at registrar"],
    }
    state = await made(firm.owner, "/project-states", **body)
    assert state["client_id"] == str(client)
    problem(await firm.owner.post("/project-states", body), 409, "/project_id")
    (text,) = await texts(firm.owner, "What blocks the mail migration, the MX record?", client)
    assert "Blockers: MX record at registrar" in text
    stranger = await firm.technician()
    problem(await stranger.post("/project-states", body), 404, "/project_id")
    problem(await firm.owner.delete(f"/projects/{project}"), 409)


async def test_the_state_of_a_project_is_put_in_its_place(firm: Firm) -> None:
    client = await firm.client("Acme")
    path = f"/project-states/by-project/{await firm.project(client, 'migration')}"
    technician = await firm.technician(client)
    problem(await firm.owner.put(path, {"summary": "x"}, headers={"If-Match": '"v1"'}), 412)
    first = await firm.owner.put(path, {"summary": "Half done.", "blockers": ["MX record"]})
    assert (first.status_code, first.headers["location"]) == (201, f"/api/project-states/{first.json()['id']}")
    second = await technician.put(path, {"summary": "All done.", "status": "done"})
    assert second.status_code == 200
    assert second.headers["etag"] != first.headers["etag"]
    state = second.json()
    assert (state["id"], state["blockers"], state["user_id"]) == (first.json()["id"], [], str(technician.id))
    problem(await firm.owner.put(path, {"summary": "x"}, headers={"If-Match": first.headers["etag"]}), 412)
    problem(await firm.owner.put(path, {"status": "done"}), 422, "/summary")
    problem(await firm.owner.put(path, {"summary": "x", "project_id": str(uuid4())}), 422, "/project_id")
    assert (await firm.owner.get(f"/project-states/{state['id']}")).json() == state
    (text,) = await texts(firm.owner, "Is the migration done?", client)
    assert "All done." in text
    reader, stranger = await firm.technician(client, level="read"), await firm.technician()
    problem(await reader.put(path, {"summary": "x"}), 403)
    foreign = problem(await stranger.put(path, {"summary": "x"}), 404)
    unknown = problem(await stranger.put(f"/project-states/by-project/{uuid4()}", {"summary": "x"}), 404)
    assert told(foreign) == told(unknown)


async def test_first_states_put_at_once_are_one(firm: Firm) -> None:
    project = await firm.project(await firm.client("Acme"), "migration")
    path = f"/project-states/by-project/{project}"
    replies = await asyncio.gather(*(firm.owner.put(path, {"summary": f"Day {day}."}) for day in range(4)))
    assert sorted(reply.status_code for reply in replies) == [200, 200, 200, 201]
    assert len({reply.json()["id"] for reply in replies}) == 1


async def test_decisions_are_listed_by_impact(firm: Firm) -> None:
    client = await firm.client("Acme")
    for text, impact in (("One", "high"), ("Two", "low"), ("Three", "high")):
        await decision(firm, client, text, impact=impact)
    for caller, limit, expected in ((firm.owner, 50, ["Three", "One"]), (firm.owner, 1, ["Three"])):
        found = await items(caller, "/decision-logs/by-impact/high", limit=limit)
        assert [item["decision_text"] for item in found] == expected
    assert await items(await firm.technician(), "/decision-logs/by-impact/high") == []
    problem(await firm.owner.get("/decision-logs/by-impact/huge"), 422)


async def test_a_superseded_decision_is_recalled_no_more_until_it_holds_again(firm: Firm) -> None:
    client = await firm.client("Acme")
    old = await decision(firm, client, "The branch firewall is a pfSense.")
    new = await decision(firm, client, "The branch firewall is a FortiGate.")
    assert firewall(await texts(firm.owner, BRANCH, client)) == ["FortiGate", "pfSense"]
    # Whatever is changed of it later, it stays superseded.
    for fields in (
        {"superseded_by_id": new["id"]},
        {"rationale": "It was cheap."},
        {"rationale": "Too slow.", "superseded_by_id": new["id"]},
        {"tags": ["branch"]},
    ):
        await change(firm, old, **fields)
        assert firewall(await texts(firm.owner, BRANCH, client)) == ["FortiGate"]
        await firm.api.forget()
        assert firewall(await texts(firm.owner, BRANCH, client)) == ["FortiGate"]
    problem(await firm.owner.delete(f"/decision-logs/{new['id']}"), 409)
    await change(firm, old, superseded_by_id=None)
    assert firewall(await texts(firm.owner, BRANCH, client)) == ["FortiGate", "pfSense"]
    born = await decision(firm, client, "The branch firewall is a pfSense by Netgate.", superseded_by_id=new["id"])
    assert born["id"] not in [item["source"]["id"] for item in (await recall(firm.owner, BRANCH, client))["items"]]


async def test_a_decision_corrected_in_memory_stays_corrected_whatever_becomes_of_its_record(firm: Firm) -> None:
    client = await firm.client("Acme")
    old = await decision(firm, client, "The branch firewall is a pfSense.")
    other = await decision(firm, client, "Backups go to the NAS.")
    item = await item_of(firm, old, BRANCH, client)
    corrected = await firm.owner.patch(f"/memory/{item['id']}", {"text": "The branch firewall is a FortiGate."})
    assert corrected.status_code == 200
    for fields in (
        {"rationale": "It was cheap."},
        {"rationale": "It was there."},
        {"superseded_by_id": other["id"]},
        {"superseded_by_id": None},
        {"rationale": "Nobody knows."},
    ):
        await change(firm, old, **fields)
        assert firewall(await texts(firm.owner, BRANCH, client)) == ["FortiGate"]


@pytest.mark.parametrize("path", ["/context-snippets", "/conversation-contexts", "/decision-logs"])
async def test_what_was_retired_or_superseded_in_memory_does_not_come_back_by_edits(firm: Firm, path: str) -> None:
    client = await firm.client("Acme")
    records = []
    for text in ("The branch firewall is a pfSense.", "At the branch we use what Netgate sells as firewall: pfSense."):
        fields = {
            "/context-snippets": {"title": "Branch", "dense_content": text},
            "/conversation-contexts": {"title": "Branch", "dense_summary": text},
            "/decision-logs": {"decision_text": text},
        }
        records.append(await made(firm.owner, path, **fields[path], client_id=str(client)))
    retired, superseded = records
    for record in (retired, superseded):
        item = await item_of(firm, record, BRANCH, client)
        if record is retired:
            assert (await firm.owner.patch(f"/memory/{item['id']}", {"is_retired": True})).status_code == 200
        else:
            await remember(firm.owner, "The branch firewall is a FortiGate.", client, supersedes=[item["id"]])
    # As if they had been said on a worker whose clock was ahead.
    ahead = update(MemoryItem).where(MemoryItem.retired_at.is_not(None)).values(said_at=now() + timedelta(hours=1))
    await firm.api.services.database.write(lambda session: session.execute(ahead))
    for number in range(3):
        for record in (retired, superseded):
            assert (await firm.owner.patch(f"{path}/{record['id']}", {"tags": [f"t{number}"]})).status_code == 200
        assert firewall(await texts(firm.owner, BRANCH, client)) == ["FortiGate"]


async def test_the_successor_of_a_decision_can_change(firm: Firm) -> None:
    client = await firm.client("Acme")
    old, first, second = [await decision(firm, client, f"The branch firewall is number {n}.") for n in range(3)]
    await change(firm, old, superseded_by_id=first["id"])
    await change(firm, old, superseded_by_id=second["id"])
    assert old["id"] not in [item["source"]["id"] for item in (await recall(firm.owner, BRANCH, client))["items"]]
    await change(firm, old, superseded_by_id=None)
    await item_of(firm, old, BRANCH, client)


async def test_decisions_supersede_each_other_in_no_ring_and_within_one_client(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    a, b, c = [await decision(firm, acme, text) for text in ("A", "B", "C")]
    await change(firm, a, superseded_by_id=b["id"])
    await change(firm, b, superseded_by_id=c["id"])
    for successor in (a, b, c):
        reply = await firm.owner.patch(f"/decision-logs/{c['id']}", {"superseded_by_id": successor["id"]})
        problem(reply, 422, "/superseded_by_id")
    for other in (await decision(firm, globex, "D"), await decision(firm, None, "E")):
        change_it = {"superseded_by_id": other["id"]}
        problem(await firm.owner.patch(f"/decision-logs/{c['id']}", change_it), 409, "/superseded_by_id")
        body = {"client_id": str(acme), "decision_text": "F", **change_it}
        problem(await firm.owner.post("/decision-logs", body), 409, "/superseded_by_id")


async def test_a_decision_can_be_superseded_by_one_whose_memory_was_deleted(firm: Firm) -> None:
    client = await firm.client("Acme")
    old = await decision(firm, client, "The branch firewall is a pfSense.")
    new = await decision(firm, client, "Backups go to the NAS.")
    item = await item_of(firm, new, "backups NAS", client)
    assert (await firm.owner.delete(f"/memory/{item['id']}")).status_code == 204
    await change(firm, old, superseded_by_id=new["id"])
    await change(firm, old, rationale="It was cheap.")
    assert await texts(firm.owner, BRANCH, client) == []
    await change(firm, old, superseded_by_id=None)
    assert firewall(await texts(firm.owner, BRANCH, client)) == ["pfSense"]


async def test_decisions_go_with_their_session_to_its_client(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    session = (await made(firm.owner, "/sessions", title="Branch"))["id"]
    ours = await decision(firm, None, "The branch firewall is a pfSense.", session_id=session)
    theirs = await decision(firm, globex, "The branch firewall is a FortiGate.", session_id=session)
    reply = await firm.owner.post(f"/sessions/{session}/assign", {"client_id": str(acme)})
    assert reply.status_code == 200, reply.text
    clients = [(await firm.owner.get(f"/decision-logs/{one['id']}")).json()["client_id"] for one in (ours, theirs)]
    assert clients == [str(acme), str(globex)]
    assert firewall(await texts(firm.owner, BRANCH, acme)) == ["pfSense"]
    assert firewall(await texts(firm.owner, BRANCH, globex)) == ["FortiGate"]
    assert await texts(firm.owner, BRANCH) == []


@pytest.mark.parametrize("path", ["/context-snippets", "/decision-logs"])
async def test_records_of_no_client_and_of_other_clients_stay_with_whom_they_are(firm: Firm, path: str) -> None:
    client = await firm.client("Acme")
    author, colleague = await firm.technician(client), await firm.technician()
    text = {"title": "Branch", "dense_content": "pfSense"} if "snippets" in path else {"decision_text": "pfSense"}
    await made(author, path, **text)
    await made(author, path, **text, client_id=str(client))
    assert firewall(await texts(author, "pfSense")) == ["pfSense"]
    assert await texts(colleague, "pfSense") == []
    assert await items(colleague, path) == []


@pytest.mark.parametrize("field", ["alternatives", "key_decisions"])
async def test_a_line_that_grows_when_its_secret_is_taken_out_can_still_be_read(firm: Firm, field: str) -> None:
    line = "x" * 470 + f" password={SECRET}"
    path, text = {
        "key_decisions": ("/conversation-contexts", {"title": "T", "dense_summary": "S"}),
        "alternatives": ("/decision-logs", {"decision_text": "D"}),
    }[field]
    record = await made(firm.owner, path, **text, **{field: [line]})
    read = await firm.owner.get(f"{path}/{record['id']}")
    assert read.status_code == 200
    assert SECRET not in read.text
    assert read.json()[field][0].startswith("xxx")


async def test_no_secret_of_a_record_is_stored(firm: Firm) -> None:
    told_once = f"password={SECRET}"
    bodies = {
        "/context-snippets": {
            "title": told_once,
            "dense_content": told_once,
            "structured_data": {"password": SECRET},
            "tags": [told_once],
        },
        "/decision-logs": {"decision_text": told_once, "rationale": told_once, "decision_type": told_once},
        "/project-states": {
            "project_id": str(await firm.project(await firm.client("Acme"), "p")),
            "summary": told_once,
            "context_summary": told_once,
            "key_files": [told_once],
        },
    }
    for path, body in bodies.items():
        record = await made(firm.owner, path, **body)
        name = next(name for name in ("dense_content", "decision_text", "summary") if name in body)
        reply = await firm.owner.patch(f"{path}/{record['id']}", {name: f"The password is {SECRET}"})
        assert reply.status_code == 200
        assert SECRET not in str(record) + reply.text
        if "tags" in body:
            assert not any("tr0ub4dor" in tag for tag in await tags_in_table(firm, record["id"]))


@pytest.mark.parametrize(
    ("tag", "form"),
    [
        ("Core LAN", "core-lan"),
        ("core_lan", "core-lan"),
        (" VPN ", "vpn"),
        ("--", ""),
        ("ÄRGER", "ärger"),
        ("A\u0308RGER", "ärger"),
        ("ß" * 64, "s" * 64),
    ],
)
def test_tags_are_compared_in_one_form(tag: str, form: str) -> None:
    assert normalise_tag(tag) == form
