"""Command line of the own rules: `python -m lint FOLDER...` prints the findings; status 1 when there are any."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from lint import scope_door
from lint.rules import RULES
from lint.source import Finding, Source


def read(root: Path, folders: Iterable[str]) -> list[Source]:
    """Read all Python files in the folders of the project at `root`."""
    paths = sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
    return [Source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def findings(sources: list[Source]) -> Iterator[Finding]:
    """Apply all rules to the files."""
    for source in sources:
        for rule in RULES:
            yield from rule(source)
    yield from scope_door.check(sources)


def main(folders: list[str]) -> int:
    """Check the folders, seen from the current one, and return the exit status."""
    sources = read(Path(), folders)
    found = sorted(set(findings(sources)))
    for finding in found:
        print(finding)
    print(f"own rules: {len(sources)} files, {len(found)} findings")
    return 1 if found or not sources else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
