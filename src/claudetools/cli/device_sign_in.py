"""Signing in this machine by a code that a person approves in a browser, on this or any other device (RFC 8628)."""

import os
import sys
import time
from typing import Any

from claudetools.cli import this_machine
from claudetools.cli.failure import Failure
from claudetools.cli.output import say
from claudetools.cli.server_api import Api, Refused

SLOWER_SECONDS = 5


def approved_token(api: Api, client_version: str | None, scopes: tuple[str, ...]) -> dict[str, Any]:
    """Ask for a token of this machine, tell where to approve that, and wait for it.

    Raises:
        Failure: nobody approved it in time, or somebody denied it.
    """
    facts = this_machine.facts(client_version) | {"fingerprint": this_machine.account_fingerprint()}
    asked = api.post("/api/auth/device", {**facts, "scopes": scopes})
    say(f"Open {asked['verification_uri']} in a browser, on any device, and enter this code:")
    say(f"    {asked['user_code']}")
    sys.stdout.flush()
    _show(asked["verification_uri_complete"])
    pause, ends_at = asked["interval"], time.monotonic() + asked["expires_in"]
    while time.monotonic() < ends_at:
        time.sleep(pause)
        try:
            token: dict[str, Any] = api.post("/api/auth/device/token", {"device_code": asked["device_code"]})
        except Refused as refused:
            if refused.code == "slow_down":
                pause += SLOWER_SECONDS
            elif refused.code != "authorization_pending":
                raise Failure(f"This machine was not approved: {refused}") from None
        else:
            return token
    raise Failure("Nobody approved this machine in time. Run the command again for a new code.")


def _show(address: str) -> None:
    """Open a browser where there is a desktop to see it on."""
    if sys.stdout.isatty() and (sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY")):
        import webbrowser

        webbrowser.open(address)
