"""Clients, their projects, and tags."""

from claudetools.domains.clients.clients import CLIENTS, Client
from claudetools.domains.clients.projects import PROJECTS, Project
from claudetools.domains.clients.tags import TAGS, Tag, TagRead

__all__ = ["CLIENTS", "PROJECTS", "TAGS", "Client", "Project", "Tag", "TagRead"]
