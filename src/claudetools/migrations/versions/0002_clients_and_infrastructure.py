"""clients and infrastructure

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from claudetools.kit.db.types import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_tags",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_client_tags_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_client_tags_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "tag_id", name=op.f("pk_client_tags")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("client_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_tags_tag_id"), ["tag_id"], unique=False)

    op.create_table(
        "documents",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column(
            "title",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "body",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("is_runbook", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_documents_client_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_documents_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_documents_client_id_title"), ["client_id", "title"], unique=False)
        batch_op.create_index(batch_op.f("ix_documents_is_runbook"), ["is_runbook"], unique=False)

    op.create_table(
        "m365_tenants",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column(
            "tenant_name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "default_domain",
            sa.String(length=253).with_variant(sa.String(length=253, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column("verified_domains", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("admin_contact", sa.String(length=200), nullable=True),
        sa.Column("licences", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("gdap_roles", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("gdap_expires_on", sa.Date(), nullable=True),
        sa.Column(
            "cipp_name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_m365_tenants_client_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_m365_tenants")),
        sa.UniqueConstraint("client_id", "tenant_id", name=op.f("uq_m365_tenants_client_id_tenant_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("m365_tenants", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_m365_tenants_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_m365_tenants_default_domain"), ["default_domain"], unique=False)
        batch_op.create_index(batch_op.f("ix_m365_tenants_gdap_expires_on"), ["gdap_expires_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_m365_tenants_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "relations",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("from_type", sa.String(length=64), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("to_type", sa.String(length=64), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.String(length=64).with_variant(sa.String(length=64, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "note",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_relations_client_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relations")),
        sa.UniqueConstraint(
            "from_type",
            "from_id",
            "to_type",
            "to_id",
            "kind",
            name=op.f("uq_relations_from_type_from_id_to_type_to_id_kind"),
        ),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("relations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_relations_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_relations_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_relations_to_type_to_id"), ["to_type", "to_id"], unique=False)

    op.create_table(
        "sites",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column(
            "name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("address", sa.String(length=500), nullable=True),
        sa.Column("phone", sa.String(length=64), nullable=True),
        sa.Column("network_subnet", sa.String(length=64), nullable=True),
        sa.Column("vpn_required", sa.Boolean(), nullable=False),
        sa.Column("vpn_subnet", sa.String(length=64), nullable=True),
        sa.Column("gateway_ip", sa.String(length=64), nullable=True),
        sa.Column("dns_servers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("timezone", sa.String(length=100), nullable=True),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_sites_client_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("client_id", "name", name=op.f("uq_sites_client_id_name")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("sites", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sites_client_id"), ["client_id"], unique=False)

    op.create_table(
        "contacts",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column(
            "name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "role",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "email",
            sa.String(length=254).with_variant(sa.String(length=254, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column("phone", sa.String(length=64), nullable=True),
        sa.Column("mobile", sa.String(length=64), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_contacts_client_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_contacts_site_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contacts_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contacts_client_id_is_primary"), ["client_id", "is_primary"], unique=False)
        batch_op.create_index(batch_op.f("ix_contacts_client_id_name"), ["client_id", "name"], unique=False)
        batch_op.create_index(batch_op.f("ix_contacts_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_contacts_site_id"), ["site_id"], unique=False)

    op.create_table(
        "document_revisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "body",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_document_revisions_document_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_document_revisions_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_revisions")),
        sa.UniqueConstraint("document_id", "number", name=op.f("uq_document_revisions_document_id_number")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("document_revisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_document_revisions_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_revisions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "infrastructure",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("parent_host_id", sa.Uuid(), nullable=True),
        sa.Column(
            "asset_type",
            sa.Enum(
                "physical_server",
                "virtual_machine",
                "container",
                "network_device",
                "nas_storage",
                "workstation",
                "firewall",
                "domain_controller",
                "printer",
                "other",
                name="assettype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "hostname",
            sa.String(length=253).with_variant(sa.String(length=253, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("ip_address", sa.String(length=64), nullable=True),
        sa.Column("mac_address", sa.String(length=17), nullable=True),
        sa.Column(
            "os", sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"), nullable=True
        ),
        sa.Column("os_version", sa.String(length=200), nullable=True),
        sa.Column(
            "role_description",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "migration_source",
                "migration_destination",
                "decommissioned",
                name="infrastructurestatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "manufacturer",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "model",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "serial",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column("location", sa.String(length=200), nullable=True),
        sa.Column("management_url", sa.String(length=500), nullable=True),
        sa.Column("warranty_ends_on", sa.Date(), nullable=True),
        sa.Column(
            "environmental_notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("powershell_version", sa.String(length=64), nullable=True),
        sa.Column("available_shells", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("known_limits", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("has_gui", sa.Boolean(), nullable=False),
        sa.Column("requires_vpn", sa.Boolean(), nullable=False),
        sa.Column("monitored", sa.Boolean(), nullable=False),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_infrastructure_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["parent_host_id"],
            ["infrastructure.id"],
            name=op.f("fk_infrastructure_parent_host_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_infrastructure_site_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_infrastructure")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("infrastructure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_infrastructure_asset_type"), ["asset_type"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_infrastructure_client_id_hostname"), ["client_id", "hostname"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_infrastructure_client_id_status"), ["client_id", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_hostname"), ["hostname"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_ip_address"), ["ip_address"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_mac_address"), ["mac_address"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_parent_host_id"), ["parent_host_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_serial"), ["serial"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_site_id"), ["site_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_warranty_ends_on"), ["warranty_ends_on"], unique=False)

    op.create_table(
        "networks",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column(
            "name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "type",
            sa.Enum(
                "lan",
                "vpn",
                "vlan",
                "isolated",
                "dmz",
                name="networktype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("cidr", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=True),
        sa.Column("vlan_id", sa.Integer(), nullable=True),
        sa.Column("dns_servers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("vlan_id BETWEEN 1 AND 4094", name=op.f("ck_networks_vlan_id")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_networks_client_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_networks_site_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_networks")),
        sa.UniqueConstraint("client_id", "site_id", "name", name=op.f("uq_networks_client_id_site_id_name")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("networks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_networks_cidr"), ["cidr"], unique=False)
        batch_op.create_index(batch_op.f("ix_networks_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_networks_client_id_name"), ["client_id", "name"], unique=False)
        batch_op.create_index(batch_op.f("ix_networks_site_id"), ["site_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_networks_type"), ["type"], unique=False)

    op.create_table(
        "project_tags",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_tags_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_project_tags_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", "tag_id", name=op.f("pk_project_tags")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("project_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_tags_tag_id"), ["tag_id"], unique=False)

    op.create_table(
        "firewall_rules",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("infrastructure_id", sa.Uuid(), nullable=False),
        sa.Column(
            "name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=500), nullable=False),
        sa.Column("destination", sa.String(length=500), nullable=False),
        sa.Column("port", sa.String(length=200), nullable=False),
        sa.Column(
            "protocol",
            sa.Enum(
                "any",
                "tcp",
                "udp",
                "tcp_udp",
                "icmp",
                "gre",
                "esp",
                "ah",
                name="trafficprotocol",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "action",
            sa.Enum(
                "allow", "deny", "drop", name="firewallaction", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_firewall_rules_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_firewall_rules_infrastructure_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firewall_rules")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("firewall_rules", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_firewall_rules_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_firewall_rules_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_firewall_rules_expires_on"), ["expires_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_firewall_rules_infrastructure_id"), ["infrastructure_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_firewall_rules_infrastructure_id_order"), ["infrastructure_id", "order"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_firewall_rules_is_enabled"), ["is_enabled"], unique=False)

    op.create_table(
        "infrastructure_tags",
        sa.Column("infrastructure_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_infrastructure_tags_infrastructure_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tags.id"], name=op.f("fk_infrastructure_tags_tag_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("infrastructure_id", "tag_id", name=op.f("pk_infrastructure_tags")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("infrastructure_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_infrastructure_tags_tag_id"), ["tag_id"], unique=False)

    op.create_table(
        "services",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("infrastructure_id", sa.Uuid(), nullable=False),
        sa.Column(
            "name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "type", sa.String(length=64).with_variant(sa.String(length=64, collation="NOCASE"), "sqlite"), nullable=True
        ),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column(
            "protocol",
            sa.String(length=64).with_variant(sa.String(length=64, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "running",
                "degraded",
                "stopped",
                "maintenance",
                "retired",
                name="servicestatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("software_version", sa.String(length=64), nullable=True),
        sa.Column(
            "criticality",
            sa.Enum(
                "low",
                "medium",
                "high",
                "critical",
                name="criticality",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name=op.f("ck_services_port")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_services_client_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_services_infrastructure_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        sa.UniqueConstraint("infrastructure_id", "name", name=op.f("uq_services_infrastructure_id_name")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("services", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_services_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_services_client_id_name"), ["client_id", "name"], unique=False)
        batch_op.create_index(batch_op.f("ix_services_criticality"), ["criticality"], unique=False)
        batch_op.create_index(batch_op.f("ix_services_infrastructure_id"), ["infrastructure_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_services_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_services_type"), ["type"], unique=False)

    op.create_table(
        "service_relationships",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("from_service_id", sa.Uuid(), nullable=False),
        sa.Column("to_service_id", sa.Uuid(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "depends_on",
                "hosts",
                "backs_up",
                "replicates",
                "proxies",
                name="relationshiptype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_service_relationships_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["from_service_id"],
            ["services.id"],
            name=op.f("fk_service_relationships_from_service_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["to_service_id"], ["services.id"], name=op.f("fk_service_relationships_to_service_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_relationships")),
        sa.UniqueConstraint(
            "from_service_id",
            "to_service_id",
            "type",
            name=op.f("uq_service_relationships_from_service_id_to_service_id_type"),
        ),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("service_relationships", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_relationships_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_relationships_from_service_id"), ["from_service_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_relationships_to_service_id"), ["to_service_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_relationships_type"), ["type"], unique=False)


def downgrade() -> None:
    # A table takes its indexes along; MariaDB refuses to drop one that a foreign key leans on.
    op.drop_table("service_relationships")
    op.drop_table("services")
    op.drop_table("infrastructure_tags")
    op.drop_table("firewall_rules")
    op.drop_table("project_tags")
    op.drop_table("networks")
    op.drop_table("infrastructure")
    op.drop_table("document_revisions")
    op.drop_table("contacts")
    op.drop_table("sites")
    op.drop_table("relations")
    op.drop_table("m365_tenants")
    op.drop_table("documents")
    op.drop_table("client_tags")
