"""Entity tags made of a record's version (RFC 9110, 8.8.3)."""

import re

from claudetools.kit.problems import PreconditionFailed

TAG = re.compile(r'"v(\d{1,18})"')


def etag(version: int) -> str:
    """Return the entity tag of a record at `version`."""
    return f'"v{version}"'


def is_current(if_none_match: str | None, version: int) -> bool:
    """Return whether an If-None-Match header names `version`, by weak comparison (RFC 9110, 13.1.2)."""
    tags = (tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(","))
    return any(tag in ("*", etag(version)) for tag in tags)


def expected_version(if_match: str | None) -> int | None:
    """Return the version that an If-Match header asks for; None when there is no header or it is `*`.

    Raises:
        PreconditionFailed: the header holds no tag of this service, so it can match nothing.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    match = TAG.fullmatch(if_match.strip().removeprefix("W/"))
    if match is None:
        raise PreconditionFailed("If-Match must carry the ETag you got when you read the record.")
    return int(match[1])
