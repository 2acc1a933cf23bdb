"""What breaks when services go, and which services need each other in a circle."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from claudetools.domains.infra.service_relationships import RelationshipType, ServiceRelationship

Needs = dict[UUID, list[UUID]]


@dataclass(frozen=True, slots=True)
class Impact:
    """What follows when services go.

    Attributes:
        broken: services that stop working or cannot be reached, the nearest first, each with the way to it: from one
            of those that go, over those that break on the way, to itself.
        unprotected: services that go on without a backup or a replica they had.
    """

    broken: dict[UUID, tuple[UUID, ...]]
    unprotected: frozenset[UUID]


def impact_of(gone: Collection[UUID], relationships: Iterable[ServiceRelationship]) -> Impact:
    """Return what breaks when the services `gone` go. Circles are followed once."""
    relationships = list(relationships)
    needed_by = _needed_by(relationships)
    ways: dict[UUID, tuple[UUID, ...]] = {id: (id,) for id in sorted(gone)}
    waiting = deque(ways)
    while waiting:
        id = waiting.popleft()
        for dependent in needed_by.get(id, ()):
            if dependent not in ways:
                ways[dependent] = (*ways[id], dependent)
                waiting.append(dependent)
    broken = {id: way for id, way in ways.items() if id not in gone}
    return Impact(broken, frozenset(_protected_by(set(ways), relationships) - set(ways)))


def _needed_by(relationships: Iterable[ServiceRelationship]) -> Needs:
    """Return, by service, those that break when it goes."""
    needed_by: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for relationship in relationships:
        match relationship.type:
            case RelationshipType.DEPENDS_ON:
                needed_by[relationship.to_service_id].append(relationship.from_service_id)
            case RelationshipType.HOSTS | RelationshipType.PROXIES:
                needed_by[relationship.from_service_id].append(relationship.to_service_id)
            case RelationshipType.BACKS_UP | RelationshipType.REPLICATES:
                pass
            case _:
                assert_never(relationship.type)
    return needed_by


def _protected_by(gone: set[UUID], relationships: Iterable[ServiceRelationship]) -> set[UUID]:
    """Return the services that lose a backup or a replica."""
    protected: set[UUID] = set()
    for relationship in relationships:
        ends = relationship.from_service_id, relationship.to_service_id
        if relationship.type is RelationshipType.REPLICATES and not gone.isdisjoint(ends):
            protected.update(ends)
        elif relationship.type is RelationshipType.BACKS_UP and ends[0] in gone:
            protected.add(ends[1])
    return protected


def cycles(relationships: Iterable[ServiceRelationship]) -> list[list[UUID]]:
    """Return the groups of services that all need each other, so that none can be started first.

    Each group is sorted, and so are the groups; a service that needs itself is a group of one. The groups are the
    strongly connected components of what needs what (S. R. Kosaraju's algorithm, without recursion).
    """
    needed_by = _needed_by(relationships)
    needs: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for id, dependents in needed_by.items():
        for dependent in dependents:
            needs[dependent].append(id)
    found: list[list[UUID]] = []
    seen: set[UUID] = set()
    for start in reversed(_in_order_of_leaving(needed_by)):
        group = _reached(start, needs, seen)
        if len(group) > 1 or (group and start in needs[start]):
            found.append(sorted(group))
    return sorted(found)


def _in_order_of_leaving(edges: Needs) -> list[UUID]:
    """Return all services in the order in which a search in depth is done with them."""
    left: list[UUID] = []
    seen: set[UUID] = set()
    for start in sorted(edges):
        path = [(start, iter(edges.get(start, ())))] if start not in seen else []
        seen.add(start)
        while path:
            id, rest = path[-1]
            following = next((other for other in rest if other not in seen), None)
            if following is None:
                left.append(id)
                path.pop()
            else:
                seen.add(following)
                path.append((following, iter(edges.get(following, ()))))
    return left


def _reached(start: UUID, edges: Needs, seen: set[UUID]) -> list[UUID]:
    """Return what a walk from `start` reaches that is not in `seen`, and put it there."""
    waiting, group = [start] if start not in seen else [], []
    seen.add(start)
    while waiting:
        id = waiting.pop()
        group.append(id)
        fresh = set(edges.get(id, ())) - seen
        seen |= fresh
        waiting.extend(fresh)
    return group
