"""What is installed is what was decided: reasons, pins and hashes."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
DIRECT = [Requirement(line) for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]]


def test_each_runtime_dependency_has_its_reason() -> None:
    record = (ROOT / "docs" / "adr" / "0001-dependencies.md").read_text()
    reasons = dict(re.findall(r"^\| ([a-z][a-z0-9-]+) \| (\S.*) \|$", record, re.MULTILINE))
    reasons.pop("package")
    assert sorted(reasons) == sorted(requirement.name for requirement in DIRECT)


def test_each_runtime_dependency_is_pinned_and_satisfied_by_the_lock() -> None:
    text = (ROOT / "requirements" / "runtime.lock").read_text()
    pins = dict(re.findall(r"^([a-z0-9-]+)(?:\[\w+\])?==([^\s;]+)", text, re.MULTILINE))
    for requirement in DIRECT:
        assert requirement.specifier.contains(pins[requirement.name]), f"{requirement}: make lock"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_pins_everything_with_hashes_and_names_no_address(lock: Path) -> None:
    packages = re.split(r"\n(?=[a-z0-9])", lock.read_text())
    assert all("==" in package and "--hash=sha256:" in package for package in packages)
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links", lock.read_text())


def test_the_test_environment_has_the_runtime_versions() -> None:
    runtime, test = (
        set(re.findall(r"^[a-z0-9-]+==\S+", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("runtime.lock", "test.lock")
    )
    assert runtime <= test


def test_the_client_of_the_end_to_end_tests_is_pinned_without_an_address() -> None:
    text = (ROOT / "requirements" / "claude-code" / "package-lock.json").read_text()
    assert '"integrity": "sha512-' in text
    assert "://" not in text
