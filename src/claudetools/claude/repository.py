"""The git remote of a folder, read from git's files: no program is started in a folder that others may have made."""

import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

_SECTION = re.compile(r'\[remote "(?P<name>[^"]*)"\]')
_URL = re.compile(r"url\s*=\s*(?P<url>\S.*)")
_CONFIG_LIMIT_BYTES = 1_000_000


def git_remote(folder: str) -> str | None:
    """Address of the remote `origin`, or of the first one, of the repository that a folder is in. No credentials."""
    try:
        start = Path(folder)
        if not start.is_absolute():
            return None
        for parent in (start, *start.parents):
            config = _config_of(parent / ".git")
            if config is not None:
                return _remote_of(config)
    except (OSError, ValueError):
        pass
    return None


def _config_of(git: Path) -> Path | None:
    """The configuration of a repository; in a work tree or a submodule, `.git` is a file that names the folder."""
    if git.is_dir():
        return git / "config"
    if not git.is_file():
        return None
    label, _, place = _head(git).partition(":")
    if label.strip() != "gitdir":
        return None
    directory = git.parent / place.strip()
    common = directory / "commondir"
    if common.is_file():
        directory = directory / _head(common).strip()
    return directory / "config"


def _remote_of(config: Path) -> str | None:
    if not config.is_file():
        return None
    found: dict[str, str] = {}
    name: str | None = None
    for line in map(str.strip, _head(config).splitlines()):
        if line.startswith("["):
            section = _SECTION.match(line)
            name = section["name"] if section else None
        elif name is not None and (url := _URL.match(line)):
            found.setdefault(name, url["url"].strip().strip('"'))
    address = found.get("origin") or next(iter(found.values()), None)
    return without_credentials(address) if address else None


def without_credentials(address: str) -> str | None:
    """A remote's address without user, password, query and fragment; None if it cannot be taken apart."""
    if "://" not in address:
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _head(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_CONFIG_LIMIT_BYTES).decode(errors="replace")
