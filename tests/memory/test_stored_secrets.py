"""A secret of the vault that passes through any way into memory is stored nowhere, in none of its forms."""

import base64
import json
import random
import re
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from sqlalchemy import update

from claudetools.domains.vault import SecretFingerprint
from claudetools.domains.vault.fingerprints import destroy_secrets
from claudetools.domains.vault.stored_secrets import LOOKS_AT_ALL
from claudetools.kit.redact.decode import unescaped
from claudetools.services import open_services
from tests.databases import Kind
from tests.kit.redact.corpus import FORMS, KINDS, disguise
from tests.memory.contents import database_bytes, everything
from tests.memory.firm import Firm, call_tool

STORED = {
    "password": "gravel moth under velvet 7",
    "api_key": "kestrelvantage",
    "client_secret": 'q"u\\o#te%41&ä+/=ß',
    "token": "zz.Yy-Xx_9/8+7==",
    "connection_string": "bind: tern / uid: plover / 5",
    "secret_note": "first line of the note\nsecond line, with 'quotes'",
}
PLACE = {"cwd": "/srv/acme", "prompt_id": "p-1"}


async def stored(firm: Firm, client: UUID, **secrets: str) -> str:
    body = {"client_id": str(client), "kind": "password", "service_name": "Portal", **secrets}
    reply = await firm.owner.post("/credentials", body)
    assert reply.status_code == 201, reply.text
    id: str = reply.json()["id"]
    return id


async def through_every_way(firm: Firm, client: UUID, texts: list[str]) -> None:
    """Let texts pass through every way into memory."""
    machine = await firm.machine(firm.owner)
    for number, text in enumerate(texts):
        call = {"tool_name": "Bash", "tool_use_id": f"t-{number}", "tool_input": {"command": f"echo {text}"}}
        place = {**PLACE, "prompt_id": f"p-{number}"}
        await machine.prompt("s-1", f"The herons say {text}", **place)
        await machine.hook("PostToolUse", "s-1", **call, tool_response={"stdout": text, "n": [text]}, **place)
        await machine.hook("PostToolUseFailure", "s-1", **call, error=text, **place)
        await machine.hook("Stop", "s-1", last_assistant_message=f"I have seen {text}", **place)
    await machine.hook("SessionEnd", "s-1", reason="other", **PLACE)
    lines = [
        {"type": "user", "uuid": f"u-{n}", "promptId": f"p-{n}", "message": {"role": "user", "content": f"Read {text}"}}
        for n, text in enumerate(texts)
    ]
    await machine.send(
        {"key": "s-3", "session_id": "s-3", "offset": 0, "next_offset": 9, "lines": lines, "cwd": "/srv/acme"}
    )
    turns = [{"id": f"{r}{n}", "role": r, "text": text} for n, text in enumerate(texts) for r in ("user", "tool")]
    given: list[tuple[str, Any]] = [
        ("/memory/ingest", {"conversation_id": "c", "client_id": str(client), "turns": turns[:1_000]}),
        *(("/memory/remember", {"text": f"Heron {text}", "client_id": str(client)}) for text in texts),
        *(
            ("/context-snippets", {"title": "Herons", "dense_content": text, "client_id": str(client)})
            for text in texts
        ),
        ("/conversation-contexts", {"title": "Herons", "dense_summary": texts[0], "client_id": str(client)}),
        ("/memory/recall", {"query": texts[0], "client_id": str(client)}),
    ]
    for path, body in given:
        reply = await firm.owner.post(path, body)
        assert reply.status_code in (200, 201), (path, reply.text)
    await call_tool(machine.caller, "remember", {"text": f"Tool: {texts[0]}", "session": "s-1"})


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def traces(haystack: str, secret: str) -> list[str]:
    """The forms in which a secret is in a text."""
    once, twice = json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1]
    forms = {"raw": secret, "json": once, "double": twice, "percent": quote(secret, safe="")}
    forms["base64"] = base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]
    found = [name for name, form in forms.items() if form in haystack]
    return found + (["squeezed"] if squeezed(secret) in squeezed(haystack) else [])


async def nowhere(firm: Firm, url: str, kind: Kind, secrets: list[str], logged: str) -> None:
    values = await everything(firm.api)
    assert sum("heron" in value.lower() for value in values) > 20
    places = {"the database": "\n".join(values), "the log": logged}
    if kind == "sqlite":
        places["the files"] = "\n".join(part.decode("utf-8", "replace") for part in database_bytes(url))
    home = firm.api.services.settings.home
    files = [path for path in home.rglob("*") if path.is_file() and path.suffix in (".log", ".json", ".idx", ".bin")]
    places["derived files"] = "\n".join(path.read_bytes().decode("utf-8", "replace") for path in files)
    for name, text in places.items():
        plain = unescaped(text) if name == "the log" else text
        for secret in secrets:
            assert not traces(plain, secret), (name, secret)


async def test_m1_and_m2_stored_secrets_are_nowhere_in_any_form(
    firm: Firm, database_url: str, database_kind: Kind, caplog: Any, capsys: Any
) -> None:
    client = await firm.client("Acme")
    await firm.bind(client, cwd="/srv/acme")
    await stored(firm, client, **STORED)
    rng = random.Random(3)
    texts = []
    for secret in STORED.values():
        sentence = f"the heron says {secret} today, see https://x.example/?q={quote(secret, safe='')}&b=1"
        texts += [text for form in FORMS if (text := disguise(form, sentence, secret, rng))]
    await through_every_way(firm, client, texts)
    output = capsys.readouterr()
    records = "\n".join(f"{record.msg} {record.args} {record.exc_text}" for record in caplog.records)
    await nowhere(firm, database_url, database_kind, list(STORED.values()), records + output.out + output.err)


async def test_m2_no_secret_that_is_recognised_stays_behind_in_any_form(
    firm: Firm, database_url: str, database_kind: Kind, caplog: Any, capsys: Any
) -> None:
    client = await firm.client("Acme")
    await firm.bind(client, cwd="/srv/acme")
    rng = random.Random(9)
    redactor = firm.api.services.memory.redactor
    texts, secrets = [], []
    for number, kind in enumerate(KINDS):
        secret = kind.make(rng)
        sentence = f"Heron. {kind.tuned[0].format(s=secret)}"
        text = disguise(FORMS[number % len(FORMS)], sentence, secret, rng) or sentence
        if not traces(redactor.redact(text).text, secret):
            texts.append(text)
            secrets.append(secret)
    assert len(texts) >= 40
    await through_every_way(firm, client, texts)
    output = capsys.readouterr()
    records = "\n".join(f"{record.msg} {record.args} {record.exc_text}" for record in caplog.records)
    await nowhere(firm, database_url, database_kind, secrets, records + output.out + output.err)


async def test_another_worker_takes_out_what_this_one_stores_and_forgets_what_is_destroyed(firm: Firm) -> None:
    client = await firm.client("Acme")
    worker = open_services(firm.api.services.settings)
    try:
        text = "it says gravel moth under velvet 7 there"
        await worker.stored_secrets.look()
        assert worker.memory.redactor.redact(text).text == text
        id = await stored(firm, client, password=STORED["password"])
        assert "gravel" not in firm.api.services.memory.redactor.redact(text).text
        await worker.stored_secrets.look()
        assert "gravel" not in worker.memory.redactor.redact(text).text
        assert (await firm.owner.delete(f"/credentials/{id}")).status_code == 204
        await worker.stored_secrets.look()
        assert worker.memory.redactor.redact(text).text == text
    finally:
        await worker.database.close()


async def test_a_worker_looks_at_all_secrets_only_when_one_may_have_changed(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await firm.client("Acme")
    await stored(firm, client, password=STORED["password"])
    secrets = firm.api.services.stored_secrets
    await secrets.look()
    looked: list[bool] = []
    refresh = secrets.refresh

    async def noted() -> None:
        looked.append(True)
        await refresh()

    monkeypatch.setattr(secrets, "refresh", noted)
    monkeypatch.setattr(secrets, "_looks", 0)
    for _ in range(LOOKS_AT_ALL - 1):
        await secrets.look()
    assert looked == []
    # What shows neither in their number nor in the newest id is found by one look in so many.
    await secrets.look()
    assert looked == [True]
    await stored(firm, client, password="another moth under velvet 8")
    await secrets.look()
    assert looked == [True, True]
    await firm.api.services.database.write(lambda session: destroy_secrets(session, client))
    await secrets.look()
    assert looked == [True] * 3
    assert len(firm.api.services.stored_secrets._shapes.known) == 0


async def test_secrets_from_before_there_were_shapes_are_taken_out_too(firm: Firm) -> None:
    client = await firm.client("Acme")
    await stored(firm, client, password=STORED["password"])
    await firm.api.services.database.write(
        lambda session: session.execute(update(SecretFingerprint).values(shape=None))
    )
    worker = open_services(firm.api.services.settings)
    try:
        await worker.stored_secrets.refresh()
        assert "gravel" not in worker.memory.redactor.redact("gravel moth under velvet 7").text
    finally:
        await worker.database.close()


async def test_a_secret_that_is_a_word_blanks_no_text(firm: Firm) -> None:
    client = await firm.client("Acme")
    await stored(firm, client, password="password", api_key="admin", token="20240101", client_secret="Welcome")
    for text in ("Welcome to the admin portal.", "The password policy of 20240101 changed.", "adminstration"):
        assert firm.api.services.memory.redactor.redact(text).text == text
