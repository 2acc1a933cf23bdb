"""Whatever happens to the server, the person's prompt goes on, and nothing that was said is lost or stored twice."""

import json
import time
from dataclasses import dataclass, field

import pytest

from tests.e2e.client import Session, Turn
from tests.e2e.firm import Firm, Technician
from tests.e2e.model_stub import ModelRequest, ModelStub, Reply, Text, ToolUse, in_turn
from tests.e2e.server import MemoryServer, free_port, wait_until

HOOK_TIMEOUT_SECONDS = 1.0
# The client takes 0.1 s from a prompt to its request on an idle machine; tests run on busy ones.
MARGIN_SECONDS = 2.0

BEFORE = "Which switch feeds the reception?"
WHILE_AWAY = "Write down where the spare switch sw-spare-02 is kept."
KEPT = "The spare switch sw-spare-02 is kept in the cellar beside the UPS."
STILL_AWAY = "And how do we reach its console?"
CONSOLE = "The console of sw-spare-02 is reached at 9600 baud on COM3."
AFTER = "Thanks, name the site of the reception once more."


@dataclass
class Clock:
    """A scripted model that notes when each request of the main conversation reaches it."""

    replies: list[Reply]
    arrivals: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._respond = in_turn(*self.replies)

    def __call__(self, request: ModelRequest) -> Reply:
        self.arrivals.append(time.monotonic())
        return self._respond(request)

    def send(self, session: Session, prompt: str) -> Turn:
        """Send a prompt, and see that the model is asked within the time that a hook may take."""
        before, sent = len(self.arrivals), time.monotonic()
        turn = session.send(prompt)
        assert self.arrivals[before] - sent < HOOK_TIMEOUT_SECONDS + MARGIN_SECONDS
        return turn


@pytest.fixture
def client(firm: Firm) -> str:
    return firm.add_client(f"Client of {firm.folder.name}")


def test_what_a_dead_server_missed_is_there_once_after_it_is_back(
    firm: Firm, client: str, server: MemoryServer
) -> None:
    erin, frank = firm.add_technician("Erin", client), firm.add_technician("Frank", client)
    echo, fails = "echo sw-reception-01", "ls /nowhere-at-all"
    clock = Clock(
        [
            [Text("I look."), ToolUse("Bash", {"command": echo})],
            [Text("Switch sw-reception-01 does.")],
            [ToolUse("Bash", {"command": fails})],
            [Text(KEPT)],
            [Text(CONSOLE)],
            [Text("Site north.")],
        ]
    )
    with ModelStub(clock) as model:
        with erin.session(model) as session:
            session.send(BEFORE)
            server.kill()
            assert clock.send(session, WHILE_AWAY).answer == KEPT
            assert clock.send(session, STILL_AWAY).answer == CONSOLE
            assert KEPT not in str(erin.turns(session.session_id))
            server.start()
            clock.send(session, AFTER)
        erin.wait_until_received(session.session_id)
    turns = erin.turns(session.session_id)
    assert [said for kind, said in turns if kind == "prompt"] == [BEFORE, WHILE_AWAY, STILL_AWAY, AFTER]
    assert [said for kind, said in turns if kind == "answer"] == [
        "I look.",
        "Switch sw-reception-01 does.",
        KEPT,
        CONSOLE,
        "Site north.",
    ]
    used = [said for kind, said in turns if kind == "tool"]
    assert [said.splitlines()[:2] for said in used] == [
        [f"Bash: {echo}", "succeeded"],
        [f"Bash: {fails}", "failed"],
    ]
    assert len(turns) == said_in_transcript(erin, session.session_id)
    with ModelStub() as model:
        elsewhere = frank.work(["Where is sw-spare-02 kept, and how do we reach its console?"], model)
    (injected,) = frank.machine.injected(elsewhere)
    assert KEPT in injected
    assert CONSOLE in injected


def said_in_transcript(technician: Technician, session_id: str) -> int:
    """Prompts, texts of the model and uses of tools in the client's own transcript."""
    count = 0
    for line in technician.machine.transcript(session_id):
        if line["type"] in ("user", "assistant") and not line.get("isMeta"):
            content = line["message"]["content"]
            kinds = ["text"] if isinstance(content, str) else [block["type"] for block in content]
            count += kinds.count("text") + kinds.count("tool_use")
    return count


def test_a_server_that_hangs_holds_a_prompt_no_longer_than_the_hook_may(
    firm: Firm, client: str, server: MemoryServer
) -> None:
    grace = firm.add_technician("Grace", client)
    note = {"text": "The label printer lp-07 speaks ZPL on port 9100.", "kind": "fact", "client_id": client}
    grace.call("POST", "/memory/remember", note)
    clock = Clock([[Text("One.")], [Text("Two.")], [Text("Three.")]])
    with ModelStub(clock) as model, grace.session(model) as session:
        session.send("Good morning.")
        with server.hanging():
            assert clock.send(session, "Is it Tuesday?").answer == "Two."
        session.send("On which port does the label printer lp-07 speak ZPL?")
        assert "9100" in str(model.conversation()[-1].hook_contexts())


def test_a_session_that_never_reached_the_server_is_there_after_the_next(firm: Firm, client: str) -> None:
    henry, said = firm.add_technician("Henry", client), "The badge reader br-12 is powered over PoE by sw-lobby-03."
    henry.machine.configure_plugin(f"http://127.0.0.1:{free_port()}", henry.token)
    clock = Clock([[Text(said)], [Text("Hello.")]])
    with ModelStub(clock) as model:
        with henry.session(model) as away:
            assert clock.send(away, "What powers the badge reader br-12?").answer == said
            wait_until(lambda: failed_syncs(henry) == 1, "the sync at the start has given up")
        wait_until(lambda: failed_syncs(henry) == 2, "the sync at the end has given up")
        an_hour_goes_by(henry)
        henry.machine.configure_plugin(henry.server.url, henry.token)
        with henry.session(model) as session:
            session.send("Hello")
            henry.wait_until_received(away.session_id)
    assert [text for _, text in henry.turns(away.session_id)] == ["What powers the badge reader br-12?", said]


def failed_syncs(technician: Technician) -> int:
    path = technician.machine.home / ".local" / "state" / "claudetools" / "sync.json"
    return int(json.loads(path.read_text())["failures"]) if path.exists() else 0


def an_hour_goes_by(technician: Technician) -> None:
    """After failures in a row the sync pauses for a while: put them back in time."""
    path = technician.machine.home / ".local" / "state" / "claudetools" / "sync.json"
    state = json.loads(path.read_text())
    path.write_text(json.dumps({**state, "ended_at": state["ended_at"] - 3600}))


def test_a_token_that_is_not_accepted_disturbs_nothing_and_brings_nothing(firm: Firm, client: str) -> None:
    ivy = firm.add_technician("Ivy", client)
    note = {"text": "The time clock tc-04 listens on port 4370.", "kind": "fact", "client_id": client}
    ivy.call("POST", "/memory/remember", note)
    ivy.machine.configure_plugin(ivy.server.url, ivy.token[:-1] + ("0" if ivy.token[-1] != "0" else "1"))
    question = "On which port does the time clock tc-04 listen?"
    clock = Clock([[Text("I do not know.")]])
    with ModelStub(clock) as model, ivy.session(model) as session:
        assert clock.send(session, question).answer == "I do not know."
        assert not model.conversation()[0].hook_contexts()
    assert question not in str(ivy.server.rows("SELECT text FROM transcript_turns"))
