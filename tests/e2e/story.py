"""The story that the main tests look at from all sides; nobody in it types "save".

Anna repairs a tunnel of Dataworks; Bob goes on with it on another machine. Others ask the same in folders of Acme.
"""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.e2e.firm import OWN_TOOL, Firm, Technician
from tests.e2e.model_stub import ModelRequest, ModelStub, Reply, Text, ToolUse, in_turn

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


def told_session(technician: Technician, prompts: list[str], *replies: Reply) -> Told:
    """A session with these prompts in which the model gives these replies in turn."""
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
    asked = "The VPN tunnel of the head office is down, bring it up again on fw-old."
    return told_session(
        anna,
        [
            f"{asked} Log in as admin with password={planted.password} as always.",
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


def asks_at_acme(technician: Technician) -> Told:
    """The very same question in a session that belongs to another client, and then of the tool, in two ways."""
    return told_session(
        technician,
        [QUESTION],
        [ToolUse(f"{OWN_TOOL}recall", {"query": ASKED_OF_THE_TOOL})],
        [ToolUse(f"{OWN_TOOL}recall", {"query": ASKED_OF_THE_TOOL, "client": "Dataworks"})],
        [Text("Nothing to be seen.")],
    )


def tell(firm: Firm) -> Story:
    """Let it happen, with real clients."""
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
