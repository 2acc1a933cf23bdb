"""Clients: their projects, sites, people, documents and the links between their records, and tags."""

from claudetools.domains.clients.clients import CLIENTS, Client, ClientTag
from claudetools.domains.clients.contacts import CONTACTS, Contact
from claudetools.domains.clients.documents import (
    DOCUMENTS,
    Document,
    DocumentRevision,
    DocumentRevisionRead,
    document_revisions,
)
from claudetools.domains.clients.projects import PROJECTS, Project, ProjectTag, belong_to_project
from claudetools.domains.clients.relations import RELATIONS, Relation, relations_of
from claudetools.domains.clients.sites import SITES, DnsServers, Site
from claudetools.domains.clients.tagging import TagLink, release_tags, set_tags, tags_of
from claudetools.domains.clients.tags import TAGS, Tag, TagRead

__all__ = [
    "CLIENTS",
    "CONTACTS",
    "DOCUMENTS",
    "PROJECTS",
    "RELATIONS",
    "SITES",
    "TAGS",
    "Client",
    "ClientTag",
    "Contact",
    "DnsServers",
    "Document",
    "DocumentRevision",
    "DocumentRevisionRead",
    "Project",
    "ProjectTag",
    "Relation",
    "Site",
    "Tag",
    "TagLink",
    "TagRead",
    "belong_to_project",
    "document_revisions",
    "relations_of",
    "release_tags",
    "set_tags",
    "tags_of",
]
