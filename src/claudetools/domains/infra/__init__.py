"""Infrastructure: the clients' equipment, what runs on it, their networks, firewalls and Microsoft 365 tenants."""

from claudetools.domains.infra.firewall_rules import FIREWALL_RULES, FirewallRule
from claudetools.domains.infra.impact import Impact, cycles, impact_of
from claudetools.domains.infra.infrastructure import INFRASTRUCTURE, Infrastructure, InfrastructureTag
from claudetools.domains.infra.m365_tenants import M365_TENANTS, M365Tenant
from claudetools.domains.infra.networks import NETWORKS, Network
from claudetools.domains.infra.overlap import FreeAddresses, Overlap, free_addresses, overlaps
from claudetools.domains.infra.service_relationships import SERVICE_RELATIONSHIPS, ServiceRelationship
from claudetools.domains.infra.services import SERVICES, Service
from claudetools.domains.infra.shadowing import Shadowed, shadowed_rules

__all__ = [
    "FIREWALL_RULES",
    "INFRASTRUCTURE",
    "M365_TENANTS",
    "NETWORKS",
    "SERVICES",
    "SERVICE_RELATIONSHIPS",
    "FirewallRule",
    "FreeAddresses",
    "Impact",
    "Infrastructure",
    "InfrastructureTag",
    "M365Tenant",
    "Network",
    "Overlap",
    "Service",
    "ServiceRelationship",
    "Shadowed",
    "cycles",
    "free_addresses",
    "impact_of",
    "overlaps",
    "shadowed_rules",
]
