"""first schema

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from claudetools.kit.db.types import Instant, exact

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_users",
        sa.Column(
            "email",
            sa.String(length=254).with_variant(sa.String(length=254, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("display_name", sa.String(length=200), nullable=False),
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
            nullable=False,
        ),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.Column(
            "client_access",
            sa.Enum("all", "listed", name="clientaccess", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_users")),
        sa.UniqueConstraint("email", name=op.f("uq_api_users_email")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "clients",
        sa.Column(
            "name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "short_code",
            sa.String(length=32).with_variant(sa.String(length=32, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "type",
            sa.Enum(
                "msp_client",
                "internal",
                "project",
                name="clienttype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("network_subnet", sa.String(length=64), nullable=True),
        sa.Column(
            "domain_name",
            sa.String(length=255).with_variant(sa.String(length=255, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column("m365_tenant_name", sa.String(length=200), nullable=True),
        sa.Column("primary_contact", sa.String(length=200), nullable=True),
        sa.Column("hourly_rate", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sa.UniqueConstraint("name", name=op.f("uq_clients_name")),
        sa.UniqueConstraint("short_code", name=op.f("uq_clients_short_code")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clients_domain_name"), ["domain_name"], unique=False)
        batch_op.create_index(batch_op.f("ix_clients_is_active"), ["is_active"], unique=False)
        batch_op.create_index(batch_op.f("ix_clients_type"), ["type"], unique=False)

    op.create_table(
        "memory_clock",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memory_clock")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "memory_deletions",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("change_sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_memory_deletions")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("memory_deletions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_memory_deletions_change_sequence"), ["change_sequence"], unique=False)

    op.create_table(
        "tags",
        sa.Column(
            "name",
            sa.String(length=64).with_variant(sa.String(length=64, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("category", sa.String(length=64), nullable=True),
        sa.Column("colour", sa.String(length=7), nullable=True),
        sa.Column(
            "description",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("name", name=op.f("uq_tags_name")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tags_category"), ["category"], unique=False)

    op.create_table(
        "login_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=True),
        sa.Column("agent", sa.String(length=200), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("revoked_reason", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_login_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_sessions")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("login_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "machines",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "hostname",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("friendly_name", sa.String(length=200), nullable=True),
        sa.Column("machine_type", sa.String(length=64), nullable=True),
        sa.Column("platform", sa.String(length=64), nullable=True),
        sa.Column("os_version", sa.String(length=200), nullable=True),
        sa.Column("username", sa.String(length=200), nullable=True),
        sa.Column("home_directory", sa.String(length=500), nullable=True),
        sa.Column("has_vpn_access", sa.Boolean(), nullable=False),
        sa.Column("vpn_profiles", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("has_docker", sa.Boolean(), nullable=False),
        sa.Column("has_powershell", sa.Boolean(), nullable=False),
        sa.Column("has_ssh", sa.Boolean(), nullable=False),
        sa.Column("has_git", sa.Boolean(), nullable=False),
        sa.Column("powershell_version", sa.String(length=64), nullable=True),
        sa.Column("typical_network_location", sa.String(length=200), nullable=True),
        sa.Column("static_ip", sa.String(length=64), nullable=True),
        sa.Column("claude_working_directory", sa.String(length=500), nullable=True),
        sa.Column("additional_working_dirs", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("installed_tools", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("available_mcps", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("mcp_capabilities", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("available_skills", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("client_version", sa.String(length=64), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=True),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["api_users.id"], name=op.f("fk_machines_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machines")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_machines_fingerprint")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("machines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_machines_user_id"), ["user_id"], unique=False)

    op.create_table(
        "projects",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column(
            "name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "slug",
            sa.String(length=64).with_variant(sa.String(length=64, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("category", sa.String(length=64), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "active",
                "on_hold",
                "completed",
                "cancelled",
                name="projectstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "priority",
            sa.Enum(
                "low",
                "medium",
                "high",
                "critical",
                name="priority",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "description",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("technologies", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("repository_urls", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("local_paths", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("target_on", sa.Date(), nullable=True),
        sa.Column("estimated_hours", sa.Numeric(precision=8, scale=2), nullable=True),
        sa.Column("actual_hours", sa.Numeric(precision=8, scale=2), nullable=True),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_projects_client_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("client_id", "slug", name=op.f("uq_projects_client_id_slug")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_projects_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_projects_status"), ["status"], unique=False)

    op.create_table(
        "user_client_access",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "read", "write", "reveal", name="accesslevel", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_user_client_access_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_user_client_access_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "client_id", name=op.f("pk_user_client_access")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("user_client_access", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_client_access_client_id"), ["client_id"], unique=False)

    op.create_table(
        "api_tokens",
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "personal",
                "machine",
                "integration",
                name="tokenkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("client_ids", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name=op.f("fk_api_tokens_machine_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["api_users.id"], name=op.f("fk_api_tokens_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_tokens_public_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("api_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_tokens_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_api_tokens_user_id"), ["user_id"], unique=False)

    op.create_table(
        "claude_bindings",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("git_remote", sa.String(length=500), nullable=True),
        sa.Column("folder", exact(500), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_claude_bindings_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name=op.f("fk_claude_bindings_machine_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_claude_bindings_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claude_bindings")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("claude_bindings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_claude_bindings_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_claude_bindings_git_remote"), ["git_remote"], unique=False)
        batch_op.create_index(batch_op.f("ix_claude_bindings_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_claude_bindings_project_id"), ["project_id"], unique=False)

    op.create_table(
        "machine_folders",
        sa.Column("machine_id", sa.Uuid(), nullable=False),
        sa.Column("folder", exact(500), nullable=False),
        sa.Column("git_remote", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name=op.f("fk_machine_folders_machine_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("machine_id", "folder", name=op.f("pk_machine_folders")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["login_sessions.id"], name=op.f("fk_refresh_tokens_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_refresh_tokens_token_hash")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("refresh_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refresh_tokens_session_id"), ["session_id"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("claude_session_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "in_progress",
                "completed",
                "abandoned",
                name="sessionstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("billable_minutes", sa.Integer(), nullable=True),
        sa.Column(
            "summary",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("model_usage", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("working_directory", sa.String(length=500), nullable=True),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_sessions_client_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name=op.f("fk_sessions_machine_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_sessions_project_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["api_users.id"], name=op.f("fk_sessions_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_started_at"), ["started_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "conversation_contexts",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "context_type",
            sa.Enum(
                "session_summary",
                "project_state",
                "general",
                "turn_digest",
                "compaction",
                name="contexttype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "dense_summary",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("key_decisions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("current_state", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("tags", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("relevance_score", sa.Double(), nullable=False),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.Column("source_references", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_conversation_contexts_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name=op.f("fk_conversation_contexts_machine_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_conversation_contexts_project_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_conversation_contexts_session_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_conversation_contexts_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_contexts")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("conversation_contexts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conversation_contexts_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_conversation_contexts_context_type"), ["context_type"], unique=False)
        batch_op.create_index(batch_op.f("ix_conversation_contexts_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_conversation_contexts_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_conversation_contexts_relevance_score"), ["relevance_score"], unique=False)
        batch_op.create_index(batch_op.f("ix_conversation_contexts_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_conversation_contexts_user_id"), ["user_id"], unique=False)

    op.create_table(
        "session_tags",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_session_tags_session_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_session_tags_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session_id", "tag_id", name=op.f("pk_session_tags")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("session_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_tags_tag_id"), ["tag_id"], unique=False)

    op.create_table(
        "transcripts",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("working_directory", sa.String(length=500), nullable=True),
        sa.Column("received_bytes", sa.BigInteger(), nullable=False),
        sa.Column("last_uuid", sa.String(length=64), nullable=True),
        sa.Column("last_prompt_id", sa.String(length=64), nullable=True),
        sa.Column("compacted_at", Instant(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_transcripts_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name=op.f("fk_transcripts_machine_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_transcripts_project_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_transcripts_session_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_transcripts_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcripts")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("transcripts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transcripts_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transcripts_key"), ["key"], unique=False)
        batch_op.create_index(batch_op.f("ix_transcripts_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transcripts_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transcripts_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transcripts_user_id"), ["user_id"], unique=False)

    op.create_table(
        "memory_injections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("transcript_id", sa.Uuid(), nullable=True),
        sa.Column("prompt_id", sa.String(length=64), nullable=True),
        sa.Column("surface", sa.String(length=20), nullable=False),
        sa.Column("items", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("considered", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("elapsed_ms", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_memory_injections_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name=op.f("fk_memory_injections_machine_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["transcript_id"], ["transcripts.id"], name=op.f("fk_memory_injections_transcript_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_memory_injections_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memory_injections")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("memory_injections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_memory_injections_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_injections_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_injections_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index("ix_memory_injections_transcript", ["transcript_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_injections_user_id"), ["user_id"], unique=False)

    op.create_table(
        "memory_items",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("transcript_id", sa.Uuid(), nullable=True),
        sa.Column("group_key", sa.String(length=200), nullable=True),
        sa.Column("source_table", sa.String(length=64), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("turn_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("speaker", sa.String(length=100), nullable=False),
        sa.Column(
            "text",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("tags", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("said_at", Instant(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("importance", sa.Double(), nullable=False),
        sa.Column("trust", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("is_pinned", sa.Boolean(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("retired_at", Instant(), nullable=True),
        sa.Column("superseded_by_id", sa.Uuid(), nullable=True),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.Column("feedback", sa.Integer(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.Column("embedding", sa.LargeBinary(length=1024), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("change_sequence", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_memory_items_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name=op.f("fk_memory_items_machine_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_memory_items_project_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by_id"],
            ["memory_items.id"],
            name=op.f("fk_memory_items_superseded_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["transcript_id"], ["transcripts.id"], name=op.f("fk_memory_items_transcript_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_memory_items_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memory_items")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("memory_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_memory_items_change_sequence"), ["change_sequence"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_items_content_hash"), ["content_hash"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_items_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_items_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index("ix_memory_items_newest", ["client_id", "kind", "said_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_items_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_items_said_at"), ["said_at"], unique=False)
        batch_op.create_index("ix_memory_items_source", ["source_table", "source_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_items_superseded_by_id"), ["superseded_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_items_transcript_id"), ["transcript_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_items_user_id"), ["user_id"], unique=False)

    op.create_table(
        "transcript_turns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transcript_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("role", sa.String(length=100), nullable=False),
        sa.Column("prompt_id", sa.String(length=64), nullable=True),
        sa.Column("agent_id", sa.String(length=64), nullable=True),
        sa.Column("line_uuid", sa.String(length=64), nullable=True),
        sa.Column(
            "text",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("tool", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("redactions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("said_at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transcript_id"], ["transcripts.id"], name=op.f("fk_transcript_turns_transcript_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript_turns")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("transcript_turns", schema=None) as batch_op:
        batch_op.create_index("ix_transcript_turns_group", ["transcript_id", "prompt_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transcript_turns_said_at"), ["said_at"], unique=False)
    op.execute("INSERT INTO memory_clock (id, value) VALUES (1, 0)")


def downgrade() -> None:
    # A table takes its indexes along; MariaDB refuses to drop one that a foreign key leans on.
    op.drop_table("transcript_turns")
    op.drop_table("memory_items")
    op.drop_table("memory_injections")
    op.drop_table("transcripts")
    op.drop_table("session_tags")
    op.drop_table("conversation_contexts")
    op.drop_table("sessions")
    op.drop_table("refresh_tokens")
    op.drop_table("machine_folders")
    op.drop_table("claude_bindings")
    op.drop_table("api_tokens")
    op.drop_table("user_client_access")
    op.drop_table("projects")
    op.drop_table("machines")
    op.drop_table("login_sessions")
    op.drop_table("tags")
    op.drop_table("memory_deletions")
    op.drop_table("memory_clock")
    op.drop_table("clients")
    op.drop_table("api_users")
