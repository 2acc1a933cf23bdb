"""The main job, with the real client: what happened on one machine is in the model's request on another.

One story on one server is looked at from all sides. Anna works for Dataworks; nobody types "save". Bob works for
Dataworks on another machine, Carl for Acme, and Dora for both, in a folder of Acme.
"""

import base64
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.databases import KINDS
from tests.e2e.firm import OWN_TOOL, Firm, Technician
from tests.e2e.model_stub import ModelRequest, ModelStub, Reply, Text, ToolUse, in_turn
from tests.e2e.server import MemoryServer
from tests.mariadb import MariaServer

QUESTION = "The VPN tunnel of the head office is slow again, have a look at the firewall fw-old."
UNRELATED = "Write a haiku about autumn leaves."
RELATED = "Which command shows the state of the VPN tunnel on the firewall fw-old?"
ASKED_OF_THE_TOOL = "How do I see the state of the VPN tunnel on fw-old?"

FAILS = "show vpn tunnel"
WORKS = "get vpn ipsec tunnel summary"
DECISION = "I decided to set the phase 2 lifetime to 3600 seconds because the remote side cannot be changed."
TO_DO = "upgrade fw-old to FortiOS 7.2 next month"
LEARNED_MEANWHILE = "The VPN tunnel on fw-old is watched by the monitor mon-03."
NOTE_OF_ACME = "The VPN tunnel on the firewall fw-acme of the head office ends at the carrier's router."
ONLY_ANNA_SAID = ("3600", "FortiOS", WORKS, "mon-03")

FIRST_TOKENS, LATER_TOKENS, MOST_CHARACTERS = 800, 400, 8_000
CHARACTERS_A_TOKEN = 2.6
MARK = "claudetools-memory"

SSH = f"""#!/bin/sh
case "$2" in
  "{WORKS}") echo "dw-hq up rx(pkt,err) 12/0 api_key=$API_KEY seen by monitor" ;;
  *) echo "Unknown command: $2" >&2; exit 1 ;;
esac
"""


@dataclass(frozen=True)
class Secrets:
    """What must never be stored, made anew for each run."""

    password: str = field(default_factory=lambda: f"Maple-{secrets.token_hex(6)}!")
    api_key: str = field(default_factory=lambda: f"sk_live_{secrets.token_hex(12)}")
    key_lines: list[str] = field(
        default_factory=lambda: [base64.b64encode(secrets.token_bytes(48)).decode() for _ in range(6)]
    )

    @property
    def pem(self) -> str:
        return "\n".join(["-----BEGIN PRIVATE KEY-----", *self.key_lines, "-----END PRIVATE KEY-----"])

    @property
    def all(self) -> list[str]:
        return [self.password, self.api_key, *self.key_lines]


@dataclass(frozen=True)
class Told:
    """A session as it went: its id, what the model was asked, and the texts that hooks put beside the prompts."""

    technician: Technician
    session_id: str
    requests: list[ModelRequest]

    @property
    def injected(self) -> list[str]:
        return self.technician.machine.injected(self.session_id)

    def everything_the_model_saw(self) -> str:
        return "\n".join(text for request in self.requests for text in request.texts)


@dataclass(frozen=True)
class Story:
    """What the tests look at."""

    firm: Firm
    dataworks: str
    planted: Secrets
    days: set[str]
    anna: Told
    bob: Told


def _session(technician: Technician, prompts: list[str], *replies: Reply) -> Told:
    with ModelStub(in_turn(*replies)) as model:
        return Told(technician, technician.work(prompts, model), model.conversation())


def _anna_repairs_the_tunnel(anna: Technician, planted: Secrets) -> Told:
    programs = anna.machine.home / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(SSH.replace("$API_KEY", planted.api_key))
    (programs / "ssh").chmod(0o755)
    configuration, key = anna.machine.cwd / "fw-old.conf", anna.machine.cwd / "dw-hq.key"
    configuration.write_text("set phase2-lifetime 28800\n")
    key.write_text(f"# certificate of dw-hq\n{planted.pem}\n# issued by the carrier\n")
    return _session(
        anna,
        [
            f"The VPN tunnel of the head office is down, bring it up again on fw-old. "
            f"Log in as admin with password={planted.password} as always.",
            "Is the certificate key complete?",
        ],
        [ToolUse("Bash", {"command": f"ssh fw-old '{FAILS}'"})],
        [ToolUse("Bash", {"command": f"ssh fw-old '{WORKS}'"}), ToolUse("Read", {"file_path": str(configuration)})],
        [ToolUse("Edit", {"file_path": str(configuration), "old_string": "28800", "new_string": "3600"})],
        [Text(f"The tunnel dw-hq is up. {DECISION} Still open: {TO_DO}.")],
        [ToolUse("Bash", {"command": "cat dw-hq.key"}), ToolUse("Read", {"file_path": str(key)})],
        [Text("The certificate key of dw-hq is complete.")],
    )


def _bob_goes_on(bob: Technician, anna: Technician, client: str) -> Told:
    replies = in_turn(
        [Text("I had a look.")],
        [Text("Red leaf on still pond.")],
        [Text("You know it by now.")],
        [ToolUse(f"{OWN_TOOL}recall", {"query": ASKED_OF_THE_TOOL})],
        [Text("Memory says it too.")],
    )
    with ModelStub(replies) as model:
        with bob.session(model) as session:
            session.send(QUESTION)
            session.send(UNRELATED)
            note = {"text": LEARNED_MEANWHILE, "kind": "fact", "client_id": client}
            anna.call("POST", "/memory/remember", note)
            session.send(RELATED)
            session.send("Ask memory yourself.")
        bob.wait_until_received(session.session_id)
        return Told(bob, session.session_id, model.conversation())


def _asks_at_acme(technician: Technician) -> Told:
    return _session(
        technician,
        [QUESTION],
        [ToolUse(f"{OWN_TOOL}recall", {"query": ASKED_OF_THE_TOOL})],
        [ToolUse(f"{OWN_TOOL}recall", {"query": ASKED_OF_THE_TOOL, "client": "Dataworks"})],
        [Text("Nothing to be seen.")],
    )


def _tell(firm: Firm) -> Story:
    planted, began, dataworks = Secrets(), datetime.now(UTC), firm.add_client("Dataworks")
    anna, bob = firm.add_technician("Anna", dataworks), firm.add_technician("Bob", dataworks)
    return Story(
        firm=firm,
        dataworks=dataworks,
        planted=planted,
        anna=_anna_repairs_the_tunnel(anna, planted),
        bob=_bob_goes_on(bob, anna, dataworks),
        days={began.strftime("%Y-%m-%d"), datetime.now(UTC).strftime("%Y-%m-%d")},
    )


@pytest.fixture(scope="module")
def sqlite_story(server: MemoryServer, claude_code: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    return _tell(Firm(server, claude_code, tmp_path_factory.mktemp("firm")))


@pytest.fixture(scope="module")
def mariadb_story(
    mariadb: MariaServer, claude_code: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    url = mariadb.create_database("memory_follows")
    with MemoryServer(tmp_path_factory.mktemp("server"), url) as server:
        yield _tell(Firm(server, claude_code, tmp_path_factory.mktemp("firm")))


@pytest.fixture(params=KINDS)
def story(request: pytest.FixtureRequest) -> Story:
    """What happened on each kind of database."""
    told: Story = request.getfixturevalue(f"{request.param}_story")
    return told


@pytest.fixture(scope="module")
def acme(sqlite_story: Story) -> dict[str, Told]:
    """Sessions in folders of Acme: of Carl, who works for Acme alone, and of Dora, who works for both."""
    firm = sqlite_story.firm
    acme = firm.add_client("Acme")
    carl, dora = firm.add_technician("Carl", acme), firm.add_technician("Dora", acme, sqlite_story.dataworks)
    carl.call("POST", "/memory/remember", {"text": NOTE_OF_ACME, "kind": "fact", "client_id": acme})
    return {"carl": _asks_at_acme(carl), "dora": _asks_at_acme(dora)}


def tokens(text: str) -> float:
    return len(text) / CHARACTERS_A_TOKEN


def item_ids(text: str) -> set[str]:
    return set(re.findall(r"^- .*?\[([0-9a-f]{8})\]", text, re.MULTILINE))


def test_the_first_request_elsewhere_has_what_happened(story: Story) -> None:
    first = story.bob.requests[0]
    (given,) = first.hook_contexts()
    exact = story.bob.injected[0]
    assert exact in given
    assert QUESTION in "".join(first.texts)
    for fact in (FAILS, WORKS, DECISION, TO_DO):
        assert fact in exact
    assert any(f"{day} Anna@pc-anna" in exact for day in story.days)
    assert len(exact) <= MOST_CHARACTERS
    assert tokens(exact) <= FIRST_TOKENS


def test_what_failed_stands_beside_what_worked(story: Story) -> None:
    lines = story.bob.injected[0].splitlines()
    assert any(FAILS in line and "worked" in line and WORKS in line for line in lines)


def test_a_prompt_about_something_else_is_given_nothing(story: Story) -> None:
    second = next(request for request in story.bob.requests if UNRELATED in request.texts[-1])
    assert len(second.hook_contexts()) == 1


def test_a_session_about_something_else_is_given_nothing(sqlite_story: Story) -> None:
    told = _session(sqlite_story.bob.technician, ["Name three birds of the sea."], [Text("Gull, tern, puffin.")])
    assert told.requests
    assert not told.requests[0].hook_contexts()
    assert not told.injected


def test_a_later_prompt_is_given_only_what_is_new(story: Story) -> None:
    first, later = story.bob.injected
    assert LEARNED_MEANWHILE in later
    assert not item_ids(first) & item_ids(later)
    for said in (FAILS, WORKS, DECISION, TO_DO):
        assert said not in later
    assert tokens(later) <= LATER_TOKENS


@pytest.mark.parametrize("name", ["carl", "dora"])
def test_another_clients_session_is_given_its_own_memory_only(acme: dict[str, Told], name: str) -> None:
    (injected,) = acme[name].injected
    assert "Carl@pc-carl" in injected
    assert "Anna" not in acme[name].everything_the_model_saw()
    for fact in (FAILS, *ONLY_ANNA_SAID):
        assert fact not in acme[name].everything_the_model_saw()


@pytest.mark.parametrize("name", ["carl", "dora"])
def test_another_clients_session_recalls_its_own_memory_only(acme: dict[str, Told], name: str) -> None:
    of_session, of_dataworks = acme[name].requests[-1].tool_results()
    assert NOTE_OF_ACME in str(of_session["content"])
    assert of_dataworks["is_error"]


def test_the_model_recalls_for_the_client_of_its_session(story: Story) -> None:
    (recalled,) = story.bob.requests[-1].tool_results()
    assert WORKS in str(recalled["content"])
    assert "Anna@pc-anna" in str(recalled["content"])


def test_what_was_given_is_not_stored_again(story: Story) -> None:
    for table, columns in (
        ("transcript_turns", ("text", "tool")),
        ("memory_items", ("title", "text")),
        ("conversation_contexts", ("title", "dense_summary")),
    ):
        for column in columns:
            assert story.firm.server.rows(f"SELECT id FROM {table} WHERE {column} LIKE :mark", mark=f"%{MARK}%") == []
    of_bob = story.bob.technician.turns(story.bob.session_id)
    assert [text for kind, text in of_bob if kind == "prompt"] == [QUESTION, UNRELATED, RELATED, "Ask memory yourself."]
    items = story.firm.server.rows(
        "SELECT item.title, item.text FROM memory_items item JOIN api_users person ON person.id = item.user_id"
        " WHERE person.display_name = 'Bob'"
    )
    assert items
    for fact in ONLY_ANNA_SAID:
        assert fact not in str(of_bob)
        assert fact not in str(items)


def test_planted_secrets_are_nowhere_but_what_stood_around_them_is(story: Story) -> None:
    said = "\n".join(text for _, text in story.anna.technician.turns(story.anna.session_id))
    for around in ("Log in as admin with ", "as always.", "dw-hq up rx", "seen by monitor"):
        assert around in said
    assert said.count("# certificate of dw-hq") == said.count("# issued by the carrier") == 2
    dump = "\n".join(
        str(row)
        for (table,) in story.firm.server.rows(story.firm.server.tables)
        for row in story.firm.server.rows(f"SELECT * FROM {table}")
    )
    assert "dw-hq up rx" in dump
    files = story.firm.server.everything_written()
    assert b"/mcp" in files
    assert story.firm.server.database_url or b"dw-hq up rx" in files
    for secret in story.planted.all:
        assert secret not in dump
        assert secret.encode() not in files
