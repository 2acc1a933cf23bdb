"""One module, one line in the registry and one migration give a new entity every surface and every contract test."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULE = Path(__file__).with_name("new_entity.py.txt")
AUTOGENERATE = """
import asyncio, sys
from alembic import command
from claudetools.kit.db.migrate import configuration, upgrade
url = f"sqlite+aiosqlite:///{sys.argv[1]}"
asyncio.run(upgrade(url))
command.revision(configuration(url), message="vehicles", autogenerate=True, rev_id="9999")
"""
SURFACES = {
    "list_vehicles", "create_vehicle", "read_vehicle", "replace_vehicle", "change_vehicle", "delete_vehicle",
    "bulk_vehicles", "history_vehicle", "export_vehicles", "import_vehicles", "list_vehicles_by",
}  # fmt: skip


def run(project: Path, *arguments: str) -> str:
    """Run Python in a copy of the project and return what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project / "src")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    return done.stdout


def test_a_module_a_line_and_a_migration_are_enough(tmp_path: Path) -> None:
    project = tmp_path / "project"
    without = shutil.ignore_patterns("__pycache__")
    for folder in ("src", "tests"):
        shutil.copytree(ROOT / folder, project / folder, ignore=without)
    shutil.copy(ROOT / "pyproject.toml", project)
    shutil.copytree(ROOT / "requirements", project / "requirements")

    shutil.copy(MODULE, project / "src/claudetools/domains/clients/vehicles.py")
    registry = project / "src/claudetools/domains/__init__.py"
    line = "from claudetools.domains.clients.vehicles import VEHICLES\n\nRESOURCES = (\n    VEHICLES,\n"
    registry.write_text(registry.read_text().replace("\nRESOURCES = (\n", line))
    run(project, "-c", AUTOGENERATE, str(tmp_path / "before.db"))

    document = json.loads(run(project, "-c", "from claudetools.cli import main; main()", "openapi"))
    ids = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert ids >= SURFACES, SURFACES - ids
    tested = run(
        project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract", "tests/kit/db/test_migrate.py",
        "-k", "(vehicles or test_migrate) and not mariadb and not new_entity",
    )  # fmt: skip
    passed = re.search(r"(\d+) passed", tested)
    assert passed is not None, tested
    assert int(passed[1]) > 60, tested
