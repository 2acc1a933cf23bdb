"""Reports: what many kinds of records say together, about one client or about all of them."""

from claudetools.domains.reports.brief import ClientBrief, client_brief
from claudetools.domains.reports.brief_text import BriefQuery, brief_text
from claudetools.domains.reports.completeness import (
    Completeness,
    CompletenessList,
    CompletenessQuery,
    completeness_of,
    completeness_of_all,
)
from claudetools.domains.reports.expiring import ExpiringPage, ExpiringQuery, expiring_page
from claudetools.domains.reports.runbook import RUNBOOK_POLICY, runbook_html, runbook_of
from claudetools.domains.reports.surroundings import surroundings_of

__all__ = [
    "RUNBOOK_POLICY",
    "BriefQuery",
    "ClientBrief",
    "Completeness",
    "CompletenessList",
    "CompletenessQuery",
    "ExpiringPage",
    "ExpiringQuery",
    "brief_text",
    "client_brief",
    "completeness_of",
    "completeness_of_all",
    "expiring_page",
    "runbook_html",
    "runbook_of",
    "surroundings_of",
]
