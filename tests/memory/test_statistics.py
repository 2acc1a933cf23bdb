"""Is memory alive: what was saved, what was given, and at what cost."""

from claudetools.domains.memory.recalling.packing import CHARS_PER_TOKEN
from tests.memory.firm import Firm, ingest, recall, remember

FACT = "The voice VLAN on sw-core-01 is 40."


async def test_an_empty_memory_says_so(firm: Firm) -> None:
    stats = (await firm.owner.get("/memory/stats")).json()
    assert (stats["items"], stats["turns"], stats["sessions"], stats["prompts"]) == (0, 0, 0, 0)
    assert [stats[name] for name in ("last_saved_at", "last_recalled_at", "saved_percent", "median_ms")] == [None] * 4
    assert (stats["machines"], stats["semantic"]) == ([], False)


async def test_what_happened_is_counted(firm: Firm) -> None:
    client = await firm.client("Acme")
    machine = await firm.machine(firm.owner, "ws-anna")
    await firm.bind(client, cwd="/srv/acme")
    kept = await remember(firm.owner, FACT, client, kind="fact")
    gone = await remember(firm.owner, "The printers stand in VLAN 30.", client, kind="fact")
    assert (await firm.owner.patch(f"/memory/{gone['id']}", json={"is_retired": True})).status_code == 200
    text = "Ärger mit dem Gerät im Büro: " + "ä" * 971
    await ingest(firm.owner, "chat", [text], client_id=client)
    question = "Which voice VLAN does sw-core-01 use?"
    assert FACT in await machine.prompt("s-1", question, prompt_id="p-1", cwd="/srv/acme")
    await machine.prompt("s-1", "Write a haiku about autumn leaves.", prompt_id="p-2", cwd="/srv/acme")
    stats = (await firm.owner.get("/memory/stats")).json()
    assert (stats["turns"], stats["sessions"]) == (3, 2)
    assert stats["items_by_kind"]["fact"] >= 1
    assert stats["items"] == sum(stats["items_by_kind"].values())
    assert (stats["prompts"], stats["prompts_with_context"]) == (2, 1)
    characters = len(text) + len(question) + len("Write a haiku about autumn leaves.")
    assert stats["tokens_recorded"] == int(characters / CHARS_PER_TOKEN)
    (given, nothing) = (await firm.owner.get("/memory/injections")).json()["items"][::-1]
    assert (given["prompt_id"], [item["id"] for item in given["items"]]) == ("p-1", [kept["id"]])
    assert (nothing["prompt_id"], nothing["items"], nothing["tokens"]) == ("p-2", [], 0)
    assert stats["tokens_injected"] == given["tokens"]
    assert stats["saved_percent"] == round(100 * (1 - given["tokens"] / stats["tokens_recorded"]), 1)
    (activity,) = stats["machines"]
    assert (activity["machine_id"], activity["hostname"]) == (str(machine.id), "ws-anna")
    assert activity["last_saved_at"] is not None
    assert activity["last_recalled_at"] == stats["last_recalled_at"] == nothing["at"]


async def test_injections_are_narrowed_and_bounded(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    machine = await firm.machine(firm.owner)
    for client in (acme, globex):
        await recall(firm.owner, "voice VLAN", client)
    await recall(machine.caller, "voice VLAN", acme)

    async def count(query: str) -> int:
        reply = await firm.owner.get(f"/memory/injections{query}")
        assert reply.status_code == 200, reply.text
        return len(reply.json()["items"])

    assert [await count(query) for query in ("", "?limit=2", f"?client_id={acme}")] == [3, 2, 2]
    assert [await count(f"?machine_id={machine.id}"), await count(f"?client_id={machine.id}")] == [1, 0]
    for query in ("?limit=0", "?limit=501", "?client_id=x"):
        assert (await firm.owner.get(f"/memory/injections{query}")).status_code == 422
