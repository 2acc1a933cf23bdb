"""What two reports of the same failure have in common."""

import re

SIGNATURE_CHARS = 500
READ_CHARS = 4_000

# In this order: an identifier holds digits, a path may hold an identifier.
VARYING = (
    (re.compile(r"\[redacted:[a-z0-9-]{2,32}:[0-9a-f]{6}\]"), "<secret>"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?:z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\b"), "<time>"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"), "<address>"),
    (re.compile(r"(?<!\w)(?:[a-z]:)?(?:[\\/][^\\/\s:'\"<>|]{1,255}){2,}"), "<path>"),
    (re.compile(r"\b(?!0x)[0-9a-f]{16,}\b"), "<id>"),
    (re.compile(r"(?<![\w.-])\d{5,}\b"), "<number>"),
)


def signature_of(error: str) -> str:
    """Return an error message, already without its secrets, with what varies from one time to the next left out.

    Lower case, one blank between words, at most `SIGNATURE_CHARS` characters. What stands for a secret, identifiers,
    instants, addresses, paths and numbers of five digits or more are replaced by what they are; exit codes and
    hexadecimal error codes tell failures apart, so they stay.
    """
    text = " ".join(error[:READ_CHARS].lower().split())
    for pattern, stands_for in VARYING:
        text = pattern.sub(stands_for, text)
    return text[:SIGNATURE_CHARS].rstrip()
