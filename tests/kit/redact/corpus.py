"""The labelled corpus: secrets in eight disguises, and a check whether any piece of a secret is still there."""

import base64
import binascii
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.kit.redact.context_kinds import CONFIG
from tests.kit.redact.note_kinds import DEVICE, PROSE
from tests.kit.redact.secret_kinds import TOKENS, Kind

KINDS: tuple[Kind, ...] = TOKENS + CONFIG + DEVICE + PROSE
FORMS = ("raw", "json", "double_json", "ansi", "zero_width", "split_line", "base64", "allow_marker")
MARKERS = ("# gitleaks:allow", "# pragma: allowlist secret", "// nosec", "#nosec B105")
BEFORE = ("Ticket 48121, Contoso, firewall swap.\n", "Checked the backup job on srv-bkp02 first.\n", "")
AFTER = ("\nNext step: test the restore.", "\nClient informed at 14:20.", "")


@dataclass(frozen=True)
class Sample:
    """One text with a planted secret."""

    kind: Kind
    split: str
    form: str
    text: str
    secret: str
    kept: tuple[str, ...]


def disguise(  # noqa: PLR0911 - one return per form
    form: str, text: str, secret: str, rng: random.Random
) -> str | None:
    """Return `text` in the given form, or None when the form does not apply to this secret."""
    middle = len(secret) // 2
    if form == "raw":
        return text
    if form == "json":
        return json.dumps({"type": "tool_result", "content": text})
    if form == "double_json":
        return json.dumps({"line": json.dumps({"content": text})})
    if form == "ansi":
        return text.replace(secret, f"\x1b[1;33m{secret[:middle]}\x1b[0m{secret[middle:]}")
    if form == "zero_width":
        return text.replace(secret, secret[:middle] + rng.choice("\u200b\u200d\u2060\ufeff") + secret[middle:])
    if form == "split_line":
        # Terminals wrap long tokens; a short password is never split.
        if len(secret) < 30 or "\n" in secret:
            return None
        cut = rng.randrange(len(secret) // 3, len(secret) - 8)
        return text.replace(secret, secret[:cut] + "\n" + secret[cut:])
    if form == "base64":
        return "payload: " + base64.b64encode(text.encode()).decode()
    first, *rest = text.split("\n")
    return (
        "\n".join([f"{first}  {rng.choice(MARKERS)}", *rest])
        if "\n" not in secret
        else f"{text}  {rng.choice(MARKERS)}"
    )


def samples(seed: int, per_phrase: int = 2) -> Iterator[Sample]:
    """Yield every kind x phrasing x form, deterministically for a seed."""
    rng = random.Random(seed)
    for kind in KINDS:
        for split, phrases in (("tuned", kind.tuned), ("held", kind.held)):
            for phrase in phrases:
                for _ in range(per_phrase):
                    secret = kind.make(rng)
                    sentence = phrase.format(s=secret)
                    for form in FORMS:
                        before, after = rng.choice(BEFORE), rng.choice(AFTER)
                        text = disguise(form, before + sentence + after, secret, rng)
                        if text is not None:
                            kept = () if form == "base64" else tuple(t for t in (before.strip(), after.strip()) if t)
                            yield Sample(kind, split, form, text, secret, kept)


_ESCAPE = re.compile(r"\\+(?:u[0-9a-fA-F]{4}|[nrt])|\\+|[\u200b\u200d\u2060\ufeff]|\x1b\[[0-9;]*m|\s")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")


def plain(text: str) -> str:
    """Return `text` without any disguise, for searching pieces of a secret in it."""
    decoded = [text]
    for chunk in _BASE64.findall(text):
        try:
            decoded.append(base64.b64decode(chunk + "=" * (-len(chunk) % 4)).decode("utf-8", "ignore"))
        except binascii.Error:
            continue
    return _ESCAPE.sub("", "\x00".join(decoded))


def leaks(text: str, secret: str) -> bool:
    """Return whether `text` still holds half of the secret, or eight characters of it, in a row."""
    haystack, needle = plain(text), plain(secret).split("\x00")[0]
    width = min(8, max(4, (len(needle) + 1) // 2))
    return any(needle[i : i + width] in haystack for i in range(len(needle) - width + 1))
