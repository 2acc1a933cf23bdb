"""No memory of one client, or of one person's unassigned work, ever reaches another."""

import json
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from claudetools.domains.memory import MemoryItem
from claudetools.domains.memory.engine import partition_of
from claudetools.domains.memory.recall_index.index import Query
from claudetools.kit.clock import now
from tests.fixtures.people import Caller, Person
from tests.memory.contents import rows_of
from tests.memory.firm import Firm, Machine, call_tool, ingest, recall, remember, texts

CLIENTS = 20
TRIALS = 400
INDEX_TRIALS = 10_000
ASK = "What is the gateway of the Hamburg branch?"
SUBJECTS = [
    "gateway firewall rule",
    "voice VLAN switch port",
    "backup repository NAS share",
    "mail relay connector certificate",
    "printer driver queue",
    "domain controller replication",
    "license server activation",
    "wireless controller password policy",
]


@dataclass(frozen=True)
class Tenant:
    """A client, the technician who works for it alone, their machine and a session there."""

    number: int
    client: UUID
    technician: Person
    machine: Machine
    items: list[str]

    @property
    def folder(self) -> str:
        return f"/srv/client{self.number}"

    @property
    def mark(self) -> str:
        return f"mark{self.number:02}x"


async def tenants_of(firm: Firm) -> list[Tenant]:
    found = []
    for number in range(CLIENTS):
        client = await firm.client(f"Client {number}")
        technician = await firm.technician(client)
        machine = await firm.machine(technician)
        tenant = Tenant(number, client, technician, machine, [])
        await firm.bind(client, cwd=tenant.folder)
        for subject in SUBJECTS:
            # Each client but one holds what every question asks for, word for word.
            note = f"The {subject} at {tenant.mark} is documented: {subject} of the head office."
            if subject != SUBJECTS[number % len(SUBJECTS)]:
                tenant.items.append((await remember(technician, note, client))["id"])
        turns = [f"We changed the {subject} at {tenant.mark} yesterday." for subject in SUBJECTS[:2]]
        await ingest(technician, "chat", turns, client_id=client)
        await machine.prompt("work", f"Please check the {SUBJECTS[0]} at {tenant.mark} again.", cwd=tenant.folder)
        # What the same person remembers without a client.
        await machine.prompt("private", f"My own notes on the {SUBJECTS[1]} at own{number:02}x.", cwd="/home/me")
        body = {"title": f"State {tenant.mark}", "dense_summary": f"The {SUBJECTS[2]} at {tenant.mark}."}
        reply = await technician.post("/conversation-contexts", {**body, "client_id": str(client)})
        assert reply.status_code == 201
        found.append(tenant)
    return found


# Where only a stored memory has its mark: prompts of these tests name the marks of others, and become memory too.
SAID = re.compile(
    r"at (mark\d\dx) is documented:|We changed [a-zA-Z ]+ at (mark\d\dx) yesterday|State (mark\d\dx)"
    r"|Please check [a-zA-Z ]+ at (mark\d\dx) again|notes on the [a-zA-Z ]+ at (own\d\dx)"
)


def foreign_marks(text: str, own: str) -> set[str]:
    """The marks of what is said in a text that are of another owner than the one whose mark is given."""
    return {mark for groups in SAID.findall(text) for mark in groups if mark} - {own}


async def test_nothing_of_another_client_is_found_in_thousands_of_questions(firm: Firm) -> None:
    """Most of the questions go to the index itself, with real rows; the rest go all the way, by every way there is."""
    tenants = await tenants_of(firm)
    chance = random.Random(20261123)
    answers = 0
    seen: dict[str, int] = {}

    for trial in range(TRIALS):
        tenant = chance.choice(tenants)
        other = chance.choice([each for each in tenants if each is not tenant])
        caller = chance.choice([tenant.technician, tenant.machine.caller, firm.owner])
        subject = chance.choice(SUBJECTS)
        # The best match for the question is the other client's, by name and word for word.
        question = chance.choice(
            [f"{subject} at {other.mark}", f"The {subject} at {other.mark} is documented", subject]
        )
        way = chance.choice(WAYS if caller is not firm.owner else WAYS[:2])
        text = await way(tenant, caller, question, f"s-{trial}")
        assert not foreign_marks(text, tenant.mark), (trial, way.__name__, question, text)
        answers += tenant.mark in text
        seen[way.__name__] = seen.get(way.__name__, 0) + 1
    assert answers > TRIALS / 2
    assert len(seen) == len(WAYS)
    await ask_the_index(firm, tenants, chance)


async def ask_the_index(firm: Firm, tenants: list[Tenant], chance: random.Random) -> None:
    """Ask for what others have, in every combination of filters, for more than there is."""
    rows = await rows_of(firm.api, MemoryItem)
    homes = {str(row.id): partition_of(row.client_id, row.user_id) for row in rows}
    sizes, tags = Counter(homes.values()), frozenset({"gateway"})
    found = 0
    for _ in range(INDEX_TRIALS):
        tenant, other = chance.sample(tenants, 2)
        own = chance.choice([partition_of(tenant.client, firm.owner.id), partition_of(None, tenant.technician.id)])
        subject = chance.choice(SUBJECTS)
        query = Query(
            text=chance.choice([f"The {subject} at {other.mark} is documented", f"{subject} at {other.mark}", subject]),
            partitions=frozenset({own}),
            now=now(),
            machine_id=chance.choice([None, str(other.machine.id)]),
            exclude_kinds=chance.choice([frozenset(), frozenset({"prompt"})]),
            kinds=chance.choice([None, None, frozenset({"note", "prompt"})]),
            tags=chance.choice([frozenset(), tags]),
            as_of=chance.choice([None, now()]),
            limit=chance.choice([1, 10, len(rows) + 1]),
            min_score=chance.choice([None, 0.4]),
        )
        result = firm.api.services.memory._index.search(query)
        assert {homes[hit.id] for hit in result.hits} <= {own}, query
        assert result.considered <= sizes[own]
        found += len(result.hits)
    assert found > INDEX_TRIALS


async def by_client(tenant: Tenant, caller: Caller, question: str, session: str) -> str:
    answer = await recall(caller, question, tenant.client, budget_tokens=None, limit=500)
    assert {item["client_id"] for item in answer["items"]} <= {str(tenant.client)}
    return json.dumps(answer)


async def by_contexts(tenant: Tenant, caller: Caller, question: str, session: str) -> str:
    reply = await caller.get("/conversation-contexts/recall", params={"client_id": str(tenant.client), "q": question})
    return reply.text


async def by_folder(tenant: Tenant, caller: Caller, question: str, session: str) -> str:
    return json.dumps(await recall(caller, question, cwd=f"{tenant.folder}/site", budget_tokens=None, limit=500))


async def by_session(tenant: Tenant, caller: Caller, question: str, session: str) -> str:
    return json.dumps(await recall(caller, question, session_id="work", budget_tokens=None, limit=500))


async def by_hook(tenant: Tenant, caller: Caller, question: str, session: str) -> str:
    return await tenant.machine.prompt(session, question, cwd=tenant.folder)


async def by_mcp(tenant: Tenant, caller: Caller, question: str, session: str) -> str:
    return await tenant.machine.tool("recall", query=question, session="work", budget_tokens=8_000)


Way = Callable[[Tenant, Caller, str, str], Awaitable[str]]
WAYS: list[Way] = [by_client, by_contexts, by_folder, by_session, by_hook, by_mcp]


async def test_unassigned_memory_is_its_authors_alone(firm: Firm) -> None:
    tenants = (await tenants_of(firm))[:3]
    for tenant in tenants:
        own = f"own{tenant.number:02}x"
        found = json.dumps(await recall(tenant.technician, SUBJECTS[1], budget_tokens=None, limit=500))
        assert own in found
        assert foreign_marks(found, own) == set()
        context = await tenant.machine.prompt("other", f"notes on the {SUBJECTS[1]}", cwd="/home/me")
        assert foreign_marks(context, own) == set()
        # And it does not appear in the client's.
        assert own not in json.dumps(await texts(tenant.technician, SUBJECTS[1], tenant.client))
    assert await texts(firm.owner, SUBJECTS[1]) == []


async def test_a_session_cannot_open_another_clients_memory_even_for_the_owner(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    machine = await firm.machine(firm.owner)
    await firm.bind(acme, cwd="/srv/acme")
    note = "The gateway is 10.20.0.1."
    foreign = (await remember(firm.owner, note, globex))["id"]
    unassigned = (await remember(firm.owner, note))["id"]
    await machine.prompt("s-1", "Which gateway do we use at this branch?", cwd="/srv/acme")
    for id in (foreign, unassigned):
        for tool, arguments in (("get_memory", {}), ("correct", {"text": "It is wrong."}), ("correct", {})):
            text, is_error = await call_tool(machine.caller, tool, {"id": id, "session": "s-1", **arguments})
            assert is_error
            assert "10.20" not in text
    for name in ("Globex", "globex"):
        for tool, arguments in (("recall", {"query": "gateway"}), ("remember", {"text": "A new note."})):
            text, is_error = await call_tool(machine.caller, tool, {**arguments, "client": name, "session": "s-1"})
            assert is_error
            assert "10.20" not in text
    assert "10.20" not in await machine.tool("recall", query="gateway 10.20.0.1", session="s-1")
    assert await texts(firm.owner, "gateway", globex) == [note]


async def test_another_clients_id_cannot_be_told_from_an_unknown_one_by_tools(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    foreign = (await remember(firm.owner, "The gateway is 10.20.0.1.", globex))["id"]
    machine = await firm.machine(await firm.technician(acme))
    unknown = "00000000-0000-4000-8000-000000000000"
    for tool, arguments in (("get_memory", {}), ("correct", {"text": "It is wrong."}), ("correct", {})):
        replies = [await call_tool(machine.caller, tool, {"id": id, **arguments}) for id in (foreign, unknown)]
        assert replies[0] == replies[1]
        assert replies[0][1] is True
    reply = await call_tool(machine.caller, "recall", {"query": "gateway", "client": "Globex"})
    assert reply == (reply[0], True)


async def test_counts_and_traces_show_only_what_the_caller_may_see(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    one, two = await firm.technician(acme), await firm.technician(globex)
    machine = await firm.machine(two)
    await firm.bind(globex, cwd="/srv/globex")
    empty = (await one.get("/memory/stats")).json()
    await remember(two, "The gateway is 10.20.0.1.", globex)
    await ingest(two, "chat", ["The gateway is 10.20.0.1."], client_id=globex)
    await machine.prompt("s-1", "The gateway is 10.20.0.1?", cwd="/srv/globex")
    await machine.prompt("s-2", "My own gateway at home is 10.99.0.1.", cwd="/home/me")
    await recall(two, "gateway", globex)
    assert (await one.get("/memory/stats")).json() == empty
    assert (await one.get("/memory/injections")).json() == {"items": []}
    assert (await one.get(f"/memory/injections?client_id={globex}")).json() == {"items": []}
    assert len((await two.get("/memory/injections")).json()["items"]) == 3
    assert (await recall(one, "gateway", acme))["considered"] == 0
    colleague = await firm.technician(globex)
    assert len((await colleague.get("/memory/injections")).json()["items"]) == 2


async def test_whoever_lost_access_gets_and_writes_nothing_any_more(firm: Firm) -> None:
    acme = await firm.client("Acme")
    technician = await firm.technician(acme)
    machine = await firm.machine(technician)
    await firm.bind(acme, cwd="/srv/acme")
    memory = await remember(firm.owner, "The gateway of the Hamburg branch is 10.20.0.1.", acme)
    assert "10.20" in await machine.prompt("s-1", ASK, prompt_id="p-1", cwd="/srv/acme")
    before = (await firm.owner.get("/memory/stats")).json()
    assert (await firm.owner.patch(f"/users/{technician.id}", json={"clients": []})).status_code == 200

    event = {
        "session_id": "s-1",
        "prompt": ASK,
        "prompt_id": "p-2",
        "cwd": "/srv/acme",
    }
    reply = await machine.caller.post("/claude/hooks/UserPromptSubmit", event)
    assert (reply.status_code, "10.20" in reply.text) == (403, False)
    answer, _ = await call_tool(machine.caller, "hook_prompt", {"hook_event_name": "UserPromptSubmit", **event})
    assert answer == "{}"
    chunk = {"key": "s-1", "session_id": "s-1", "offset": 0, "next_offset": 9, "lines": [], "cwd": "/srv/acme"}
    assert (await machine.caller.post("/claude/events", {"transcripts": [chunk]})).status_code == 403
    assert (await machine.caller.get("/claude/cursors")).json()["cursors"] == {}
    assert (await machine.caller.get(f"/memory/{memory['id']}")).status_code == 404
    assert (await machine.caller.post("/memory/recall", {"query": "x", "client_id": str(acme)})).status_code == 404
    assert (await recall(machine.caller, "gateway", session_id="s-1"))["items"] == []
    assert (await recall(machine.caller, "gateway", cwd="/srv/acme"))["items"] == []
    for tool, arguments in (
        ("recall", {"query": "gateway"}),
        ("get_memory", {"id": memory["id"]}),
        ("correct", {"id": memory["id"]}),
    ):
        text, _ = await call_tool(machine.caller, tool, {**arguments, "session": "s-1"})
        assert "10.20" not in text
    after = (await firm.owner.get("/memory/stats")).json()
    assert [(after[name]) for name in ("items", "turns")] == [before[name] for name in ("items", "turns")]
    # A new session of theirs in that folder is their own.
    assert "10.20" not in await machine.prompt("s-2", ASK, cwd="/srv/acme")
    assert len(await texts(firm.owner, "gateway 10.20.0.1", acme, kinds=["note"])) == 1


async def test_a_machines_claim_does_not_decide_whose_memory_it_is(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    machine = await firm.machine(await firm.technician(acme))
    await firm.bind(acme, cwd="/srv/acme")
    await firm.bind(globex, cwd="/srv/globex")
    place = {"client_id": str(globex), "cwd": "/srv/acme", "prompt_id": "p-1"}
    await machine.hook("UserPromptSubmit", "s-1", prompt="The gateway is 10.20.0.1 since today.", **place)
    assert await texts(firm.owner, "gateway", globex) == []
    assert len(await texts(firm.owner, "gateway", acme)) > 0
    await machine.prompt("s-2", "The gateway is 10.20.0.1 since today.", cwd="/srv/globex")
    assert await texts(firm.owner, "gateway", globex) == []
