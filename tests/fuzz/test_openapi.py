"""Made-up requests to every operation of the OpenAPI document, sent by Schemathesis to the real server."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.databases import Kind
from tests.e2e.server import OWNER, PROGRAMS, MemoryServer

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
EXAMPLES = 3
"""Requests to each operation. More of them is `schemathesis run` by hand; this keeps the surface from rotting."""


def test_no_request_breaks_the_service_and_every_reply_is_as_documented(
    tmp_path: Path, database_kind: Kind, fresh_database: Callable[[Kind], str]
) -> None:
    url = fresh_database(database_kind) if database_kind == "mariadb" else ""
    with MemoryServer(tmp_path / "server", url) as server:
        done = subprocess.run(
            [
                str(PROGRAMS / "schemathesis"),
                "run",
                f"{server.url}/api/openapi.json",
                f"--header=Authorization: Bearer {server.log_in(OWNER)}",
                f"--checks={','.join(CHECKS)}",
                f"--max-examples={EXAMPLES}",
                "--phases=fuzzing",
                "--seed=1",
                "--no-shrink",
                "--continue-on-failure",
                "--warnings=off",
                "--no-color",
                # What ends the session that the requests are sent in.
                "--exclude-path-regex=^/api/auth/",
            ],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-20_000:]
