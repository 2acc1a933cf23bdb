"""`claudetools status`: whose memory is this, is it alive, and what did it do last."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from claudetools.cli import connection as connections
from claudetools.cli.belonging import belonging
from claudetools.cli.history import pending_history
from claudetools.cli.output import ago, print_json, say
from claudetools.cli.server_api import Api, Refused

TIMEOUT_SECONDS = 10.0
TITLE_CHARACTERS = 90

app = typer.Typer()


@app.command(epilog="Example: claudetools status")
def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show the server, who and which machine you are, whose this folder is, and what memory did last here."""
    connection = connections.current_connection()
    with connections.connected_api(connection, timeout_seconds=TIMEOUT_SECONDS) as api:
        found = _look(api)
    found["transcripts_waiting"] = pending_history(connection)
    if as_json:
        print_json(found)
    else:
        _show(found)


def _look(api: Api) -> dict[str, Any]:
    here = connections.here(api)
    folder = Path.cwd()
    machine_id = here.machine["id"] if here.machine else None
    whose = belonging(api, folder, machine_id)
    prompts = (
        each
        for each in api.get("/api/memory/injections", limit=50, machine_id=machine_id)["items"]
        if each["surface"] == "prompt"
    )
    last = next(prompts, None)
    return {
        "server": {"endpoint": api.endpoint, "version": _version(api)},
        "person": {"email": here.me["email"], "role": here.me["role"]},
        "machine": {"id": machine_id, "hostname": here.machine["hostname"]} if here.machine else None,
        "folder": {"path": str(folder), **(asdict(whose) if whose else {"client": None, "project": None})},
        "memory": api.get("/api/memory/stats"),
        "last_prompt": _explained(api, last) if last else None,
    }


def _version(api: Api) -> str:
    return str(api.get("/api/health/live")["version"])


def _explained(api: Api, injection: dict[str, Any]) -> dict[str, Any]:
    """Return what one prompt was given, with the titles of the memories."""
    items = []
    for item in injection["items"]:
        try:
            memory = api.get(f"/api/memory/{item['id']}")
        except Refused:
            memory = {"kind": "gone", "title": "deleted since", "text": ""}
        title = memory["title"] or memory["text"]
        items.append({**item, "kind": memory["kind"], "title": title[:TITLE_CHARACTERS]})
    return {"at": injection["at"], "considered": injection["considered"], "tokens": injection["tokens"], "items": items}


def _show(found: dict[str, Any]) -> None:
    server, person, machine, folder = found["server"], found["person"], found["machine"], found["folder"]
    memory, last = found["memory"], found["last_prompt"]
    _line("Server", f"{server['endpoint']}, version {server['version']}")
    _line("You", f"{person['email']} ({person['role']}){' on ' + machine['hostname'] if machine else ''}")
    owner = " / ".join(filter(None, (folder["client"], folder["project"])))
    _line("Folder", f"{folder['path']}: {owner or 'not assigned to a client (claudetools connect --client NAME)'}")
    _line("Last save", ago(memory["last_saved_at"]))
    _line("Last recall", ago(memory["last_recalled_at"]))
    _line("Memory", f"{memory['items']} notes from {memory['sessions']} sessions")
    saved = memory["saved_percent"]
    share = f", {saved} % less than what was said" if saved is not None else ""
    given = f"{memory['tokens_injected']} tokens into {memory['prompts_with_context']} of {memory['prompts']} prompts"
    _line("Given", f"{given} in 30 days{share}")
    if found["transcripts_waiting"]:
        _line("Waiting", f"{found['transcripts_waiting']} transcripts are to be sent (claudetools import claude)")
    if last is None:
        _line("Last prompt", "none yet from this machine")
        return
    chosen = f"{len(last['items'])} of {last['considered']} notes fitted it" if last["items"] else "nothing fitted it"
    _line("Last prompt", f"{ago(last['at'])}: {chosen}, {last['tokens']} tokens")
    for item in last["items"]:
        say(f"               {item['score']:.2f}  {item['kind']:<10} {item['title']}")


def _line(name: str, text: str) -> None:
    say(f"{name:<13}  {text}")
