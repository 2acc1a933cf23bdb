"""Memory from the terminal: recall and remember."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from claudetools.cli.connection import connected_api, current_connection
from claudetools.cli.folder import find_client
from claudetools.cli.output import print_json, say
from claudetools.cli.server_api import Api

DEFAULT_BUDGET = 800
SHORT_ID_CHARS = 8
"""As in the text of an answer."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ClientOption = Annotated[str | None, typer.Option(help="Client: name or short code.  [default: the folder's]")]

app = typer.Typer()


class Kind(StrEnum):
    """What a memory written on purpose is."""

    FACT = "fact"
    DECISION = "decision"
    TODO = "todo"
    LESSON = "lesson"
    PREFERENCE = "preference"
    PROCEDURE = "procedure"
    BLOCKER = "blocker"
    NOTE = "note"


@app.command(epilog='Example: claudetools recall "why did the backup fail" --client Northwind --budget 400')
def recall(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What you want to know, in plain words.")],
    client: ClientOption = None,
    budget: Annotated[int, typer.Option(min=50, max=100_000, help="Longest answer, in tokens.")] = DEFAULT_BUDGET,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each memory was chosen.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask memory, as a prompt in this folder would."""
    with connected_api(current_connection()) as api:
        asked = {"query": query, "budget_tokens": budget, "explain": explain, "as_prompt": True, **_place(api, client)}
        found = api.post("/api/memory/recall", asked)
    if as_json:
        print_json(found)
    else:
        say(found["text"] if found["items"] else "Memory has nothing on this.")
        for item in found["items"] if explain else []:
            say(f"[{item['id'][-SHORT_ID_CHARS:]}] {item['score']:.2f}: {item['why']}")


@app.command(epilog='Example: claudetools remember "nw-sql-02 is restored from vault-nw" --kind fact --tag backup')
def remember(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to remember; `-` reads it from the input.")],
    kind: Annotated[Kind, typer.Option(help="What it is.")] = Kind.NOTE,
    client: ClientOption = None,
    tag: Annotated[list[str] | None, typer.Option(help="A word to find it by; can be repeated.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when it holds: 12h, 30d, 2w or a day (2027-03-31).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Put something into memory for everybody who works for the client. Secrets are taken out."""
    words = sys.stdin.read() if text == "-" else text
    with connected_api(current_connection()) as api:
        place = {key: value for key, value in _place(api, client).items() if key != "machine"}
        body = {"text": words, "kind": kind, "tags": tag or [], **place}
        found = api.post("/api/memory/remember", body if until is None else {**body, "expires_at": until})
    if as_json:
        print_json(found)
    else:
        memory = found["memory"]
        say(f"{'Remembered' if found['is_new'] else 'Known already, strengthened'}: {memory['kind']} {memory['id']}")
        for id in found["superseded"]:
            say(f"Superseded: {id}")
        for id in found["contradicts"]:
            say(f"Contradicts: {id}")


def _place(api: Api, client: str | None) -> dict[str, Any]:
    """Return whose memory is meant: the named client's, else that of the current folder."""
    if client is not None:
        return {"client_id": find_client(api, client)["id"]}
    return {"cwd": str(Path.cwd())[:500]}
