"""Redaction of nested JSON-like values: strings, keys, and whatever stands under a secret-looking key."""

from collections.abc import Callable
from typing import Any

from claudetools.kit.redact.keys import Strength, secret_key
from claudetools.kit.redact.values import placeholder

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

_NAME_KEYS = ("name", "key", "header", "Name", "Key", "variable", "field")
_VALUE_KEYS = ("value", "Value", "val", "content", "data")
_FLAG_LENGTH = 60
_SHORTEST_NUMBER = 6


class Redaction:
    """One walk over a value: `clean` redacts free text, `mark` replaces a whole secret of a given kind."""

    def __init__(self, clean: Callable[[str], str], mark: Callable[[str, str], str]) -> None:
        self._clean = clean
        self._mark = mark

    def walk(self, value: JsonValue) -> JsonValue:
        """Return a redacted copy of `value`; nesting of any depth; TypeError when it is not JSON-like."""
        # An explicit stack: hostile nesting must not exhaust the interpreter's own.
        root: list[Any] = [None]
        todo: list[tuple[Any, Any, Any, Strength | None]] = [(root, 0, value, None)]
        while todo:
            holder, slot, item, under = todo.pop()
            if isinstance(item, dict):
                copy: dict[str, Any] = {}
                holder[slot] = copy
                todo.extend(self._entries(item, copy, under))
            elif isinstance(item, list | tuple):
                row: list[Any] = [None] * len(item)
                holder[slot] = row
                for index, child in enumerate(item):
                    flag = item[index - 1] if index else None
                    todo.append((row, index, child, under or (_flag(flag) if isinstance(child, str) else None)))
            else:
                holder[slot] = self._leaf(item, under)
        result: JsonValue = root[0]
        return result

    def _entries(self, item: dict[Any, Any], copy: dict[str, Any], under: Strength | None) -> list[Any]:
        named = next((item[k] for k in _NAME_KEYS if isinstance(item.get(k), str)), None)
        named_strength = secret_key(named) if named else None
        entries = []
        for key, child in item.items():
            if not isinstance(key, str):
                raise TypeError(f"keys of redacted values must be strings, not {type(key).__name__}")
            strength = secret_key(key) or under
            if strength is None and named_strength and key in _VALUE_KEYS and not isinstance(child, dict | list):
                strength = named_strength
            if (
                isinstance(child, dict)
                and strength == "secret"
                and key.lower() in ("credentials", "creds", "credential")
            ):
                strength = under
            clean = name = self._clean(key)
            number = 2
            while clean in copy:
                clean, number = f"{name} ({number})", number + 1
            copy[clean] = None
            entries.append((copy, clean, child, strength))
        return entries

    def _leaf(self, item: Any, under: Strength | None) -> Any:
        if item is None or isinstance(item, bool):
            return item
        if isinstance(item, int | float):
            return self._number(item, under)
        if not isinstance(item, str):
            raise TypeError(f"only JSON-like values can be redacted, not {type(item).__name__}")
        cleaned = self._clean(item)
        if under is None or (under == "pin" and not item.strip().isdigit()):
            return cleaned
        # What redaction alone can replace keeps its shape; anything else under such a key goes whole.
        if placeholder(cleaned.strip(), quoted=True) and cleaned == item:
            return item
        return cleaned if _only_markers(cleaned) else self._mark(under, item)

    def _number(self, item: float, under: Strength | None) -> Any:
        written = str(item)
        if under == "password" or (under == "pin" and len(written) >= 4):
            return self._mark(under, written)
        # A known secret may have nothing but digits.
        cleaned = self._clean(written) if len(written) >= _SHORTEST_NUMBER else written
        return item if cleaned == written else cleaned


def _only_markers(text: str) -> bool:
    return (
        text.startswith("[REDACTED:") and text.endswith("]") and " " not in text and text.count("[") == 1
    ) or text == "[private]"


def _flag(previous: Any) -> Strength | None:
    """Return the strength that a list item has after the flag `previous`, as in ["--password", "x"]."""
    if isinstance(previous, str) and previous.startswith("-") and len(previous) <= _FLAG_LENGTH and "=" not in previous:
        return secret_key(previous.lstrip("-"))
    return None
