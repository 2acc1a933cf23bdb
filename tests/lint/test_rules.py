"""Each rule reports what it is against, and only that."""

import subprocess
import sys
from pathlib import Path

import pytest

from lint import rules, scope_door
from lint.source import Source

ROOT = Path(__file__).resolve().parent.parent.parent
MODELS = """
class Client(Record):
    __tenant__ = TenantItself()
class Tag(Record):
    __tenant__ = Shared()
class Login(Record):
    pass
"""


def lines(rule: rules.Rule, path: str, text: str) -> list[int]:
    return [finding.line for finding in rule(Source(path, text))]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/claudetools/domains/clients/clients.py", [2]),
        ("src/claudetools/kit/jobs/worker.py", [2]),
        ("src/claudetools/kit/db/session.py", []),
        ("tests/test_clients.py", []),
    ],
)
def test_only_the_unit_of_work_commits(path: str, expected: list[int]) -> None:
    assert lines(rules.commit_only_in_session, path, "async def f(session):\n    await session.commit()\n") == expected


@pytest.mark.parametrize(
    "text",
    ["from fastapi import HTTPException\n", "raise HTTPException(404)\n", "raise fastapi.HTTPException(404)\n"],
)
def test_a_domain_raises_no_http_exception(text: str) -> None:
    assert lines(rules.no_http_exception_in_domains, "src/claudetools/domains/work/sessions.py", text)
    assert not lines(rules.no_http_exception_in_domains, "src/claudetools/api/app.py", text)
    assert not lines(rules.no_http_exception_in_domains, "src/claudetools/domains/work/sessions.py", "raise NotFound()")


@pytest.mark.parametrize(
    ("path", "is_reported"),
    [
        ("src/claudetools/kit/utils.py", True),
        ("src/claudetools/helpers/text.py", True),
        ("src/claudetools/kit/db_manager.py", True),
        ("tests/Common/test_it.py", True),
        ("src/claudetools/kit/utility_bills.py", False),
        ("src/claudetools/domains/clients/clients.py", False),
    ],
)
def test_a_module_is_named_after_its_subject(path: str, is_reported: bool) -> None:
    assert bool(lines(rules.no_empty_module_name, path, "")) is is_reported


def test_the_route_factory_does_not_postpone_annotations() -> None:
    text = "from __future__ import annotations\n"
    rule = rules.routes_without_postponed_annotations
    assert lines(rule, "src/claudetools/kit/resource/routes.py", text) == [1]
    assert lines(rule, "src/claudetools/kit/resource/routes_bulk.py", text) == [1]
    assert lines(rule, "src/claudetools/kit/resource/query.py", text) == []


@pytest.mark.parametrize(
    ("text", "is_reported"),
    [
        ("import json\nfrom urllib.request import urlopen\n", False),
        ("from claudetools.claude.cursor import Cursor\n", False),
        ("import httpx2\n", True),
        ("def f():\n    from claudetools.kit.ids import new_id\n", True),
        ("from . import cursor\n", True),
        ("import claudetools.claudeless\n", True),
    ],
)
def test_the_technicians_side_needs_only_the_standard_library(text: str, is_reported: bool) -> None:
    assert bool(lines(rules.claude_stdlib_only, "src/claudetools/claude/sync.py", text)) is is_reported
    assert not lines(rules.claude_stdlib_only, "src/claudetools/cli/main.py", text)


@pytest.mark.parametrize(
    ("comment", "is_reported"),
    [
        ("# TODO(maria): later", True),
        ("# @author Maria", True),
        ("# as in #1234", True),
        ("# see issue 12", True),
        ("# changed on 2024-05-06", True),
        ("# RFC 9457, section 3.1", False),
        ("# type: ignore[attr-defined]", False),
        ("# the author's own rows", False),
    ],
)
def test_a_comment_is_no_diary(comment: str, is_reported: bool) -> None:
    assert bool(lines(rules.no_private_note, "tests/test_it.py", f"x = 1  {comment}\n")) is is_reported
    assert not lines(rules.no_private_note, "tests/test_it.py", f"x = {comment!r}\n")


@pytest.mark.parametrize(
    ("text", "is_reported"),
    [
        ("select(Client)", True),
        ("select(Client.name).where(Client.id == id)", True),
        ("select(func.count()).select_from(Client)", True),
        ("update(Client).values(name='x')", True),
        ("sqlalchemy.delete(Client)", True),
        ("session.get(Client, id)", True),
        ("COLUMNS = (Client.id, Client.name)\nselect(*COLUMNS)", True),
        ("select(Client.name).where(visible(actor, Tag))", True),
        ("def f(mine):\n    return select(Client.name).where(mine)", True),
        ("def f(actor):\n    a = visible(actor, Client)\ndef g(a):\n    return select(Client.name).where(a)", True),
        ("select(Tag).where(visible(actor, Client)), select(Client)", True),
        ("select(Client.name).where(visible(actor, Client), Client.id == id)", False),
        ("def f(actor):\n    mine = visible(actor, Client)\n    return select(Client.name).where(mine)", False),
        ("scoped(actor, Client).where(Client.id == id)", False),
        ("select(Tag)", False),
        ("select(Login)", False),
        ("session.get(Login, id)", False),
        ("mapping.get(key, Client)", False),
    ],
)
def test_queries_on_owned_rows_start_from_the_scope_door(text: str, is_reported: bool) -> None:
    models = Source("src/claudetools/domains/clients/clients.py", MODELS)
    for folder in ("domains/work", "api", "mcp"):
        path = f"src/claudetools/{folder}/sessions.py"
        found = list(scope_door.check([models, Source(path, text)], {}))
        assert bool(found) is is_reported
        assert all(finding.path == path for finding in found)


def test_an_exception_to_the_scope_door_covers_one_module_and_may_not_outlive_its_cause() -> None:
    models = Source("src/claudetools/domains/clients/clients.py", MODELS)
    path = "src/claudetools/domains/accounts/authentication.py"
    exceptions = {path: "there is no actor yet"}
    assert not list(scope_door.check([models, Source(path, "select(Client)")], exceptions))
    assert "needs no exception" in str(next(scope_door.check([models, Source(path, "")], exceptions)))


def test_the_command_prints_what_it_found_and_fails(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lint", "tests"]
        return subprocess.run(
            command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
        )

    (tmp_path / "tests" / "test_it.py").write_text("# TODO(maria): later\n")
    done = run()
    assert done.returncode == 1
    assert "tests/test_it.py:1: no-private-note" in done.stdout
    (tmp_path / "tests" / "test_it.py").write_text("# why it is so\n")
    done = run()
    assert done.returncode == 0
