"""Conversation contexts: written by people or at the end of a session, and recallable."""

from typing import Any
from uuid import UUID, uuid4

from tests.fixtures.application import Application
from tests.fixtures.people import Caller
from tests.memory.firm import Firm, recall, texts
from tests.memory.session_files import MAIN, PLACE

SUMMARY = "The core switch was replaced by a Juniper EX4400; the old trunk ports were kept."


async def create(caller: Caller, client: UUID | None, title: str = "Core switch", **more: Any) -> dict[str, Any]:
    body = {"title": title, "dense_summary": SUMMARY, **({} if client is None else {"client_id": str(client)}), **more}
    reply = await caller.post("/conversation-contexts", body)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def titles(caller: Caller, **parameters: Any) -> list[str]:
    reply = await caller.get("/conversation-contexts/recall", params=parameters)
    assert reply.status_code == 200, reply.text
    return [item["title"] for item in reply.json()["items"]]


async def test_a_context_is_recalled_changed_and_forgotten(firm: Firm) -> None:
    client = await firm.client("Acme")
    context = await create(firm.owner, client, key_decisions=["Keep the trunk ports."], tags=["network"])
    (item,) = (await recall(firm.owner, "core switch Juniper", client))["items"]
    assert (item["source"]["table"], item["source"]["id"]) == ("conversation_contexts", context["id"])
    assert "Keep the trunk ports." in item["text"]
    changed = {"dense_summary": "The core switch is an Aruba 6300."}
    assert (await firm.owner.patch(f"/conversation-contexts/{context['id']}", json=changed)).status_code == 200
    (text,) = await texts(firm.owner, "core switch", client)
    assert ("Aruba" in text, "Juniper" in text) == (True, False)
    assert (await firm.owner.delete(f"/conversation-contexts/{context['id']}")).status_code == 204
    for _ in range(2):
        assert await texts(firm.owner, "core switch", client) == []
        assert await titles(firm.owner, client_id=str(client)) == []
        await firm.api.forget()


async def test_the_parameters_of_recall_narrow_it(firm: Firm) -> None:
    client = await firm.client("Acme")
    network, phones = await firm.project(client, "network"), await firm.project(client, "phones")
    await create(firm.owner, client, "Switch", project_id=str(network), tags=["lan", "core"], relevance_score=9)
    await create(firm.owner, client, "Router", project_id=str(network), tags=["wan"], relevance_score=7)
    await create(firm.owner, client, "Phones", project_id=str(phones), tags=["voice"], relevance_score=3)
    assert await titles(firm.owner, client_id=str(client)) == ["Switch", "Router", "Phones"]
    assert await titles(firm.owner, client_id=str(client), limit=1) == ["Switch"]
    assert await titles(firm.owner, project_id=str(network)) == ["Switch", "Router"]
    assert await titles(firm.owner, client_id=str(client), min_relevance_score=5) == ["Switch", "Router"]
    assert await titles(firm.owner, client_id=str(client), tags="wan,voice") == ["Router", "Phones"]
    assert await titles(firm.owner, client_id=str(client), tags=["wan", "voice"]) == ["Router", "Phones"]
    assert await titles(firm.owner, client_id=str(client), tags="no-such-tag") == []


async def test_a_question_orders_contexts_by_their_content(firm: Firm) -> None:
    client = await firm.client("Acme")
    await create(firm.owner, client, "Backups", dense_summary="Veeam runs nightly to the NAS.", relevance_score=9)
    await create(firm.owner, client, "Phones", dense_summary="The voice VLAN is 40.", relevance_score=1)
    assert (await titles(firm.owner, client_id=str(client), q="Which voice VLAN?"))[0] == "Phones"
    assert (await titles(firm.owner, client_id=str(client), q="Veeam NAS"))[0] == "Backups"


async def test_contexts_of_other_clients_stay_there(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    project = await firm.project(globex, "network")
    foreign = await create(firm.owner, globex)
    technician = await firm.technician(acme)
    assert await titles(technician, client_id=str(acme), q="core switch Juniper") == []
    assert await titles(technician) == []
    for parameters in ({"client_id": str(globex)}, {"project_id": str(project)}, {"client_id": str(uuid4())}):
        reply = await technician.get("/conversation-contexts/recall", params=parameters)
        assert reply.status_code == 404
    assert (await technician.get(f"/conversation-contexts/{foreign['id']}")).status_code == 404
    body = {"title": "x", "dense_summary": "y", "client_id": str(acme), "project_id": str(project)}
    assert (await technician.post("/conversation-contexts", body)).status_code == 404


async def test_unassigned_contexts_are_recalled_by_their_author_only(firm: Firm) -> None:
    author, colleague = await firm.technician(), await firm.technician()
    await create(author, None)
    assert await titles(author) == ["Core switch"]
    assert await titles(author, q="core switch Juniper") == ["Core switch"]
    for other in (colleague, firm.owner):
        assert await titles(other) == []
        assert await titles(other, q="core switch Juniper") == []


async def test_a_session_is_summed_up_once_and_kept_up_to_date(firm: Firm) -> None:
    client = await firm.client("Acme")
    await firm.bind(client, cwd=PLACE["cwd"])
    machine = await firm.machine(firm.owner)
    await machine.send(MAIN.piece(0, 40))
    (first,) = (await firm.owner.get("/conversation-contexts")).json()["items"]
    await machine.send(MAIN.piece(40, len(MAIN.lines)))
    (second,) = (await firm.owner.get("/conversation-contexts")).json()["items"]
    assert (second["id"], second["context_type"]) == (first["id"], "session_summary")
    assert second["dense_summary"] != first["dense_summary"]
    assert second["source_references"] == ["generated"]


async def test_what_a_person_edited_or_deleted_is_not_generated_anew(firm: Firm) -> None:
    client = await firm.client("Acme")
    await firm.bind(client, cwd=PLACE["cwd"])
    machine = await firm.machine(firm.owner)
    await machine.send(MAIN.piece(0, 40))
    (context,) = (await firm.owner.get("/conversation-contexts")).json()["items"]
    path = f"/conversation-contexts/{context['id']}"
    assert (await firm.owner.patch(path, json={"dense_summary": "By hand."})).status_code == 200
    await machine.send(MAIN.piece(40, 60))
    assert (await firm.owner.get(path)).json()["dense_summary"] == "By hand."
    assert (await firm.owner.delete(path)).status_code == 204
    await machine.send(MAIN.piece(60, len(MAIN.lines)))
    assert (await firm.owner.get("/conversation-contexts")).json()["items"] == []


async def test_a_text_that_redaction_makes_longer_still_fits_its_field(api: Application) -> None:
    owner = await api.people.add()
    line = ("password=aB3x9 " * 40)[:500].strip()
    body = {"title": line[:200].strip(), "dense_summary": line, "key_decisions": [line]}
    made = await owner.post("/conversation-contexts", body)
    assert made.status_code == 201, made.text
    assert "aB3x9" not in made.text
    assert (await owner.get(f"/conversation-contexts/{made.json()['id']}")).json() == made.json()
