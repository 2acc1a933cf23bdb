"""memory records and coordination

Revision ID: 0007
Revises: 0006
"""

import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from claudetools.kit.db.types import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "context_tags",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column(
            "tag",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_bin"), "mysql"),
            nullable=False,
        ),
        sa.Column("record_table", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "tag", name=op.f("pk_context_tags")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("context_tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_context_tags_record_table_tag"), ["record_table", "tag"], unique=False)
    tag_contexts()

    op.create_table(
        "context_snippets",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "category",
            sa.Enum(
                "decision",
                "pattern",
                "lesson",
                "blocker",
                "state",
                "fact",
                "preference",
                "procedure",
                name="snippetcategory",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "dense_content",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("structured_data", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("tags", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("relevance_score", sa.Double(), nullable=False),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("relevance_score BETWEEN 0 AND 10", name=op.f("ck_context_snippets_relevance")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_context_snippets_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_context_snippets_project_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_context_snippets_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_context_snippets")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("context_snippets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_context_snippets_category"), ["category"], unique=False)
        batch_op.create_index(batch_op.f("ix_context_snippets_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_context_snippets_client_id_relevance_score"), ["client_id", "relevance_score"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_context_snippets_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_context_snippets_relevance_score"), ["relevance_score"], unique=False)
        batch_op.create_index(batch_op.f("ix_context_snippets_usage_count"), ["usage_count"], unique=False)
        batch_op.create_index(batch_op.f("ix_context_snippets_user_id"), ["user_id"], unique=False)

    op.create_table(
        "project_states",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("phase", sa.String(length=64), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "on_track",
                "at_risk",
                "blocked",
                "paused",
                "done",
                name="projectstanding",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("progress_percent", sa.Integer(), nullable=False),
        sa.Column(
            "summary",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("blockers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("next_actions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "context_summary",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("key_files", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("important_decisions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("progress_percent BETWEEN 0 AND 100", name=op.f("ck_project_states_progress")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_project_states_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_states_project_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_project_states_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_states")),
        sa.UniqueConstraint("project_id", name=op.f("uq_project_states_project_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("project_states", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_states_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_states_phase"), ["phase"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_states_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_states_user_id"), ["user_id"], unique=False)

    op.create_table(
        "component_states",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "component",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "in_progress",
                "working",
                "blocked",
                "broken",
                "deprecated",
                name="componentstatus",
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
            ["client_id"], ["clients.id"], name=op.f("fk_component_states_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_component_states_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_component_states_session_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_component_states_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_states")),
        sa.UniqueConstraint("project_id", "component", name=op.f("uq_component_states_project_id_component")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("component_states", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_component_states_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_component_states_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_component_states_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_component_states_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_component_states_user_id"), ["user_id"], unique=False)

    op.create_table(
        "decision_logs",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("decision_type", sa.String(length=64), nullable=True),
        sa.Column(
            "decision_text",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "rationale",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("alternatives", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "impact",
            sa.Enum("low", "medium", "high", name="impact", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("tags", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("superseded_by_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_decision_logs_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_decision_logs_project_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_decision_logs_session_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by_id"],
            ["decision_logs.id"],
            name=op.f("fk_decision_logs_superseded_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_decision_logs_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_logs")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("decision_logs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_logs_client_id"), ["client_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_decision_logs_client_id_created_at"), ["client_id", "created_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_decision_logs_decision_type"), ["decision_type"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_logs_impact"), ["impact"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_logs_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_logs_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_logs_superseded_by_id"), ["superseded_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_logs_user_id"), ["user_id"], unique=False)

    op.create_table(
        "messages",
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_user_id", sa.Uuid(), nullable=True),
        sa.Column("recipient_machine_id", sa.Uuid(), nullable=True),
        sa.Column("recipient_session_id", sa.Uuid(), nullable=True),
        sa.Column("reader_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=True),
        sa.Column(
            "body",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_messages_client_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["api_users.id"], name=op.f("fk_messages_reader_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["recipient_machine_id"],
            ["machines.id"],
            name=op.f("fk_messages_recipient_machine_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["recipient_session_id"],
            ["sessions.id"],
            name=op.f("fk_messages_recipient_session_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["recipient_user_id"], ["api_users.id"], name=op.f("fk_messages_recipient_user_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["api_users.id"], name=op.f("fk_messages_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_messages_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_messages_reader_id_created_at"), ["reader_id", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_messages_recipient_machine_id"), ["recipient_machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_messages_recipient_session_id"), ["recipient_session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_messages_recipient_user_id"), ["recipient_user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_messages_user_id"), ["user_id"], unique=False)

    op.create_table(
        "presence",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("infrastructure_id", sa.Uuid(), nullable=True),
        sa.Column("activity", sa.String(length=200), nullable=True),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["infrastructure_id"],
            ["infrastructure.id"],
            name=op.f("fk_presence_infrastructure_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_presence_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence")),
        sa.UniqueConstraint("session_id", name=op.f("uq_presence_session_id")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("presence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_presence_infrastructure_id"), ["infrastructure_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_presence_seen_at"), ["seen_at"], unique=False)

    op.create_table(
        "resource_locks",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column(
            "target",
            sa.String(length=200).with_variant(sa.String(length=200, collation="NOCASE"), "sqlite"),
            nullable=False,
        ),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("machine_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_resource_locks_client_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name=op.f("fk_resource_locks_machine_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_resource_locks_session_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_resource_locks_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_locks")),
        sa.UniqueConstraint("client_id", "target", name=op.f("uq_resource_locks_client_id_target")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("resource_locks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_resource_locks_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_resource_locks_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_resource_locks_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_resource_locks_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_resource_locks_user_id"), ["user_id"], unique=False)

    op.create_table(
        "message_reads",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_message_reads_message_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_message_reads_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "user_id", name=op.f("pk_message_reads")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("message_reads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_reads_user_id"), ["user_id"], unique=False)


def tag_contexts() -> None:
    """Enter the tags of the contexts that there are, in the form in which tags are compared."""
    contexts = sa.table("conversation_contexts", sa.column("id", sa.Uuid()), sa.column("tags", sa.JSON()))
    context_tags = sa.table(
        "context_tags",
        sa.column("record_id", sa.Uuid()),
        sa.column("tag", sa.String()),
        sa.column("record_table", sa.String()),
    )
    connection = op.get_bind()
    found = {
        (id, compared_form(tag))
        for id, tags in connection.execute(sa.select(contexts.c.id, contexts.c.tags))
        for tag in tags or []
    }
    rows = [{"record_id": id, "tag": tag, "record_table": contexts.name} for id, tag in sorted(found) if tag]
    for start in range(0, len(rows), 1000):
        connection.execute(sa.insert(context_tags), rows[start : start + 1000])


def compared_form(tag: str) -> str:
    words = unicodedata.normalize("NFKC", tag).casefold().replace("_", " ").replace("-", " ").split()
    return "-".join(words)[:64]


def downgrade() -> None:
    # A table takes its indexes along; MariaDB refuses to drop one that a foreign key leans on.
    op.drop_table("message_reads")
    op.drop_table("resource_locks")
    op.drop_table("presence")
    op.drop_table("messages")
    op.drop_table("decision_logs")
    op.drop_table("component_states")
    op.drop_table("project_states")
    op.drop_table("context_snippets")
    op.drop_table("context_tags")
