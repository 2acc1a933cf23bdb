"""Each line of the threat model points at tests that there are."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_defence_names_tests_that_there_are() -> None:
    page = (ROOT / "THREAT_MODEL.md").read_text()
    defended = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(defended) > 20
    for line in defended:
        named = TEST.findall(line.rpartition(" | ")[2])
        assert named, line
        for path, name in named:
            tree = ast.parse((ROOT / path).read_text())
            assert name in {getattr(node, "name", None) for node in tree.body}, f"{path}::{name}"
