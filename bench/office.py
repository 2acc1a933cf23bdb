"""Sentences as they occur in the work of an MSP, in any number, the same for the same seed."""

import random

HOSTS = [
    "fw01",
    "fw02",
    "dc01",
    "dc02",
    "nas01",
    "ex01",
    "rds03",
    "sw-core",
    "sw-2og",
    "ap-hall",
    "ups1",
    "vpn-gw",
    "sql02",
    "web01",
    "print3",
    "bk01",
]
PRODUCTS = [
    "FortiGate",
    "Windows Server 2019",
    "Exchange Online",
    "Synology DSM",
    "Veeam",
    "Hyper-V",
    "Meraki",
    "UniFi",
    "SQL Server",
    "pfSense",
    "Entra ID",
    "Intune",
    "Proxmox",
    "SonicWall",
    "Teams telephony",
    "Datto",
]
ACTS = (
    "restarted the service on {h} after the {p} update, which cleared the error {e}",
    "the {p} on {h} rejects the new cipher; falling back to {n} bits works until it is upgraded",
    "decided to keep {p} on {h} at version {n}.{m} because the licence ends in month {m}",
    "voice VLAN {n} is tagged on port {m} of {h}; the {p} phones need option 43",
    "backup of {h} failed with code {e}; the {p} repository was full, retention is now {m} days",
    "certificate on {h} for {p} expires in {n} days and is renewed by hand",
    "users of {h} lose {p} sessions every {m} minutes; idle timeout on the firewall raised to {n} s",
    "{p} on {h} needs {m} GB more memory; ordered under quote {n}",
    "to do: remove the temporary rule {n} for {p} on {h} when the migration is over",
    "error {e} on {h}: the {p} agent could not reach port {n}; opened it from the management net",
)


def notes(count: int, seed: int = 7) -> list[str]:
    """Return `count` distinct notes."""
    chance = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        text = chance.choice(ACTS).format(
            h=f"{chance.choice(HOSTS)}-{chance.randrange(400)}",
            p=chance.choice(PRODUCTS),
            e=f"0x{chance.randrange(0x80070000, 0x80074FFF):08X}",
            n=chance.randrange(2, 4000),
            m=chance.randrange(1, 48),
        )
        found[text[0].upper() + text[1:] + "."] = None
    return list(found)


def questions(count: int, seed: int = 8) -> list[str]:
    """Return `count` prompts, half of them about the subjects of the notes and half about nothing in them."""
    chance = random.Random(seed)
    related = [
        "The {p} on {h} shows error {e} again, what did we do about it?",
        "Why was {p} on {h} kept at the old version?",
        "Users on {h} complain about {p}, please look into it",
        "Which VLAN do the phones on {h} use?",
    ]
    unrelated = [
        "Write a limerick about number {n}",
        "What is {n} times {m}?",
        "Explain tail recursion to a beginner in {m} lines",
        "Translate the number {n} into Roman numerals",
    ]
    return [
        chance.choice(related if turn % 2 else unrelated).format(
            h=f"{chance.choice(HOSTS)}-{chance.randrange(400)}",
            p=chance.choice(PRODUCTS),
            e=f"0x{chance.randrange(0x80070000, 0x80074FFF):08X}",
            n=chance.randrange(2, 4000),
            m=chance.randrange(2, 48),
        )
        for turn in range(count)
    ]
