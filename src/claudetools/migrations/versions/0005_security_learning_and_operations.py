"""security learning and operations

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from claudetools.kit.db.types import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backup_schedules",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("cron", sa.String(length=100), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "daily", "weekly", "monthly", name="scheduletype", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("retention_count", sa.Integer(), nullable=False),
        sa.Column("destination", sa.String(length=500), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("last_run_at", Instant(), nullable=True),
        sa.Column("next_run_at", Instant(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("retention_count >= 1", name=op.f("ck_backup_schedules_retention")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_backup_schedules_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup_schedules")),
        sa.UniqueConstraint("name", name=op.f("uq_backup_schedules_name")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("backup_schedules", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_backup_schedules_is_enabled"), ["is_enabled"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_schedules_last_run_at"), ["last_run_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_schedules_next_run_at"), ["next_run_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_schedules_type"), ["type"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_schedules_user_id"), ["user_id"], unique=False)

    op.create_table(
        "integration_credentials",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column(
            "name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "type",
            sa.Enum(
                "oauth",
                "api_key",
                "basic",
                name="integrationcredentialtype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "service_name",
            sa.String(length=64).with_variant(sa.String(length=64, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("last_tested_at", Instant(), nullable=True),
        sa.Column(
            "last_test_result",
            sa.Enum(
                "passed", "failed", name="credentialtestresult", native_enum=False, create_constraint=True, length=40
            ),
            nullable=True,
        ),
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
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_integration_credentials_client_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_credentials")),
        sa.UniqueConstraint("client_id", "name", name=op.f("uq_integration_credentials_client_id_name")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("integration_credentials", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_integration_credentials_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_integration_credentials_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_integration_credentials_is_active"), ["is_active"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_integration_credentials_last_test_result"), ["last_test_result"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_integration_credentials_last_tested_at"), ["last_tested_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_integration_credentials_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_integration_credentials_service_name"), ["service_name"], unique=False)
        batch_op.create_index(batch_op.f("ix_integration_credentials_type"), ["type"], unique=False)

    op.create_table(
        "learning_metrics",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("measured_on", sa.Date(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("warnings_given", sa.Integer(), nullable=False),
        sa.Column("warnings_heeded", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("repeats <= failures", name=op.f("ck_learning_metrics_repeats")),
        sa.CheckConstraint("warnings_heeded <= warnings_given", name=op.f("ck_learning_metrics_warnings")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_learning_metrics_client_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_metrics")),
        sa.UniqueConstraint("client_id", "measured_on", name=op.f("uq_learning_metrics_client_id_measured_on")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("learning_metrics", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_learning_metrics_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_learning_metrics_measured_on"), ["measured_on"], unique=False)

    op.create_table(
        "backup_log",
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("schedule_id", sa.Uuid(), nullable=True),
        sa.Column(
            "type",
            sa.Enum(
                "daily",
                "weekly",
                "monthly",
                "manual",
                "pre_migration",
                name="backuptype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "method",
            sa.Enum(
                "online", "dump", "snapshot", name="backupmethod", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("completed_at", Instant(), nullable=True),
        sa.Column(
            "verification",
            sa.Enum(
                "passed",
                "failed",
                "not_verified",
                name="backupverification",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("verified_at", Instant(), nullable=True),
        sa.Column(
            "detail",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("completed_at >= started_at", name=op.f("ck_backup_log_order")),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["backup_schedules.id"], name=op.f("fk_backup_log_schedule_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["api_users.id"], name=op.f("fk_backup_log_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup_log")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("backup_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_backup_log_completed_at"), ["completed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_log_method"), ["method"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_log_schedule_id"), ["schedule_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_log_sha256"), ["sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_log_size_bytes"), ["size_bytes"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_log_started_at"), ["started_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_log_type"), ["type"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_log_user_id"), ["user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_log_verification"), ["verification"], unique=False)
        batch_op.create_index(batch_op.f("ix_backup_log_verified_at"), ["verified_at"], unique=False)

    op.create_table(
        "failure_patterns",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("infrastructure_id", sa.Uuid(), nullable=True),
        sa.Column(
            "signature",
            sa.String(length=500)
            .with_variant(sa.String(length=500, collation="utf8mb4_bin"), "mariadb")
            .with_variant(sa.String(length=500, collation="utf8mb4_bin"), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "sample_error",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("error_class", sa.String(length=64), nullable=True),
        sa.Column(
            "scope",
            sa.Enum(
                "client",
                "infrastructure",
                "os",
                "tool",
                name="patternscope",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("scope_subject", sa.String(length=500), nullable=True),
        sa.Column(
            "cause",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "works_instead",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "severity",
            sa.Enum(
                "low",
                "medium",
                "high",
                "critical",
                name="severity",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "origin",
            sa.Enum("auto", "confirmed", name="patternorigin", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("occurrence_count", sa.Integer(), nullable=False),
        sa.Column("session_count", sa.Integer(), nullable=False),
        sa.Column("machine_count", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=True),
        sa.Column("last_seen_at", Instant(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_failure_patterns_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_failure_patterns_infrastructure_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_failure_patterns_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failure_patterns")),
        sa.UniqueConstraint("client_id", "signature", name=op.f("uq_failure_patterns_client_id_signature")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("failure_patterns", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_failure_patterns_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_failure_patterns_client_id_last_seen_at"), ["client_id", "last_seen_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_failure_patterns_error_class"), ["error_class"], unique=False)
        batch_op.create_index(batch_op.f("ix_failure_patterns_first_seen_at"), ["first_seen_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_failure_patterns_infrastructure_id"), ["infrastructure_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_failure_patterns_is_active"), ["is_active"], unique=False)
        batch_op.create_index(batch_op.f("ix_failure_patterns_last_seen_at"), ["last_seen_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_failure_patterns_occurrence_count"), ["occurrence_count"], unique=False)
        batch_op.create_index(batch_op.f("ix_failure_patterns_origin"), ["origin"], unique=False)
        batch_op.create_index(batch_op.f("ix_failure_patterns_scope"), ["scope"], unique=False)
        batch_op.create_index(batch_op.f("ix_failure_patterns_severity"), ["severity"], unique=False)
        batch_op.create_index(batch_op.f("ix_failure_patterns_signature"), ["signature"], unique=False)
        batch_op.create_index(batch_op.f("ix_failure_patterns_user_id"), ["user_id"], unique=False)

    op.create_table(
        "environmental_insights",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("infrastructure_id", sa.Uuid(), nullable=True),
        sa.Column("pattern_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column(
            "category",
            sa.Enum(
                "command_constraints",
                "service_configuration",
                "version_limitations",
                "custom_installations",
                "network_constraints",
                "permissions",
                name="insightcategory",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "description",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("examples", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "confidence",
            sa.Enum(
                "confirmed",
                "likely",
                "suspected",
                name="confidence",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("verified_at", Instant(), nullable=True),
        sa.Column("verified_by_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("superseded_by_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("priority BETWEEN 1 AND 10", name=op.f("ck_environmental_insights_priority")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_environmental_insights_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_environmental_insights_infrastructure_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["pattern_id"],
            ["failure_patterns.id"],
            name=op.f("fk_environmental_insights_pattern_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_environmental_insights_session_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by_id"],
            ["environmental_insights.id"],
            name=op.f("fk_environmental_insights_superseded_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["verified_by_id"],
            ["api_users.id"],
            name=op.f("fk_environmental_insights_verified_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_environmental_insights")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("environmental_insights", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_environmental_insights_category"), ["category"], unique=False)
        batch_op.create_index(batch_op.f("ix_environmental_insights_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_environmental_insights_client_id_priority"), ["client_id", "priority"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_environmental_insights_confidence"), ["confidence"], unique=False)
        batch_op.create_index(batch_op.f("ix_environmental_insights_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_environmental_insights_infrastructure_id"), ["infrastructure_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_environmental_insights_pattern_id"), ["pattern_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_environmental_insights_priority"), ["priority"], unique=False)
        batch_op.create_index(batch_op.f("ix_environmental_insights_session_id"), ["session_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_environmental_insights_superseded_by_id"), ["superseded_by_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_environmental_insights_verified_at"), ["verified_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_environmental_insights_verified_by_id"), ["verified_by_id"], unique=False)

    op.create_table(
        "external_integrations",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("work_item_id", sa.Uuid(), nullable=True),
        sa.Column(
            "type",
            sa.String(length=64).with_variant(sa.String(length=64, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "direction",
            sa.Enum("outbound", "inbound", name="calldirection", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column(
            "action",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("external_url", sa.String(length=500), nullable=True),
        sa.Column("request", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("response", sa.JSON(none_as_null=True), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "succeeded",
                "failed",
                "timed_out",
                name="callstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "error",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_external_integrations_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_external_integrations_session_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_external_integrations_user_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_external_integrations_work_item_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_integrations")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("external_integrations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_external_integrations_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_external_integrations_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_external_integrations_client_id_created_at"), ["client_id", "created_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_external_integrations_direction"), ["direction"], unique=False)
        batch_op.create_index(batch_op.f("ix_external_integrations_duration_ms"), ["duration_ms"], unique=False)
        batch_op.create_index(batch_op.f("ix_external_integrations_external_id"), ["external_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_external_integrations_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_external_integrations_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_external_integrations_type"), ["type"], unique=False)
        batch_op.create_index(batch_op.f("ix_external_integrations_user_id"), ["user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_external_integrations_work_item_id"), ["work_item_id"], unique=False)

    op.create_table(
        "operation_failures",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("work_item_id", sa.Uuid(), nullable=True),
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("infrastructure_id", sa.Uuid(), nullable=True),
        sa.Column("pattern_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "command",
                "api",
                "file",
                "network",
                "tool",
                name="operationkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "operation",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("target", sa.String(length=500), nullable=True),
        sa.Column(
            "error_message",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("error_class", sa.String(length=64), nullable=True),
        sa.Column(
            "signature",
            sa.String(length=500)
            .with_variant(sa.String(length=500, collation="utf8mb4_bin"), "mariadb")
            .with_variant(sa.String(length=500, collation="utf8mb4_bin"), "mysql"),
            nullable=False,
        ),
        sa.Column("context", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "resolution",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_operation_failures_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_operation_failures_infrastructure_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name=op.f("fk_operation_failures_machine_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["pattern_id"], ["failure_patterns.id"], name=op.f("fk_operation_failures_pattern_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_operation_failures_session_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_operation_failures_user_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_operation_failures_work_item_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation_failures")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("operation_failures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_operation_failures_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_operation_failures_client_id_created_at"), ["client_id", "created_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_operation_failures_error_class"), ["error_class"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_operation_failures_infrastructure_id"), ["infrastructure_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_operation_failures_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_operation_failures_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(
            "ix_operation_failures_seen", ["pattern_id", "session_id", "machine_id", "created_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_operation_failures_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_operation_failures_signature"), ["signature"], unique=False)
        batch_op.create_index(batch_op.f("ix_operation_failures_user_id"), ["user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_operation_failures_work_item_id"), ["work_item_id"], unique=False)

    op.create_table(
        "security_incidents",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("infrastructure_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column(
            "type",
            sa.Enum(
                "malware",
                "ransomware",
                "phishing",
                "account_compromise",
                "unauthorised_access",
                "data_leak",
                "denial_of_service",
                "vulnerability",
                "misconfiguration",
                "lost_device",
                "other",
                name="incidenttype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "severity",
            sa.Enum(
                "low",
                "medium",
                "high",
                "critical",
                name="severity",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "investigating",
                "contained",
                "resolved",
                "closed",
                "false_alarm",
                name="incidentstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("detected_at", Instant(), nullable=False),
        sa.Column("contained_at", Instant(), nullable=True),
        sa.Column("resolved_at", Instant(), nullable=True),
        sa.Column(
            "description",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "findings",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("remediation_steps", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "lessons",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("timeline", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_security_incidents_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_security_incidents_infrastructure_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name=op.f("fk_security_incidents_service_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name=op.f("fk_security_incidents_site_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_incidents")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("security_incidents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_security_incidents_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_security_incidents_client_id_detected_at"), ["client_id", "detected_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_security_incidents_contained_at"), ["contained_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_security_incidents_detected_at"), ["detected_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_security_incidents_infrastructure_id"), ["infrastructure_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_security_incidents_resolved_at"), ["resolved_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_security_incidents_service_id"), ["service_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_security_incidents_severity"), ["severity"], unique=False)
        batch_op.create_index(batch_op.f("ix_security_incidents_site_id"), ["site_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_security_incidents_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_security_incidents_type"), ["type"], unique=False)

    op.create_table(
        "ticket_links",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("work_item_id", sa.Uuid(), nullable=True),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column(
            "system",
            sa.Enum(
                "syncro",
                "autotask",
                "connectwise",
                "other",
                name="ticketsystem",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "ticket_id",
            sa.String(length=64).with_variant(sa.String(length=64, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "number",
            sa.String(length=64).with_variant(sa.String(length=64, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column(
            "status",
            sa.String(length=64).with_variant(sa.String(length=64, collation="NOCASE"), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "link_type",
            sa.Enum(
                "related",
                "resolves",
                "documents",
                name="ticketlinktype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_ticket_links_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_ticket_links_session_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_ticket_links_work_item_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_links")),
        sa.UniqueConstraint(
            "record_id", "system", "ticket_id", name=op.f("uq_ticket_links_record_id_system_ticket_id")
        ),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("ticket_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_links_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_links_link_type"), ["link_type"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_links_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_links_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_links_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_links_system"), ["system"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_links_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_links_work_item_id"), ["work_item_id"], unique=False)

    op.create_table(
        "environmental_examples",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("insight_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column(
            "wrong_command",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "right_command",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "output",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_environmental_examples_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["insight_id"],
            ["environmental_insights.id"],
            name=op.f("fk_environmental_examples_insight_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_environmental_examples_session_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_environmental_examples")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("environmental_examples", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_environmental_examples_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_environmental_examples_insight_id"), ["insight_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_environmental_examples_session_id"), ["session_id"], unique=False)


def downgrade() -> None:
    # A table takes its indexes along; MariaDB refuses to drop one that a foreign key leans on.
    op.drop_table("environmental_examples")
    op.drop_table("ticket_links")
    op.drop_table("security_incidents")
    op.drop_table("operation_failures")
    op.drop_table("external_integrations")
    op.drop_table("environmental_insights")
    op.drop_table("failure_patterns")
    op.drop_table("backup_log")
    op.drop_table("learning_metrics")
    op.drop_table("integration_credentials")
    op.drop_table("backup_schedules")
