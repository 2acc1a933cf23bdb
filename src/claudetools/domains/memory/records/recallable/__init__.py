"""Which records memory recalls, and what it keeps of each: the one list of them.

A record without a client is recalled for its author alone, whoever else may read it: there is no memory of the firm,
so that nothing in it can reach a client's session.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from claudetools.domains.clients import Document, Project, Site
from claudetools.domains.infra import Infrastructure, M365Tenant, Network, Service
from claudetools.domains.learning import EnvironmentalInsight, FailurePattern
from claudetools.domains.memory.records.context_snippets import ContextSnippet
from claudetools.domains.memory.records.contexts import ConversationContext
from claudetools.domains.memory.records.decision_logs import DecisionLog
from claudetools.domains.memory.records.project_states import ProjectState
from claudetools.domains.memory.records.recallable.content import Recallable
from claudetools.domains.memory.records.recallable.estate import (
    of_document,
    of_infrastructure,
    of_network,
    of_project,
    of_service,
    of_site,
    of_tenant,
)
from claudetools.domains.memory.records.recallable.learned import of_incident, of_insight, of_pattern, of_solution
from claudetools.domains.memory.records.recallable.own import of_context, of_decision, of_snippet, of_state
from claudetools.domains.memory.records.recallable.worked import of_pending_task, of_task, of_work_item
from claudetools.domains.security import SecurityIncident
from claudetools.domains.work import PendingTask, ProblemSolution, Task, WorkItem
from claudetools.kit.db.base import Record

RECALLABLE: Mapping[type[Record], Callable[[Any], Recallable | None]] = MappingProxyType(
    {
        ConversationContext: of_context,
        ContextSnippet: of_snippet,
        ProjectState: of_state,
        DecisionLog: of_decision,
        EnvironmentalInsight: of_insight,
        FailurePattern: of_pattern,
        ProblemSolution: of_solution,
        SecurityIncident: of_incident,
        WorkItem: of_work_item,
        Task: of_task,
        PendingTask: of_pending_task,
        Document: of_document,
        Infrastructure: of_infrastructure,
        Service: of_service,
        Network: of_network,
        Site: of_site,
        M365Tenant: of_tenant,
        Project: of_project,
    }
)

__all__ = ["RECALLABLE", "Recallable"]
