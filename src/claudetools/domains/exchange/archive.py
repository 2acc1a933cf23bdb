"""The files of an export in a zip archive. Names in it are labels only: nothing is ever written under them."""

import io
import re
import zipfile
from collections.abc import Mapping

from claudetools.kit.problems import invalid

MAX_FILES = 2_000
MAX_BYTES = 64 * 1024 * 1024
MAX_RATIO = 200
MAX_LABEL = 500
READ_SUFFIXES = (".csv", ".json", ".html", ".htm")
SECRET_NAME = re.compile(
    r"pass(?:word|phrase|code)|(?:^|[^a-z])(?:pwd|pin|psk|t?otp|token)(?:s|$|[^a-z])|credential|secret|pre.?shared"
    r"|recovery.?(?:key|code)|(?:private|api|ssh|encryption|licen[cs]e|product).?key",
    re.IGNORECASE,
)


def is_read(label: str) -> bool:
    """Return whether a file of this name is looked into: it is of a known type, and does not bear secrets in its name.

    Of a folder only the last part counts: a document about passwords is still one.
    """
    name = label.rsplit("/", 1)[-1]
    return name.lower().endswith(READ_SUFFIXES) and not holds_secrets(name)


def holds_secrets(name: str) -> bool:
    """Return whether a file or column of this name is there to hold secrets."""
    is_document = name.lower().endswith((".html", ".htm"))
    return not is_document and SECRET_NAME.search(name) is not None


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return files, by label, as a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for label, data in files.items():
            archive.writestr(label, data)
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the files of a zip archive that are looked into, by label. Those that hold secrets are not even unpacked.

    Raises:
        Invalid: it is no zip archive, is encrypted, or unpacks to more than it should.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError) as error:
        raise invalid("", f"This is not a zip archive that can be read: {error}.", "zip") from None


def _read(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_FILES:
        raise invalid("", f"The archive holds {len(entries)} files; at most {MAX_FILES} are read.", "too_long")
    left, found = MAX_BYTES, dict[str, bytes]()
    for entry in entries:
        label = entry.filename.replace("\\", "/")[:MAX_LABEL]
        if not is_read(label):
            continue
        with archive.open(entry) as file:
            # What the archive says of its sizes may be made up: what is read is counted.
            limit = min(left, MAX_RATIO * max(entry.compress_size, 1_000))
            content = file.read(limit + 1)
        if len(content) > limit:
            raise invalid("", f"The archive unpacks to more than it should, in {label}.", "too_long")
        left -= len(content)
        found[label] = content
    return found
