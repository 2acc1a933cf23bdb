"""Which client and project a folder or a repository belongs to, and the one resolver that everything uses.

Order: a folder bound on this machine, the git remote, a folder bound for all machines or listed in a project,
nothing (unassigned).
"""

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import ForeignKey, String, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.accounts import Machine
from claudetools.domains.clients import Client, Project
from claudetools.kit.db.base import Base, Record
from claudetools.kit.db.types import Id, exact
from claudetools.kit.problems import invalid
from claudetools.kit.resource.schema import Input, Line, Output
from claudetools.kit.resource.scope import Access, Actor, TenantColumn, find, scoped

SCP_FORM = re.compile(r"^(?:[^@/\s]+@)?([^:/\s]+):(?!//)(.+)$")


class ClaudeBinding(Record):
    """A folder on one machine or on all, or a git remote, that belongs to a client."""

    __tablename__ = "claude_bindings"
    __tenant__ = TenantColumn("client_id")

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    machine_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("machines.id", ondelete="CASCADE"), index=True)
    git_remote: Mapped[str | None] = mapped_column(String(500), index=True)
    folder: Mapped[str | None] = mapped_column(exact(500))


class MachineFolder(Base):
    """The git remote of a folder on a machine, as reported by that machine."""

    __tablename__ = "machine_folders"

    machine_id: Mapped[UUID] = mapped_column(Id, ForeignKey("machines.id", ondelete="CASCADE"), primary_key=True)
    folder: Mapped[str] = mapped_column(exact(500), primary_key=True)
    git_remote: Mapped[str] = mapped_column(String(500))


class BindingCreate(Input):
    """A binding: exactly one of `git_remote` and `cwd`. Without `machine_id` it holds on every machine."""

    client_id: UUID
    project_id: UUID | None = None
    machine_id: UUID | None = None
    git_remote: Annotated[Line, Field(min_length=3)] | None = None
    cwd: Annotated[Line, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_target(self) -> "BindingCreate":
        if (self.git_remote is None) == (self.cwd is None):
            raise ValueError("give either git_remote or cwd")
        return self


class BindingRead(Output):
    """What callers get of a binding."""

    id: UUID
    client_id: UUID
    project_id: UUID | None
    machine_id: UUID | None
    git_remote: str | None
    folder: str | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """The client and project that something belongs to; both None: unassigned."""

    client_id: UUID | None = None
    project_id: UUID | None = None


UNASSIGNED = Assignment()


def normalise_remote(url: str) -> str:
    """Return a git remote as `host/path`, without scheme, credentials, port and `.git`, in lower case."""
    text = url.strip()
    if "://" in text:
        try:
            parts = urlsplit(text)
            text = f"{parts.hostname or ''}{parts.path}"
        except ValueError:
            return ""
    elif match := SCP_FORM.match(text):
        text = f"{match[1]}/{match[2]}"
    return text.strip("/").removesuffix(".git").lower()[:500]


def normalise_folder(path: str) -> str:
    """Return a folder with forward slashes and no trailing one; Windows paths in lower case."""
    text = path.strip().replace("\\", "/").rstrip("/") or "/"
    return (text.lower() if re.match(r"^[A-Za-z]:", text) else text)[:500]


def contains(folder: str, path: str) -> bool:
    """Return whether `path` is `folder` or lies inside it; both normalised."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


async def bind(session: AsyncSession, actor: Actor, body: BindingCreate) -> ClaudeBinding:
    """Bind a folder or repository to a client; an existing binding of the same target is moved.

    Raises:
        NotFound, Forbidden: the client, project or machine is not the actor's to use.
        Invalid: the project is another client's, or the remote cannot be understood.
    """
    await find(session, actor, Client, body.client_id, Access.WRITE)
    if body.project_id is not None:
        project = await find(session, actor, Project, body.project_id)
        if project.client_id != body.client_id:
            raise invalid("/project_id", "This project belongs to another client.")
    if body.machine_id is not None:
        await find(session, actor, Machine, body.machine_id, Access.WRITE)
    remote = normalise_remote(body.git_remote) if body.git_remote is not None else None
    if remote == "":
        raise invalid("/git_remote", "This is not the address of a git remote.")
    folder = normalise_folder(body.cwd) if body.cwd is not None else None
    rows = await session.scalars(
        scoped(actor, ClaudeBinding, Access.WRITE).where(
            ClaudeBinding.machine_id.is_(None)
            if body.machine_id is None
            else ClaudeBinding.machine_id == body.machine_id,
            ClaudeBinding.git_remote.is_(None) if remote is None else ClaudeBinding.git_remote == remote,
            ClaudeBinding.folder.is_(None) if folder is None else ClaudeBinding.folder == folder,
        )
    )
    binding = rows.first()
    if binding is None:
        binding = ClaudeBinding(machine_id=body.machine_id, git_remote=remote, folder=folder, client_id=body.client_id)
        session.add(binding)
    binding.client_id, binding.project_id = body.client_id, body.project_id
    await session.flush()
    return binding


async def note_folder(session: AsyncSession, machine_id: UUID, cwd: str, git_remote: str) -> None:
    """Remember that a folder of a machine is a clone of `git_remote`."""
    remote = normalise_remote(git_remote)
    if remote:
        await session.merge(MachineFolder(machine_id=machine_id, folder=normalise_folder(cwd), git_remote=remote))


async def resolve(
    session: AsyncSession, actor: Actor, machine_id: UUID | None, cwd: str | None, git_remote: str | None = None
) -> Assignment:
    """Return whom work in `cwd` on this machine belongs to. Only clients that the actor may write count."""
    path = normalise_folder(cwd) if cwd else None
    bindings = list(
        await session.scalars(
            scoped(actor, ClaudeBinding, Access.WRITE).where(
                or_(ClaudeBinding.machine_id.is_(None), ClaudeBinding.machine_id == machine_id)
            )
        )
    )
    here = [b for b in bindings if b.folder and path and contains(b.folder, path)]
    own = [b for b in here if b.machine_id is not None]
    if own:
        return _assignment(max(own, key=lambda b: len(b.folder or "")))
    remote = normalise_remote(git_remote) if git_remote else await _known_remote(session, machine_id, path)
    if remote:
        for binding in bindings:
            if binding.git_remote == remote:
                return _assignment(binding)
    if here:
        return _assignment(max(here, key=lambda b: len(b.folder or "")))
    return await _by_project(session, actor, remote, path)


def _assignment(binding: ClaudeBinding) -> Assignment:
    return Assignment(binding.client_id, binding.project_id)


async def _known_remote(session: AsyncSession, machine_id: UUID | None, path: str | None) -> str | None:
    if machine_id is None or path is None:
        return None
    folders = await session.scalars(select(MachineFolder).where(MachineFolder.machine_id == machine_id))
    inside = [folder for folder in folders if contains(folder.folder, path)]
    return max(inside, key=lambda folder: len(folder.folder)).git_remote if inside else None


async def _by_project(session: AsyncSession, actor: Actor, remote: str | None, path: str | None) -> Assignment:
    if remote is None and path is None:
        return UNASSIGNED
    rows = (
        await session.execute(
            scoped(actor, Project, Access.WRITE).with_only_columns(
                Project.id, Project.client_id, Project.repository_urls, Project.local_paths
            )
        )
    ).all()
    for id, client_id, urls, _ in rows:
        if remote and remote in {normalise_remote(url) for url in urls}:
            return Assignment(client_id, id)
    found = [
        (len(folder), client_id, id)
        for id, client_id, _, paths in rows
        for folder in map(normalise_folder, paths)
        if path and contains(folder, path)
    ]
    if not found:
        return UNASSIGNED
    _, client_id, id = max(found, key=lambda entry: entry[0])
    return Assignment(client_id, id)
