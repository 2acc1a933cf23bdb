"""Names the things that a memory is about: hosts, addresses, programs. They become its tags."""

from __future__ import annotations

import re
from collections.abc import Iterable

from claudetools.domains.memory.distilling.failures import Step

_MOST_TAGS = 8
_ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
_DOMAINS = "local|lan|internal|corp|intra|home|com|net|org|io|example|onmicrosoft\\.com"
_FULL_NAME = re.compile(rf"(?<![\w.-])(?:[a-z0-9][a-z0-9-]{{0,62}}\.){{1,6}}(?:{_DOMAINS})\b", re.IGNORECASE)
# What names of machines begin with ("fw-old"); other words need a number at their end ("print01").
_BEGINNINGS = (
    "fw|srv|sw|dc|ap|nas|pc|vm|rt|gw|esx|esxi|db|web|app|host|prn|print|hv|pve|sql|ex|mail|bkp|backup|ts|rds|fs|file|"
    "vpn|ns|dns|lb|mx|proxy|ups|pbx|wlc|core|edge"
)
_SHORT_NAME = re.compile(
    rf"\b(?:(?:{_BEGINNINGS})-[a-z0-9]+(?:-[a-z0-9]+){{0,4}}|[a-z]{{2,12}}(?:-[a-z]{{2,12}}){{0,3}}-?\d{{1,3}})\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^([a-z-]+?)-?\d+$")
_NOT_HOSTS = frozenset(
    """about aes after all and app-id at base by case ca centos chapter claude code col copy cve day debian ens error
    eth every exchange exit fa fedora file first for from fy ge gi gpt group http ike ikev in int ipsec ipv iso item
    java kb last layer level line log loop lua mailto mb model ms net next nfs no node nr nvme oauth of office on only
    option opus outlook over page part perl phase php plan port py python raid rev rfc rhel round row rsa server sha smb
    snmpv sonnet ssl sslv step tap te test the tier tls to top try tty tun ubuntu uint under until usb utf ver version
    vlan vmfs week wifi windows wlan wpa attempt box float just since win
    """.split()  # noqa: SIM905 - a list of a hundred quoted words is harder to read
)
_QUIET_PROGRAMS = frozenset(
    ["cat", "ls", "grep", "echo", "head", "tail", "find", "sed", "awk", "cd", "show", "get", "set", "config", ""]
)


def tags_of(text: str, steps: Iterable[Step] = ()) -> tuple[str, ...]:
    """Hosts, addresses and programs named in a text or used in steps: lower case, at most 8, in order of appearance."""
    found: dict[str, None] = {}
    programs: dict[str, None] = {}
    for step in steps:
        if step.command and step.command.target:
            found[step.command.target] = None
        if step.command and step.command.program not in _QUIET_PROGRAMS and len(step.command.program) <= 40:
            programs[step.command.program] = None
    for pattern in (_FULL_NAME, _ADDRESS, _SHORT_NAME):
        for match in pattern.finditer(text):
            name = match[0].lower()
            if _is_host(name) and not any(name in longer for longer in found):
                found[name] = None
    return tuple([*found, *programs][:_MOST_TAGS])


def _is_host(name: str) -> bool:
    numbered = _NUMBERED.match(name)
    return len(name) <= 80 and not (numbered and numbered[1] in _NOT_HOSTS)
