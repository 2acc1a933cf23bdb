"""Which client and project a folder belongs to."""

import difflib
from pathlib import Path
from typing import Any

from claudetools.claude.repository import git_remote
from claudetools.cli.failure import Failure
from claudetools.cli.server_api import Api

NEAR = 5


def find_client(api: Api, name: str, *, create: bool = False) -> dict[str, Any]:
    """Return the client of this name or short code, in any case; make it if asked to.

    Raises:
        Failure: there is none; the message names those with a similar name.
    """
    known = list(api.every("/api/clients", fields="id,name,short_code"))
    wanted = name.strip().casefold()
    for client in known:
        if wanted in (str(client["name"]).casefold(), str(client["short_code"] or "").casefold()):
            return client
    if create:
        made: dict[str, Any] = api.post("/api/clients", {"name": name.strip()})
        return made
    raise Failure(f"There is no client called “{name}”. {_near(name, [str(each['name']) for each in known])}")


def find_project(api: Api, client: dict[str, Any], slug: str) -> dict[str, Any]:
    """Return the client's project with this slug.

    Raises:
        Failure: there is none; the message names similar ones.
    """
    known = list(api.every("/api/projects", client_id=client["id"], fields="id,name,slug"))
    for project in known:
        if project["slug"] == slug.strip().lower():
            return project
    slugs = [str(each["slug"]) for each in known]
    near = difflib.get_close_matches(slug, slugs, n=NEAR, cutoff=0.3) or slugs[:NEAR]
    advice = f"It has: {', '.join(near)}." if near else "It has none yet; leave --project out."
    raise Failure(f"{client['name']} has no project “{slug}”. {advice}")


def bind_folder(
    api: Api, folder: Path, machine_id: str | None, client: dict[str, Any], project: dict[str, Any] | None
) -> str:
    """Say that a folder belongs to a client; return what was bound: the repository it is in, else the folder here."""
    remote = git_remote(str(folder))
    target = {"git_remote": remote} if remote else {"cwd": str(folder), "machine_id": machine_id}
    api.post(
        "/api/claude/bindings", {"client_id": client["id"], "project_id": project["id"] if project else None, **target}
    )
    place = f"the repository {remote}" if remote else f"the folder {folder}"
    return f"{place}, on {'this' if machine_id and not remote else 'every'} machine"


def _near(name: str, names: list[str]) -> str:
    if not names:
        return "There are no clients yet. Add --create-client to make it."
    folded = {each.casefold(): each for each in names}
    wanted = name.strip().casefold()
    near = [folded[each] for each in folded if wanted and (wanted in each or each in wanted)]
    near += [folded[each] for each in difflib.get_close_matches(wanted, folded, n=NEAR, cutoff=0.5)]
    listed = ", ".join(dict.fromkeys(near[:NEAR]))
    return f"{f'Near: {listed}. ' if listed else ''}Add --create-client to make a new one."
