"""Records drawn from sessions: decisions, things worth keeping, states of projects. People have the last word."""

from typing import Any
from uuid import UUID

from tests.fixtures.people import Caller
from tests.memory.firm import Firm, Machine, recall, texts
from tests.memory.msp_sessions import SESSIONS
from tests.memory.scripted import Script

VPN = SESSIONS["vpn after a firewall upgrade"]
BACKUP = SESSIONS["backup that fails"]


async def listed(caller: Caller, path: str, **parameters: Any) -> list[dict[str, Any]]:
    reply = await caller.get(path, params=parameters)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


async def place(firm: Firm, name: str = "Acme") -> tuple[UUID, UUID, Machine]:
    """A client with a project whose folder is the scripts' folder, and a machine."""
    client = await firm.client(name)
    project = await firm.project(client, "network")
    await firm.bind(client, cwd=VPN.cwd, project_id=str(project))
    return client, project, await firm.machine(firm.owner)


async def test_a_session_becomes_decisions_snippets_and_a_state(firm: Firm) -> None:
    client, project, machine = await place(firm)
    host = {"client_id": str(client), "hostname": "FW-Leeds", "asset_type": "firewall"}
    firewall = (await firm.owner.post("/infrastructure", host)).json()
    await machine.send(VPN.chunk())
    (decision,) = await listed(firm.owner, f"/decision-logs/by-project/{project}")
    assert "fw-leeds on 6.2.3" in decision["decision_text"]
    assert decision["rationale"].startswith("because the 60E is out of support")
    assert (decision["is_generated"], decision["client_id"]) == (True, str(client))
    snippets = await listed(firm.owner, f"/context-snippets/by-project/{project}")
    lesson = next(snippet for snippet in snippets if snippet["category"] == "lesson")
    assert "aes256-gcm" in lesson["dense_content"]
    assert "aes256-sha256" in lesson["dense_content"]
    cause = next(snippet for snippet in snippets if snippet["category"] == "pattern")
    known = [{"id": firewall["id"], "hostname": "FW-Leeds"}]
    assert cause["structured_data"] == {"infrastructure": known}
    tagged = await listed(firm.owner, "/context-snippets/by-tags", tags="fw-leeds")
    assert lesson["id"] in [snippet["id"] for snippet in tagged]
    (state,) = await listed(firm.owner, f"/project-states/by-project/{project}")
    assert any("70F for Leeds" in line for line in state["next_actions"])
    assert any("fw-leeds on 6.2.3" in line for line in state["important_decisions"])
    assert (state["trust"], set(state["generated"]) > {"summary", "next_actions"}) == (1, True)
    # What was drawn is said once: by the memory that it was drawn from.
    found = (await recall(firm.owner, "keep fw-leeds on 6.2.3", client, kinds=["decision"]))["items"]
    assert [item["id"] for item in found] == [decision["memory_id"]]
    # The session's digest says what tools said: it is trusted no more than they are.
    (context,) = await listed(firm.owner, f"/conversation-contexts/by-project/{project}")
    assert context["trust"] == 1
    digest = (await firm.owner.get(f"/memory/{await item_of(firm, client, context['id'])}")).json()
    assert (digest["kind"], digest["trust"]) == ("digest", 1)


async def item_of(firm: Firm, client: UUID, record: str) -> str:
    found = (await recall(firm.owner, "VPN Leeds firmware fw-leeds", client, budget_tokens=None, limit=500))["items"]
    return next(item["id"] for item in found if item["source"]["id"] == record)


async def everything(firm: Firm) -> dict[str, list[tuple[str, int]]]:
    paths = ("/decision-logs", "/context-snippets", "/project-states", "/conversation-contexts")
    return {path: sorted((row["id"], row["version"]) for row in await listed(firm.owner, path)) for path in paths}


async def test_what_is_sent_again_changes_nothing(firm: Firm) -> None:
    _, _, machine = await place(firm)
    await machine.send(VPN.chunk())
    before = await everything(firm)
    assert all(before.values())
    await machine.send(VPN.chunk())
    await machine.hook("SessionEnd", VPN.session_id, cwd=VPN.cwd)
    assert await everything(firm) == before


async def test_what_a_person_edited_stays_and_is_recalled_instead(firm: Firm) -> None:
    client, project, machine = await place(firm)
    half = next(number for number, line in enumerate(VPN.lines) if "Decision: we keep" in str(line)) + 1
    await machine.send(VPN.chunk(0, half))
    (decision,) = await listed(firm.owner, "/decision-logs")
    text = "fw-leeds stays on 6.2.3 until 30 June."
    reply = await firm.owner.patch(f"/decision-logs/{decision['id']}", {"decision_text": text})
    assert (reply.status_code, reply.json()["is_generated"]) == (200, False)
    (state,) = await listed(firm.owner, f"/project-states/by-project/{project}")
    edited = {"summary": "Waiting for hardware.", "next_actions": state["next_actions"]}
    assert (await firm.owner.patch(f"/project-states/{state['id']}", edited)).status_code == 200
    await machine.send(VPN.chunk(half), BACKUP.chunk())
    kept = (await firm.owner.get(f"/decision-logs/{decision['id']}")).json()
    assert kept["decision_text"] == text
    first, *others = await texts(firm.owner, "fw-leeds 6.2.3", client, kinds=["decision"])
    assert first == f"{text}\nBecause: {decision['rationale']}"
    assert not any("until the hardware" in other for other in others)
    renewed = (await firm.owner.get(f"/project-states/{state['id']}")).json()
    assert renewed["summary"] == "Waiting for hardware."
    assert any("shelf" in line for line in renewed["next_actions"]), "what was not edited goes on"


async def test_what_was_deleted_on_either_side_is_gone_on_both(firm: Firm) -> None:
    client, _, machine = await place(firm)
    await machine.send(VPN.chunk())
    (decision,) = await listed(firm.owner, "/decision-logs")
    snippets = await listed(firm.owner, "/context-snippets")
    (state,) = await listed(firm.owner, "/project-states")
    lesson = next(snippet for snippet in snippets if snippet["category"] == "lesson")
    assert (await firm.owner.delete(f"/decision-logs/{decision['id']}")).status_code == 204
    assert (await firm.owner.delete(f"/memory/{lesson['memory_id']}")).status_code == 204
    assert (await firm.owner.delete(f"/project-states/{state['id']}")).status_code == 204
    (context,) = await listed(firm.owner, "/conversation-contexts")
    assert "Decided:" not in context["dense_summary"]
    for _ in range(2):
        assert await listed(firm.owner, "/decision-logs") == []
        assert lesson["id"] not in [row["id"] for row in await listed(firm.owner, "/context-snippets")]
        assert await listed(firm.owner, "/project-states") == []
        assert await texts(firm.owner, "keep fw-leeds on 6.2.3", client, kinds=["decision", "lesson", "failure"]) == []
        await machine.send(VPN.chunk())


async def test_a_corrected_memory_corrects_its_records(firm: Firm) -> None:
    _, project, machine = await place(firm)
    await machine.send(VPN.chunk())
    (decision,) = await listed(firm.owner, "/decision-logs")
    text = "We replace fw-leeds in March, because the 60E is out of support."
    reply = await firm.owner.patch(f"/memory/{decision['memory_id']}", {"text": text})
    assert reply.status_code == 200
    old, new = sorted(
        await listed(firm.owner, "/decision-logs"), key=lambda row: row["decision_text"].startswith("We replace")
    )
    assert (old["superseded_by_id"], new["decision_text"]) == (new["id"], text)
    (state,) = await listed(firm.owner, f"/project-states/by-project/{project}")
    assert [line for line in state["important_decisions"] if "until the hardware" in line] == []
    snippet = next(row for row in await listed(firm.owner, "/context-snippets") if row["category"] == "lesson")
    assert (await firm.owner.patch(f"/memory/{snippet['memory_id']}", {"is_retired": True})).status_code == 200
    assert snippet["id"] not in [row["id"] for row in await listed(firm.owner, "/context-snippets")]


def wandering(*folders: str) -> Script:
    """A session that goes through folders, one prompt in each."""
    decisions = [f"> Decision: we use proxy squid{n} here because the other one is full." for n in range(len(folders))]
    script = Script(f"wandering {folders}", "\n\n< Noted.\n\n".join(decisions), cwd=folders[0])
    asked = [number for number, line in enumerate(script.lines) if line["type"] == "user"]
    for folder, first in zip(folders, asked, strict=True):
        for line in script.lines[first:]:
            line["cwd"] = folder
    return script


async def test_m6_what_was_done_for_another_client_in_a_session_is_given_to_neither(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    await firm.bind(acme, cwd="/w/acme")
    await firm.bind(globex, cwd="/w/globex")
    machine = await firm.machine(firm.owner)
    script = wandering("/w/acme", "/w/globex", "/w/acme")
    for _ in range(2):
        await machine.send(script.chunk())
        for client in (acme, globex):
            assert not any("squid1" in text for text in await texts(firm.owner, "proxy squid1", client))
        assert len(await texts(firm.owner, "proxy squid", acme, kinds=["decision"])) == 2
        assert await texts(firm.owner, "proxy squid", globex) == []
        assert any("squid1" in text for text in await texts(firm.owner, "proxy squid1"))
    # Neither the digest nor the records of the session tell of it.
    told = [await listed(firm.owner, path) for path in ("/conversation-contexts", "/decision-logs", "/project-states")]
    assert "squid1" not in str(told)
    assert "squid2" in str(told)
    other = await machine.prompt("another", "Which proxy do we use, squid1?", cwd="/w/globex")
    assert "squid1" not in other


async def test_m6_a_subagent_in_another_clients_folder_tells_neither(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    await firm.bind(acme, cwd="/w/acme")
    await firm.bind(globex, cwd="/w/globex")
    machine = await firm.machine(firm.owner)
    main, sub = wandering("/w/acme"), wandering("/w/globex", "/w/globex")
    await machine.send(main.chunk())
    lines = [{**line, "sessionId": main.session_id, "agentId": "a1", "isSidechain": True} for line in sub.lines]
    answer = [{"type": "text", "text": "We decided to use squid7 because the proxy squid6 on fs01 is full."}]
    for line in lines:
        if line["type"] == "assistant":
            line["message"] = {**line["message"], "content": answer}
    chunk = sub.chunk() | {"key": f"{main.session_id}/agent-a1", "session_id": main.session_id, "agent_id": "a1"}
    await machine.send(chunk | {"lines": lines})
    await machine.hook("SessionEnd", main.session_id, cwd="/w/acme")
    for client in (acme, globex):
        assert not any("squid7" in text for text in await texts(firm.owner, "proxy squid7", client))
    assert any("squid7" in text for text in await texts(firm.owner, "proxy squid7"))
    assert "squid7" not in str(await listed(firm.owner, "/decision-logs"))


async def test_an_unassigned_sessions_records_follow_it_to_its_client(firm: Firm) -> None:
    client, machine = await firm.client("Acme"), await firm.machine(firm.owner)
    await machine.send(VPN.chunk())
    (decision,) = await listed(firm.owner, "/decision-logs")
    assert decision["client_id"] is None
    reply = await firm.owner.post(f"/sessions/{decision['session_id']}/assign", {"client_id": str(client)})
    assert reply.status_code == 200, reply.text
    for path in ("/decision-logs", "/context-snippets"):
        assert {row["client_id"] for row in await listed(firm.owner, path)} == {str(client)}


async def test_a_deleted_session_takes_along_what_was_written_of_it(firm: Firm) -> None:
    client, _, machine = await place(firm)
    await machine.send(VPN.chunk())
    (decision,) = await listed(firm.owner, "/decision-logs")
    edited, *_ = await listed(firm.owner, "/context-snippets")
    reply = await firm.owner.patch(f"/context-snippets/{edited['id']}", {"title": "By hand"})
    assert reply.status_code == 200
    assert (await firm.owner.delete(f"/sessions/{decision['session_id']}")).status_code == 204
    for path in ("/decision-logs", "/conversation-contexts"):
        assert await listed(firm.owner, path) == []
    assert [row["title"] for row in await listed(firm.owner, "/context-snippets")] == ["By hand"]
    (text, *_) = await texts(firm.owner, "fw-leeds proposal phase 1", client, kinds=["digest", "decision", "lesson"])
    assert text


async def test_contexts_snippets_states_and_decisions_are_listed_by_what_they_belong_to(firm: Firm) -> None:
    client, project, machine = await place(firm)
    await machine.send(VPN.chunk())
    (decision,) = await listed(firm.owner, "/decision-logs")
    parents = {"client": str(client), "project": str(project), "session": decision["session_id"]}
    for name in ("conversation-contexts", "context-snippets", "project-states", "decision-logs"):
        for parent, id in parents.items():
            if (name, parent) != ("project-states", "session"):
                assert await listed(firm.owner, f"/{name}/by-{parent}/{id}"), (name, parent)
    assert await listed(firm.owner, "/conversation-contexts/recall", project_id=str(project))
    assert await listed(firm.owner, "/context-snippets/top-relevant")
    assert await listed(firm.owner, f"/decision-logs/by-impact/{decision['impact']}")
    path = f"/project-states/by-project/{project}"
    assert (await firm.owner.put(path, json={"summary": "By hand."})).status_code == 200
    (state,) = await listed(firm.owner, path)
    assert (state["summary"], "summary" in state["generated"]) == ("By hand.", False)
