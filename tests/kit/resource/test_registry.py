from claudetools.domains import RESOURCES
from claudetools.kit.resource.registry import Registry

REGISTRY = Registry(RESOURCES)


def test_a_resource_is_found_by_name_and_by_table() -> None:
    assert REGISTRY.by_name["work-items"] is REGISTRY.by_table["work_items"]
    assert list(REGISTRY.by_name.values()) == list(REGISTRY.by_table.values()) == list(RESOURCES)


def test_references_say_what_a_field_points_at() -> None:
    def named(name: str) -> dict[str, str]:
        return {field: target.name for field, target in REGISTRY.references(REGISTRY.by_name[name]).items()}

    assert named("infrastructure") == {
        "client_id": "clients",
        "site_id": "sites",
        "parent_host_id": "infrastructure",
    }
    assert named("services") == {"infrastructure_id": "infrastructure", "client_id": "clients"}
    assert named("clients") == {}
