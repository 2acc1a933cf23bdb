"""work and billing

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from claudetools.kit.db.types import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "labour_types",
        sa.Column(
            "name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("minimum_minutes", sa.Integer(), nullable=False),
        sa.Column("increment_minutes", sa.Integer(), nullable=False),
        sa.Column(
            "rounding",
            sa.Enum("up", "down", "nearest", name="rounding", native_enum=False, create_constraint=True, length=40),
            nullable=False,
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
        sa.CheckConstraint("increment_minutes >= 1", name=op.f("ck_labour_types_increment")),
        sa.CheckConstraint("minimum_minutes >= 0", name=op.f("ck_labour_types_minimum")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labour_types")),
        sa.UniqueConstraint("name", name=op.f("uq_labour_types_name")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("labour_types", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_labour_types_is_active"), ["is_active"], unique=False)

    op.create_table(
        "rate_rules",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("labour_type_id", sa.Uuid(), nullable=True),
        sa.Column("technician_id", sa.Uuid(), nullable=True),
        sa.Column(
            "name",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("hourly_rate", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("valid_from_on", sa.Date(), nullable=True),
        sa.Column("valid_to_on", sa.Date(), nullable=True),
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
            ["client_id"], ["clients.id"], name=op.f("fk_rate_rules_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["labour_type_id"], ["labour_types.id"], name=op.f("fk_rate_rules_labour_type_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_rate_rules_project_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["api_users.id"], name=op.f("fk_rate_rules_technician_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_rules")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("rate_rules", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rate_rules_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rate_rules_is_active"), ["is_active"], unique=False)
        batch_op.create_index(batch_op.f("ix_rate_rules_labour_type_id"), ["labour_type_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rate_rules_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_rate_rules_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rate_rules_technician_id"), ["technician_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rate_rules_valid_from_on"), ["valid_from_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_rate_rules_valid_to_on"), ["valid_to_on"], unique=False)

    op.create_table(
        "tasks",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "description",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "type",
            sa.Enum(
                "implementation",
                "research",
                "review",
                "deployment",
                "testing",
                "documentation",
                "bugfix",
                "analysis",
                "other",
                name="tasktype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "in_progress",
                "blocked",
                "completed",
                "cancelled",
                name="taskstatus",
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
        sa.Column("blocking_reason", sa.String(length=500), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("estimated_minutes", sa.Integer(), nullable=True),
        sa.Column("actual_minutes", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("completed_at", Instant(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["api_users.id"], name=op.f("fk_tasks_assignee_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_tasks_client_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["parent_id"], ["tasks.id"], name=op.f("fk_tasks_parent_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_tasks_project_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_tasks_session_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tasks_assignee_id"), ["assignee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_completed_at"), ["completed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_due_on"), ["due_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_priority"), ["priority"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_type"), ["type"], unique=False)

    op.create_table(
        "work_items",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column(
            "category",
            sa.Enum(
                "infrastructure",
                "troubleshooting",
                "configuration",
                "development",
                "maintenance",
                "security",
                "documentation",
                name="workitemcategory",
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
            nullable=True,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "in_progress",
                "blocked",
                "deferred",
                "completed",
                name="workitemstatus",
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
        sa.Column("is_billable", sa.Boolean(), nullable=False),
        sa.Column("estimated_minutes", sa.Integer(), nullable=True),
        sa.Column("actual_minutes", sa.Integer(), nullable=True),
        sa.Column("affected_systems", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("technologies_used", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("completed_at", Instant(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_work_items_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_work_items_session_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_items")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("work_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_work_items_category"), ["category"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_items_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_items_completed_at"), ["completed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_items_is_billable"), ["is_billable"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_items_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_items_status"), ["status"], unique=False)

    op.create_table(
        "billable_time",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("work_item_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("labour_type_id", sa.Uuid(), nullable=True),
        sa.Column(
            "description",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("actual_minutes", sa.Integer(), nullable=False),
        sa.Column("billable_minutes", sa.Integer(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "billable",
                "no_charge",
                "do_not_bill",
                name="decision",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("decision_reason", sa.String(length=500), nullable=True),
        sa.Column("hourly_rate", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("amount", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("explanation", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "submitted",
                "approved",
                "pushed",
                name="billingstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("external_id", sa.String(length=64), nullable=True),
        sa.Column("is_invoiced", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_billable_time_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["labour_type_id"], ["labour_types.id"], name=op.f("fk_billable_time_labour_type_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_billable_time_project_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_billable_time_session_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_billable_time_user_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_billable_time_work_item_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billable_time")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("billable_time", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_billable_time_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billable_time_decision"), ["decision"], unique=False)
        batch_op.create_index(batch_op.f("ix_billable_time_external_id"), ["external_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billable_time_is_invoiced"), ["is_invoiced"], unique=False)
        batch_op.create_index(batch_op.f("ix_billable_time_labour_type_id"), ["labour_type_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billable_time_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billable_time_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billable_time_started_at"), ["started_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_billable_time_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_billable_time_user_id"), ["user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billable_time_work_item_id"), ["work_item_id"], unique=False)

    op.create_table(
        "commands_run",
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("infrastructure_id", sa.Uuid(), nullable=True),
        sa.Column(
            "shell",
            sa.Enum(
                "bash",
                "sh",
                "zsh",
                "powershell",
                "cmd",
                "ssh",
                "sql",
                "other",
                name="shell",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "command",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("is_success", sa.Boolean(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column(
            "output_summary",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "failure_pattern",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "resolution",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("work_item_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_commands_run_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_commands_run_infrastructure_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name=op.f("fk_commands_run_machine_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_commands_run_session_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_commands_run_work_item_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands_run")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("commands_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_commands_run_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_commands_run_infrastructure_id"), ["infrastructure_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_commands_run_is_success"), ["is_success"], unique=False)
        batch_op.create_index(batch_op.f("ix_commands_run_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_commands_run_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_commands_run_shell"), ["shell"], unique=False)
        batch_op.create_index(batch_op.f("ix_commands_run_work_item_id"), ["work_item_id"], unique=False)

    op.create_table(
        "database_changes",
        sa.Column("infrastructure_id", sa.Uuid(), nullable=True),
        sa.Column("database_name", sa.String(length=200), nullable=False),
        sa.Column(
            "change_type",
            sa.Enum(
                "schema",
                "data",
                "index",
                "permissions",
                "optimisation",
                "cleanup",
                "migration",
                name="databasechangetype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "statement",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("rows_affected", sa.BigInteger(), nullable=True),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        sa.Column(
            "backup_location",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("work_item_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_database_changes_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_database_changes_infrastructure_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_database_changes_session_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_database_changes_work_item_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_database_changes")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("database_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_database_changes_change_type"), ["change_type"], unique=False)
        batch_op.create_index(batch_op.f("ix_database_changes_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_database_changes_database_name"), ["database_name"], unique=False)
        batch_op.create_index(batch_op.f("ix_database_changes_infrastructure_id"), ["infrastructure_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_database_changes_is_backed_up"), ["is_backed_up"], unique=False)
        batch_op.create_index(batch_op.f("ix_database_changes_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_database_changes_work_item_id"), ["work_item_id"], unique=False)

    op.create_table(
        "deployments",
        sa.Column("infrastructure_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column(
            "type",
            sa.Enum(
                "code",
                "configuration",
                "database",
                "container",
                "package",
                "service_restart",
                name="deploymenttype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("version_label", sa.String(length=64), nullable=True),
        sa.Column(
            "deployed_from",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "deployed_to",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "method",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "in_progress",
                "succeeded",
                "failed",
                "rolled_back",
                name="deploymentstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("deployed_at", Instant(), nullable=True),
        sa.Column(
            "rollback_plan",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "notes",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("work_item_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_deployments_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_deployments_infrastructure_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name=op.f("fk_deployments_service_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_deployments_session_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_deployments_work_item_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("deployments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deployments_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deployments_deployed_at"), ["deployed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_deployments_infrastructure_id"), ["infrastructure_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deployments_service_id"), ["service_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deployments_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deployments_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_deployments_type"), ["type"], unique=False)
        batch_op.create_index(batch_op.f("ix_deployments_version_label"), ["version_label"], unique=False)
        batch_op.create_index(batch_op.f("ix_deployments_work_item_id"), ["work_item_id"], unique=False)

    op.create_table(
        "file_changes",
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column(
            "path",
            sa.String(length=500)
            .with_variant(sa.String(length=500, collation="utf8mb4_bin"), "mariadb")
            .with_variant(sa.String(length=500, collation="utf8mb4_bin"), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "former_path",
            sa.String(length=500)
            .with_variant(sa.String(length=500, collation="utf8mb4_bin"), "mariadb")
            .with_variant(sa.String(length=500, collation="utf8mb4_bin"), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "change_type",
            sa.Enum(
                "created",
                "modified",
                "deleted",
                "renamed",
                name="filechangetype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("lines_added", sa.Integer(), nullable=True),
        sa.Column("lines_removed", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("work_item_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_file_changes_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name=op.f("fk_file_changes_machine_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_file_changes_session_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_file_changes_work_item_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_changes")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("file_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_file_changes_change_type"), ["change_type"], unique=False)
        batch_op.create_index(batch_op.f("ix_file_changes_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_file_changes_content_hash"), ["content_hash"], unique=False)
        batch_op.create_index(batch_op.f("ix_file_changes_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_file_changes_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_file_changes_work_item_id"), ["work_item_id"], unique=False)

    op.create_table(
        "infrastructure_changes",
        sa.Column("infrastructure_id", sa.Uuid(), nullable=True),
        sa.Column(
            "category",
            sa.Enum(
                "dns",
                "firewall",
                "routing",
                "network",
                "vpn",
                "certificate",
                "container",
                "hypervisor",
                "server",
                "storage",
                "identity",
                "mail",
                "other",
                name="changecategory",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "change_type",
            sa.Enum(
                "created",
                "modified",
                "deleted",
                "restarted",
                "migrated",
                name="changetype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "state_before",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "state_after",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "rollback_procedure",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("is_permanent", sa.Boolean(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("work_item_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_infrastructure_changes_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_infrastructure_changes_infrastructure_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_infrastructure_changes_session_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["work_item_id"],
            ["work_items.id"],
            name=op.f("fk_infrastructure_changes_work_item_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_infrastructure_changes")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("infrastructure_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_infrastructure_changes_category"), ["category"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_changes_change_type"), ["change_type"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_changes_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_infrastructure_changes_infrastructure_id"), ["infrastructure_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_infrastructure_changes_is_permanent"), ["is_permanent"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_changes_is_verified"), ["is_verified"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_changes_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_infrastructure_changes_work_item_id"), ["work_item_id"], unique=False)

    op.create_table(
        "pending_tasks",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("work_item_id", sa.Uuid(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "description",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
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
            "status",
            sa.Enum(
                "open",
                "in_progress",
                "blocked",
                "done",
                "cancelled",
                name="pendingtaskstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("blocked_by", sa.String(length=500), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_by_id", sa.Uuid(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["api_users.id"], name=op.f("fk_pending_tasks_assignee_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_pending_tasks_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["done_by_id"], ["api_users.id"], name=op.f("fk_pending_tasks_done_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_pending_tasks_project_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_pending_tasks_work_item_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_tasks")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("pending_tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pending_tasks_assignee_id"), ["assignee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pending_tasks_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pending_tasks_done_at"), ["done_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_pending_tasks_done_by_id"), ["done_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pending_tasks_due_on"), ["due_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_pending_tasks_priority"), ["priority"], unique=False)
        batch_op.create_index(batch_op.f("ix_pending_tasks_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pending_tasks_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_pending_tasks_work_item_id"), ["work_item_id"], unique=False)

    op.create_table(
        "problem_solutions",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("work_item_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "symptom",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column(
            "error_message",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "investigation",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "root_cause",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "solution",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "verification",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column(
            "prevention",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("recurrence_count", sa.Integer(), nullable=False),
        sa.Column("last_recurred_at", Instant(), nullable=True),
        sa.Column("tags", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_problem_solutions_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_problem_solutions_session_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_problem_solutions_work_item_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_solutions")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("problem_solutions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_problem_solutions_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_problem_solutions_error_code"), ["error_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_problem_solutions_recurrence_count"), ["recurrence_count"], unique=False)
        batch_op.create_index(batch_op.f("ix_problem_solutions_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_problem_solutions_work_item_id"), ["work_item_id"], unique=False)

    op.create_table(
        "work_item_tags",
        sa.Column("work_item_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_work_item_tags_tag_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_work_item_tags_work_item_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("work_item_id", "tag_id", name=op.f("pk_work_item_tags")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("work_item_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_work_item_tags_tag_id"), ["tag_id"], unique=False)

    op.create_table(
        "timers",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("work_item_id", sa.Uuid(), nullable=True),
        sa.Column("labour_type_id", sa.Uuid(), nullable=True),
        sa.Column("billable_time_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("running_for_user_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("stopped_at", Instant(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["billable_time_id"], ["billable_time.id"], name=op.f("fk_timers_billable_time_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_timers_client_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["labour_type_id"], ["labour_types.id"], name=op.f("fk_timers_labour_type_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_timers_session_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["api_users.id"], name=op.f("fk_timers_user_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["work_item_id"], ["work_items.id"], name=op.f("fk_timers_work_item_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint("running_for_user_id", name=op.f("uq_timers_running_for_user_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("timers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_timers_billable_time_id"), ["billable_time_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_timers_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_timers_labour_type_id"), ["labour_type_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_timers_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_timers_started_at"), ["started_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_timers_stopped_at"), ["stopped_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_timers_user_id"), ["user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_timers_work_item_id"), ["work_item_id"], unique=False)


def downgrade() -> None:
    # A table takes its indexes along; MariaDB refuses to drop one that a foreign key leans on.
    op.drop_table("timers")
    op.drop_table("work_item_tags")
    op.drop_table("problem_solutions")
    op.drop_table("pending_tasks")
    op.drop_table("infrastructure_changes")
    op.drop_table("file_changes")
    op.drop_table("deployments")
    op.drop_table("database_changes")
    op.drop_table("commands_run")
    op.drop_table("billable_time")
    op.drop_table("work_items")
    op.drop_table("tasks")
    op.drop_table("rate_rules")
    op.drop_table("labour_types")
