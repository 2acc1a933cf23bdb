"""Whose a folder is, as the bindings and projects at the server say; in the same order in which the server looks."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claudetools.claude.repository import git_remote
from claudetools.cli.server_api import Api


@dataclass(frozen=True, slots=True)
class Belonging:
    """The client and project of a folder, by id and name."""

    client_id: str
    client: str
    project_id: str | None
    project: str | None


def belonging(api: Api, folder: Path, machine_id: str | None) -> Belonging | None:
    """Return whose a folder on this machine is; None when nobody has said."""
    path = folder.as_posix()
    remote = git_remote(str(folder))
    found = _bound(api.get("/api/claude/bindings")["items"], path, remote, machine_id)
    if found is None:
        found = _of_project(api.every("/api/projects", fields="id,client_id,repository_urls,local_paths"), path, remote)
    if found is None:
        return None
    client_id, project_id = found
    client = api.get(f"/api/clients/{client_id}")
    project = api.get(f"/api/projects/{project_id}") if project_id else None
    return Belonging(client_id, client["name"], project_id, project["name"] if project else None)


def _bound(
    bindings: list[dict[str, Any]], path: str, remote: str | None, machine_id: str | None
) -> tuple[str, str | None] | None:
    for_here = [each for each in bindings if each["machine_id"] in (None, machine_id)]
    holding = sorted((each for each in for_here if _holds(each["folder"], path)), key=lambda each: -len(each["folder"]))
    own = [each for each in holding if each["machine_id"]]
    by_remote = [each for each in for_here if remote and each["git_remote"] == _bare(remote)]
    for found in (*own, *by_remote, *holding):
        return found["client_id"], found["project_id"]
    return None


def _of_project(projects: Iterable[dict[str, Any]], path: str, remote: str | None) -> tuple[str, str | None] | None:
    known = list(projects)
    for project in known:
        if remote and _bare(remote) in map(_bare, project["repository_urls"]):
            return project["client_id"], project["id"]
    holding = [(len(each), project) for project in known for each in project["local_paths"] if _holds(each, path)]
    if not holding:
        return None
    found = max(holding, key=lambda each: each[0])[1]
    return found["client_id"], found["id"]


def _holds(folder: str | None, path: str) -> bool:
    if not folder:
        return False
    # Windows paths are kept in lower case and with forward slashes.
    there = path.lower() if re.match(r"^[A-Za-z]:", path) else path
    kept = folder.replace("\\", "/").rstrip("/") or "/"
    return there == kept or there.startswith(kept.rstrip("/") + "/")


def _bare(remote: str) -> str:
    """Return a remote's address as the server keeps it: host and path."""
    text = remote.strip().lower()
    match = re.match(r"^(?:[a-z+]+://)?(?:[^@/]+@)?(?P<host>[^:/]+)(?::\d+(?=/))?[:/]+(?P<path>.*)$", text)
    return (f"{match['host']}/{match['path']}" if match else text).strip("/").removesuffix(".git")
