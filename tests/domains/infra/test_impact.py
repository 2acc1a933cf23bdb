"""What breaks when a service goes, and circles of services."""

from uuid import UUID

import pytest

from claudetools.domains.infra import ServiceRelationship, cycles, impact_of
from claudetools.domains.infra.service_relationships import RelationshipType

Sentence = tuple[str, str, str]
NAMES = ["web", "db", "dns", "vm", "host", "proxy", "backup", "replica", "shop"]


def id_of(name: str) -> UUID:
    return UUID(int=NAMES.index(name) + 1)


def name_of(id: UUID) -> str:
    return NAMES[id.int - 1]


def rows(*sentences: Sentence) -> list[ServiceRelationship]:
    return [
        ServiceRelationship(from_service_id=id_of(start), type=RelationshipType(kind), to_service_id=id_of(end))
        for start, kind, end in sentences
    ]


def broken(gone: str, *sentences: Sentence) -> dict[str, list[str]]:
    found = impact_of({id_of(gone)}, rows(*sentences)).broken
    return {name_of(id): [name_of(step) for step in way] for id, way in found.items()}


def unprotected(gone: str, *sentences: Sentence) -> set[str]:
    return {name_of(id) for id in impact_of({id_of(gone)}, rows(*sentences)).unprotected}


def circles(*sentences: Sentence) -> list[list[str]]:
    return [[name_of(id) for id in group] for group in cycles(rows(*sentences))]


def test_what_depends_on_it_breaks_over_any_number_of_steps() -> None:
    chain = [("web", "depends_on", "db"), ("shop", "depends_on", "web"), ("db", "depends_on", "dns")]
    assert broken("db", *chain) == {"web": ["db", "web"], "shop": ["db", "web", "shop"]}
    assert list(broken("dns", *chain)) == ["db", "web", "shop"]
    assert broken("shop", *chain) == {}


@pytest.mark.parametrize("kind", ["hosts", "proxies"])
def test_what_it_carries_breaks_and_not_the_other_way_round(kind: str) -> None:
    assert list(broken("host", ("host", kind, "vm"))) == ["vm"]
    assert broken("vm", ("host", kind, "vm")) == {}


def test_the_shortest_way_is_told() -> None:
    sentences = [("web", "depends_on", "db"), ("shop", "depends_on", "web"), ("shop", "depends_on", "db")]
    assert broken("db", *sentences)["shop"] == ["db", "shop"]


def test_a_lost_backup_or_replica_breaks_nothing_but_is_told() -> None:
    sentences = [("backup", "backs_up", "db"), ("db", "replicates", "replica"), ("backup", "depends_on", "host")]
    assert broken("backup", *sentences) == {}
    assert unprotected("backup", *sentences) == {"db"}
    assert unprotected("host", *sentences) == {"db"}
    assert unprotected("replica", *sentences) == {"db"}
    assert unprotected("db", *sentences) == {"replica"}


def test_several_that_go_are_not_among_what_breaks() -> None:
    found = impact_of([id_of("db"), id_of("web")], rows(("web", "depends_on", "db"), ("shop", "depends_on", "web")))
    assert found.broken == {id_of("shop"): (id_of("web"), id_of("shop"))}


def test_a_circle_is_followed_once() -> None:
    circle = [("web", "depends_on", "db"), ("db", "depends_on", "dns"), ("dns", "depends_on", "web")]
    assert set(broken("web", *circle)) == {"db", "dns"}


def test_circles_are_reported_apart_and_without_what_only_hangs_on_them() -> None:
    assert circles(
        ("web", "depends_on", "db"),
        ("db", "depends_on", "web"),
        ("shop", "depends_on", "web"),
        ("db", "depends_on", "dns"),
        ("vm", "hosts", "proxy"),
        ("vm", "depends_on", "proxy"),
        ("host", "hosts", "vm"),
        ("backup", "depends_on", "backup"),
    ) == [["web", "db"], ["vm", "proxy"], ["backup"]]


def test_backups_and_replicas_of_each_other_are_no_circle() -> None:
    assert circles(("db", "replicates", "replica"), ("replica", "replicates", "db"), ("db", "backs_up", "db")) == []


def test_a_service_that_needs_itself_within_a_larger_circle_is_told_once() -> None:
    circle = [("web", "depends_on", "db"), ("db", "depends_on", "web")]
    assert circles(("web", "depends_on", "web"), ("db", "depends_on", "db"), *circle) == [["web", "db"]]


def test_a_long_chain_is_no_matter() -> None:
    count = 20_000
    chain = [
        ServiceRelationship(
            from_service_id=UUID(int=n + 1), to_service_id=UUID(int=n % count), type=RelationshipType.DEPENDS_ON
        )
        for n in range(count)
    ]
    assert cycles(chain) == []
    chain[-1].from_service_id = UUID(int=0)
    assert [len(group) for group in cycles(chain)] == [count]
