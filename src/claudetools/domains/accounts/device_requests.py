"""What a machine says of itself when it asks for a token."""

from typing import Annotated

from pydantic import Field

from claudetools.kit.resource.schema import Input, Label, Line, Name


class DeviceRequest(Input):
    """A machine that asks for a token. `fingerprint` tells it, and the account that asks, from all others.

    What is known as the machine's fingerprint afterwards is `personal_fingerprint` of it.
    """

    hostname: Name
    fingerprint: Label
    platform: Label | None = None
    os_version: Name | None = None
    username: Name | None = None
    home_directory: Line | None = None
    has_docker: bool = False
    has_git: bool = False
    has_powershell: bool = False
    has_ssh: bool = False
    client_version: Label | None = None
    scopes: Annotated[list[Label], Field(min_length=1, max_length=20)] | None = None
