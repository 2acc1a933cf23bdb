"""vault and operations

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from claudetools.kit.db.types import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schema_migrations",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("applied_at", Instant(), nullable=True),
        sa.Column("applied_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_schema_migrations")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "credential_audit_log",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column(
            "credential_name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("version_number", sa.Integer(), nullable=True),
        sa.Column(
            "action",
            sa.Enum(
                "create",
                "view",
                "reveal",
                "copy",
                "use",
                "update",
                "rotate",
                "export",
                "share",
                "delete",
                "denied",
                name="credentialaction",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("login_session_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("ip_address", sa.String(length=64), nullable=True),
        sa.Column("user_agent", sa.String(length=500), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_credential_audit_log_client_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_credential_audit_log_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential_audit_log")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("credential_audit_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credential_audit_log_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_audit_log_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_audit_log_credential_id"), ["credential_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_audit_log_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_audit_log_request_id"), ["request_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_audit_log_token_id"), ["token_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_audit_log_user_id"), ["user_id"], unique=False)

    op.create_table(
        "data_keys",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("root_id", sa.String(length=64), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(length=255), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "active",
                "decrypt_only",
                "destroyed",
                name="keystate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("encryption_count", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_data_keys_client_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_keys")),
        sa.UniqueConstraint("client_id", "number", name=op.f("uq_data_keys_client_id_number")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("data_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_data_keys_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_data_keys_root_id"), ["root_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_data_keys_state"), ["state"], unique=False)

    op.create_table(
        "jobs",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "done",
                "failed",
                name="jobstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("run_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=200), nullable=True),
        sa.Column("lease_expires_at", Instant(), nullable=True),
        sa.Column(
            "last_error",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_jobs_client_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_jobs_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_jobs_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_jobs_state_lease_expires_at"), ["state", "lease_expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_jobs_state_run_at"), ["state", "run_at"], unique=False)

    op.create_table(
        "settings_overrides",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_settings_overrides_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings_overrides")),
        sa.UniqueConstraint("name", name=op.f("uq_settings_overrides_name")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("settings_overrides", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_settings_overrides_user_id"), ["user_id"], unique=False)

    op.create_table(
        "credentials",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("infrastructure_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "password",
                "api_key",
                "oauth",
                "ssh_key",
                "shared_secret",
                "jwt",
                "connection_string",
                "certificate",
                "totp",
                "note",
                name="credentialkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "service_name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "username",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("requires_vpn", sa.Boolean(), nullable=False),
        sa.Column("requires_2fa", sa.Boolean(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("rotate_every_days", sa.Integer(), nullable=True),
        sa.Column("last_rotated_at", Instant(), nullable=True),
        sa.Column("is_restricted", sa.Boolean(), nullable=False),
        sa.Column("allows_agents", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name=op.f("ck_credentials_port")),
        sa.CheckConstraint("rotate_every_days >= 1", name=op.f("ck_credentials_rotation")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_credentials_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_credentials_infrastructure_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name=op.f("fk_credentials_service_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("credentials", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credentials_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_credentials_client_id_service_name"), ["client_id", "service_name"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_credentials_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_credentials_infrastructure_id"), ["infrastructure_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credentials_is_active"), ["is_active"], unique=False)
        batch_op.create_index(batch_op.f("ix_credentials_is_restricted"), ["is_restricted"], unique=False)
        batch_op.create_index(batch_op.f("ix_credentials_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_credentials_last_rotated_at"), ["last_rotated_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_credentials_service_id"), ["service_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credentials_service_name"), ["service_name"], unique=False)
        batch_op.create_index(batch_op.f("ix_credentials_username"), ["username"], unique=False)

    op.create_table(
        "credential_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("infrastructure_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(infrastructure_id IS NULL) <> (service_id IS NULL)", name=op.f("ck_credential_links_target")
        ),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credentials.id"], name=op.f("fk_credential_links_credential_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_credential_links_infrastructure_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name=op.f("fk_credential_links_service_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential_links")),
        sa.UniqueConstraint(
            "credential_id", "infrastructure_id", name=op.f("uq_credential_links_credential_id_infrastructure_id")
        ),
        sa.UniqueConstraint("credential_id", "service_id", name=op.f("uq_credential_links_credential_id_service_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("credential_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credential_links_credential_id"), ["credential_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_links_infrastructure_id"), ["infrastructure_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_links_service_id"), ["service_id"], unique=False)

    op.create_table(
        "credential_permissions",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("grantee_id", sa.Uuid(), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "owner",
                "admin",
                "technician",
                "readonly",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column(
            "level",
            sa.Enum(
                "view", "reveal", "edit", "manage", name="level", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(grantee_id IS NULL) <> (role IS NULL)", name=op.f("ck_credential_permissions_grantee")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_credential_permissions_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["credential_id"],
            ["credentials.id"],
            name=op.f("fk_credential_permissions_credential_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["grantee_id"], ["api_users.id"], name=op.f("fk_credential_permissions_grantee_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential_permissions")),
        sa.UniqueConstraint(
            "credential_id", "grantee_id", name=op.f("uq_credential_permissions_credential_id_grantee_id")
        ),
        sa.UniqueConstraint("credential_id", "role", name=op.f("uq_credential_permissions_credential_id_role")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("credential_permissions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credential_permissions_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_permissions_credential_id"), ["credential_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_permissions_grantee_id"), ["grantee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_permissions_level"), ["level"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_permissions_role"), ["role"], unique=False)

    op.create_table(
        "credential_tags",
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credentials.id"], name=op.f("fk_credential_tags_credential_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_credential_tags_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("credential_id", "tag_id", name=op.f("pk_credential_tags")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("credential_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credential_tags_tag_id"), ["tag_id"], unique=False)

    op.create_table(
        "credential_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credentials.id"], name=op.f("fk_credential_versions_credential_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_credential_versions_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential_versions")),
        sa.UniqueConstraint("credential_id", "number", name=op.f("uq_credential_versions_credential_id_number")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("credential_versions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credential_versions_credential_id"), ["credential_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_versions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "share_links",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("view_limit", sa.Integer(), nullable=False),
        sa.Column("claim_count", sa.Integer(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("claim_count BETWEEN 0 AND view_limit", name=op.f("ck_share_links_claim_count")),
        sa.CheckConstraint("view_limit >= 1", name=op.f("ck_share_links_view_limit")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_share_links_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credentials.id"], name=op.f("fk_share_links_credential_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_share_links_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_links")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_share_links_secret_hash")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("share_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_share_links_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_share_links_credential_id"), ["credential_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_share_links_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_share_links_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    # A table takes its indexes along; MariaDB refuses to drop one that a foreign key leans on.
    op.drop_table("share_links")
    op.drop_table("credential_versions")
    op.drop_table("credential_tags")
    op.drop_table("credential_permissions")
    op.drop_table("credential_links")
    op.drop_table("credentials")
    op.drop_table("settings_overrides")
    op.drop_table("jobs")
    op.drop_table("data_keys")
    op.drop_table("credential_audit_log")
    op.drop_table("schema_migrations")
