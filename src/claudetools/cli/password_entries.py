"""Entries of a password manager on their way to the vault: neutral of the program that they are from."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

LONGEST_NAME = 200
LONGEST_NOTE = 20_000


@dataclass(slots=True, kw_only=True)
class Entry:
    """One entry. `secrets` are by the vault's names; `more` is text, secret or not, that has no field of its own.

    Nothing but the vault gets to see either: they are left out of what is printed of an entry.
    """

    folder: tuple[str, ...]
    title: str
    kind: str = "password"
    username: str = ""
    urls: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    more: list[str] = field(default_factory=list, repr=False)
    expires_at: str | None = None

    def add(self, name: str, value: object) -> None:
        """Keep a value without a field of its own, if there is one, as a line of the secret note."""
        text = "" if value is None else str(value).strip()
        if text:
            self.more.append(f"{name}: {text}" if name else text)


@dataclass(slots=True)
class Export:
    """What was read, and what was left out of it: each reason with how often it came up. Reasons name no secret."""

    entries: list[Entry] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


Key = tuple[str, str]
"""What tells a credential of a client from the others: its user name and what it is for."""


def key_of(values: Mapping[str, Any]) -> Key:
    """Return the natural key of a credential, as databases compare it."""
    return (values.get("username") or "").casefold(), values["service_name"].casefold()


def credential_of(entry: Entry, schema: type[BaseModel], client_id: str, left_out: Counter[str]) -> dict[str, Any]:
    """Return the fields of a credential for an entry. What does not fit its field goes to the secret note."""
    values: dict[str, Any] = {
        "client_id": client_id,
        "kind": entry.kind,
        "service_name": _line(entry.title) or "Without a name",
        "username": _line(entry.username) or None,
        "expires_at": entry.expires_at,
        **entry.secrets,
    }
    more, further = list(entry.more), [each for each in entry.urls if each]
    if further:
        values["url"] = further.pop(0)
    for name in _unfit(values, schema):
        value = values.pop(name)
        if name == "url":
            further.insert(0, value)
        elif len(value) <= LONGEST_NOTE // 2:
            more.append(f"{name}: {value}")
            left_out[f"{name} that is not valid: kept in the secret note"] += 1
        else:
            left_out[f"{name} that is too long"] += 1
    more += [f"address: {each}" for each in further]
    note = "\n".join(more)
    if len(note) > LONGEST_NOTE:
        left_out[f"end of a note longer than {LONGEST_NOTE} characters"] += 1
    return {name: value for name, value in values.items() if value} | (
        {"secret_note": note[:LONGEST_NOTE]} if note else {}
    )


def _line(text: str) -> str:
    return "".join(each for each in text if each.isprintable()).strip()[:LONGEST_NAME]


def _unfit(values: Mapping[str, Any], schema: type[BaseModel]) -> list[str]:
    """Return the fields whose values the server would refuse."""
    try:
        schema.model_validate(values)
    except ValidationError as error:
        # Only where, never what: messages and input may hold secrets.
        return list(dict.fromkeys(str(each["loc"][0]) for each in error.errors(include_input=False)))
    return []


def without_doubles(bodies: list[dict[str, Any]], left_out: Counter[str]) -> list[dict[str, Any]]:
    """Return the credentials, each with a key of its own: the second of a key is numbered, if it is not the same."""
    found: dict[tuple[str, Key], dict[str, Any]] = {}
    for body in bodies:
        number, values = 1, body
        while (known := found.setdefault((values["client_id"], key_of(values)), values)) is not values:
            if _content(known) == _content(body):
                left_out["entry that is in the file twice"] += 1
                break
            number += 1
            mark = f" ({number})"
            values = body | {"service_name": body["service_name"][: LONGEST_NAME - len(mark)] + mark}
    return list(found.values())


def _content(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "service_name"}
