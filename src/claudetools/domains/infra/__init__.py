"""Infrastructure: the clients' equipment, what runs on it, their networks, firewalls and Microsoft 365 tenants."""

from claudetools.domains.infra.firewall_rules import FIREWALL_RULES, FirewallRule
from claudetools.domains.infra.impact import Impact, cycles, impact_of
from claudetools.domains.infra.impact_reports import (
    CycleQuery,
    ImpactQuery,
    ImpactReport,
    ServiceCycles,
    impact_of_equipment,
    impact_of_service,
    service_cycles,
)
from claudetools.domains.infra.infrastructure import (
    INFRASTRUCTURE,
    AssetType,
    Infrastructure,
    InfrastructureStatus,
    InfrastructureTag,
)
from claudetools.domains.infra.m365_tenants import M365_TENANTS, M365Tenant
from claudetools.domains.infra.network_reports import (
    FreeAddressReport,
    NetworkOverlaps,
    OverlapQuery,
    free_addresses_of,
    network_overlaps,
)
from claudetools.domains.infra.networks import NETWORKS, Network
from claudetools.domains.infra.overlap import FreeAddresses, Overlap, free_addresses, overlaps
from claudetools.domains.infra.service_relationships import SERVICE_RELATIONSHIPS, RelationshipType, ServiceRelationship
from claudetools.domains.infra.services import SERVICES, Criticality, Service, ServiceStatus
from claudetools.domains.infra.shadowing import Shadowed, shadowed_rules
from claudetools.domains.infra.shadowing_reports import (
    ShadowedQuery,
    ShadowedRules,
    shadowed_of_client,
    shadowed_on_firewall,
)

__all__ = [
    "FIREWALL_RULES",
    "INFRASTRUCTURE",
    "M365_TENANTS",
    "NETWORKS",
    "SERVICES",
    "SERVICE_RELATIONSHIPS",
    "AssetType",
    "Criticality",
    "CycleQuery",
    "FirewallRule",
    "FreeAddressReport",
    "FreeAddresses",
    "Impact",
    "ImpactQuery",
    "ImpactReport",
    "Infrastructure",
    "InfrastructureStatus",
    "InfrastructureTag",
    "M365Tenant",
    "Network",
    "NetworkOverlaps",
    "Overlap",
    "OverlapQuery",
    "RelationshipType",
    "Service",
    "ServiceCycles",
    "ServiceRelationship",
    "ServiceStatus",
    "Shadowed",
    "ShadowedQuery",
    "ShadowedRules",
    "cycles",
    "free_addresses",
    "free_addresses_of",
    "impact_of",
    "impact_of_equipment",
    "impact_of_service",
    "network_overlaps",
    "overlaps",
    "service_cycles",
    "shadowed_of_client",
    "shadowed_on_firewall",
    "shadowed_rules",
]
