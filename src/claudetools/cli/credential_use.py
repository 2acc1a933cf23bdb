"""Getting secrets for one run of a command, if need be once a person has approved it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from claudetools.cli.failure import Failure
from claudetools.cli.output import warn
from claudetools.cli.secret_names import SecretName
from claudetools.cli.server_api import Api

POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """What the secrets are for, as a person who approves it or reads the audit log is told."""

    reason: str
    command: str
    host: str


def secrets_of(
    api: Api, wanted: Sequence[SecretName], run: Run, *, wait: Callable[[float], None] = time.sleep
) -> dict[str, str]:
    """Return the secrets by the names of their variables. All approvals are asked for before the first is waited for.

    Raises:
        Failure: one is refused, or nobody approved it in time.
    """
    replies = {each: _use(api, each, run) for each in wanted}
    return {each.name: _given(api, each, run, reply, wait) for each, reply in replies.items()}


def _use(api: Api, wanted: SecretName, run: Run, approval_id: str | None = None) -> dict[str, Any]:
    reply: dict[str, Any] = api.post(
        f"/api/credentials/{wanted.credential_id}/use",
        {
            "field": wanted.field, "reason": run.reason, "command": run.command, "host": run.host,
            "approval_id": approval_id,
        },
    )  # fmt: skip
    return reply


def _given(api: Api, wanted: SecretName, run: Run, reply: dict[str, Any], wait: Callable[[float], None]) -> str:
    approval = reply["approval"]
    if approval is not None:
        until = datetime.fromisoformat(approval["expires_at"]).astimezone()
        warn(
            f"{wanted.name}: a person has to approve this, until {until:%H:%M:%S}: "
            f"`claudetools approvals approve {approval['id']}`. Waiting."
        )
        while approval["state"] == "pending":
            wait(POLL_SECONDS)
            approval = api.get(f"/api/credential-use-requests/{approval['id']}")
        if approval["state"] == "expired":
            raise Failure(f"Nobody approved the use of {wanted.name} in time. Run it again to ask again.")
        if approval["state"] != "approved":
            raise Failure(f"The use of {wanted.name} was denied. Ask a person why before you run it again.")
        reply = _use(api, wanted, run, approval["id"])
    return str(reply["value"])
