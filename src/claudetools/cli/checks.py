"""Checks of the chain from Claude Code to the server's memory: each does what it asks about."""

import os
import stat
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from claudetools import __version__
from claudetools.claude.connection import Connection
from claudetools.claude.state import read_state, state_folder
from claudetools.cli import connection as connections
from claudetools.cli import plugin
from claudetools.cli.failure import Failure
from claudetools.cli.history import pending_history
from claudetools.cli.output import ago, say, step
from claudetools.cli.server_api import Api, Refused

SKEW_SECONDS = 60
TOKEN_WARNING = timedelta(days=30)
BACKUP_AGE = timedelta(days=2)
_BACKUP_REMEDY = "On the server: claudetools backup create; every night: claudetools backup schedule"
_SCOPES = {"memory:read", "memory:write", "msp:read"}


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check. `ok` is None where there is something to know but nothing is broken."""

    name: str
    ok: bool | None
    detail: str
    remedy: str = ""


def show_check(check: Check) -> None:
    """Print a check, and below it what to do."""
    step(check.name, check.detail, ok=check.ok)
    if check.ok is not True and check.remedy:
        say(f"{'':<17} -> {check.remedy}")


def quick_checks(connection: Connection, *, with_client: bool = True) -> Iterator[Check]:
    """Check the client, the server and the token."""
    if with_client:
        yield from _guarded("Claude Code", "Install or update Claude Code.", lambda: check_client(connection))
    with connections.connected_api(connection, timeout_seconds=10) as api:
        yield from _guarded("Server", "Run `claudetools up`, or check the address.", lambda: check_server(api))
        yield from _guarded("Token", "Run `claudetools connect` again.", lambda: check_token(api, connection))
        yield from _guarded("Clock", "Set this machine's clock by a time server.", lambda: check_clock(api))
        yield from _guarded("Backup", "Look at the server's log.", lambda: check_backup(api))


def all_checks(connection: Connection) -> Iterator[Check]:
    """Check everything, with a round trip through memory that leaves nothing behind."""
    yield from _guarded("Connection", "Run `claudetools connect` again.", check_file)
    yield from quick_checks(connection)
    with connections.connected_api(connection) as api:
        yield from _guarded("Round trip", "Look at the server's log.", lambda: check_round_trip(api))
    yield from _guarded("Transcripts", "Run `claudetools import claude`.", lambda: check_transcripts(connection))


def _guarded(name: str, remedy: str, check: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """Run a check; a failure inside it is its outcome."""
    try:
        yield from check()
    except Failure as failure:
        yield Check(name, False, str(failure), remedy)


def check_file() -> Iterator[Check]:
    """Only its owner may read the file that keeps the token."""
    path = connections.connection_path()
    if os.environ.get(connections.TOKEN_VARIABLE):
        yield Check("Connection", True, f"the token of {connections.TOKEN_VARIABLE} is used")
    elif os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Check("Connection", False, f"others can read {path}", f"chmod 600 {path}")
    else:
        yield Check("Connection", True, f"kept in {path}")


def check_client(connection: Connection) -> Iterator[Check]:
    """The client is there, new enough, and has the plugin, which speaks to the same server."""
    client = plugin.find_client()
    if client is None:
        yield Check("Claude Code", False, "not found on the PATH", "Install it, then run `claudetools connect`.")
        return
    tested = ".".join(map(str, plugin.TESTED_VERSION))
    if client.is_old:
        yield Check("Claude Code", None, f"{client.version}; tested with {tested} and later", "claude update")
    else:
        yield Check("Claude Code", True, client.version)
    installed = plugin.installed_plugin(client)
    remedy = "Run `claudetools connect`."
    if installed is None:
        yield Check("Plugin", False, "not installed", remedy)
    elif not installed.get("enabled"):
        yield Check("Plugin", False, "switched off", f"claude plugin enable {plugin.PLUGIN}")
    elif (endpoint := plugin.configured_endpoint(client)) != connection.endpoint:
        yield Check("Plugin", False, f"speaks to {endpoint}" if endpoint else "has no token", remedy)
    else:
        yield Check("Plugin", True, f"version {installed.get('version')} is on")
    program = plugin.sync_program()
    if program is None:
        yield Check(
            "Sync program",
            None,
            f"{plugin.SYNC_PROGRAM} is not beside this program: what the server missed is not sent by itself",
            "Install the claudetools package again.",
        )
    else:
        yield Check("Sync program", True, program)


def check_server(api: Api) -> Iterator[Check]:
    """The server can serve recall, and is of this program's version."""
    version = str(api.get("/api/health/ready")["version"])
    if version != __version__:
        yield Check("Server", None, f"ready, version {version}; this program is {__version__}", "Update the older one.")
    else:
        yield Check("Server", True, f"{api.endpoint} is ready, version {version}")


def check_token(api: Api, connection: Connection) -> Iterator[Check]:
    """The token is accepted, may do what the plugin does, and will for a while."""
    me = api.get("/api/auth/me")
    remedy = "Run `claudetools connect` again."
    if missing := _SCOPES - set(me["scopes"]):
        yield Check("Token", False, f"lacks the scopes {', '.join(sorted(missing))}", remedy)
        return
    token = connections.own_token(api, connection)
    left = datetime.fromisoformat(token["expires_at"]) - datetime.now(UTC) if token else TOKEN_WARNING
    if left < TOKEN_WARNING:
        yield Check("Token", None, f"of {me['email']}, ends in {left.days} days", remedy)
    else:
        yield Check("Token", True, f"of {me['email']}, valid for {left.days} days")


def check_clock(api: Api) -> Iterator[Check]:
    """This machine and the server agree on the time."""
    skew = api.clock_skew_seconds
    if skew is None:
        yield Check("Clock", None, "the server says no time")
    elif abs(skew) > SKEW_SECONDS:
        yield Check(
            "Clock",
            False,
            f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the server",
            "Set this machine's clock by a time server.",
        )
    else:
        yield Check("Clock", True, "agrees with the server's")


def check_backup(api: Api) -> Iterator[Check]:
    """There is a recent backup that was proved to restore. Only administrators are told of backups."""
    if api.get("/api/auth/me")["role"] not in ("owner", "admin"):
        return
    good = api.get("/api/backup-logs", verification="passed", sort="-started_at", limit=1)["items"]
    if not good:
        yield Check("Backup", None, "there is none that was proved to restore", _BACKUP_REMEDY)
    elif datetime.now(UTC) - datetime.fromisoformat(good[0]["started_at"]) > BACKUP_AGE:
        yield Check("Backup", None, f"the last good one was made {ago(good[0]['started_at'])}", _BACKUP_REMEDY)
    else:
        yield Check("Backup", True, f"made {ago(good[0]['started_at'])}, proved to restore")


def check_round_trip(api: Api) -> Iterator[Check]:
    """What one session says reaches the prompt of another, through the tools that the plugin's hooks call."""
    word = uuid.uuid4().hex[:10]
    first, second = f"doctor-{word}-1", f"doctor-{word}-2"
    fact = f"The test beacon {word} of the doctor listens on port 4711."
    try:
        _hook(api, "hook_prompt", "UserPromptSubmit", first, prompt=fact)
        _hook(api, "hook_stop", "Stop", first, last_assistant_message=f"Noted. {fact}")
        given = _hook(
            api, "hook_prompt", "UserPromptSubmit", second, prompt=f"Where does the test beacon {word} listen?"
        )
    finally:
        _clean(api, word, {first, second})
    if word in given and "4711" in given:
        yield Check("Round trip", True, "what was saved in one session was recalled in another")
    else:
        yield Check("Round trip", False, "what was saved was not recalled", "Look at the server's log.")


def check_transcripts(connection: Connection) -> Iterator[Check]:
    """The server has received what this machine has recorded."""
    waiting = pending_history(connection)
    state = read_state(state_folder(os.environ))
    if waiting:
        problem = f"; the last sync failed: {state.problem}" if state.problem else ""
        yield Check("Transcripts", None, f"{waiting} wait to be sent{problem}", "claudetools import claude")
    else:
        yield Check("Transcripts", True, "the server has them all")


def _hook(api: Api, tool: str, event: str, session: str, **fields: str) -> str:
    shared = {"hook_event_name": event, "session_id": session, "prompt_id": session, "cwd": "", "transcript_path": ""}
    return api.tool(tool, {**shared, **fields})


def _clean(api: Api, word: str, sessions: set[str]) -> None:
    """Delete what the round trip has left: the memories, then the sessions with all that was said in them."""
    found = api.post(
        "/api/memory/recall", {"query": word, "session_id": min(sessions), "budget_tokens": None, "limit": 50}
    )
    for item in found["items"]:
        if word in item["text"] or word in item["title"]:
            _delete(api, f"/api/memory/{item['id']}")
    recent: list[dict[str, Any]] = api.get("/api/sessions", sort="-created_at", limit=20)["items"]
    for session in recent:
        if sessions & set(session["claude_session_ids"]):
            _delete(api, f"/api/sessions/{session['id']}")


def _delete(api: Api, path: str) -> None:
    try:
        api.delete(path)
    except Refused as refused:
        if refused.status != 404:
            raise
