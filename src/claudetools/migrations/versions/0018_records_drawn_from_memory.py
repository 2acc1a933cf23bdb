"""records drawn from memory, and the trust of what was made of several memories

Contexts that were generated before have the trust of their item, which was that of what Claude says.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

DRAWN = ("context_snippets", "decision_logs")
SUMS = ("conversation_contexts", "project_states")


def upgrade() -> None:
    for table in DRAWN:
        op.add_column(table, sa.Column("memory_id", sa.Uuid(), nullable=True))
        op.add_column(table, sa.Column("is_generated", sa.Boolean(), nullable=False, server_default=sa.false()))
        op.create_index(f"ix_{table}_memory_id", table, ["memory_id"])
        op.create_index(f"ix_{table}_is_generated", table, ["is_generated"])
    with op.batch_alter_table("context_snippets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("session_id", sa.Uuid(), nullable=True))
        batch_op.create_index(batch_op.f("ix_context_snippets_session_id"), ["session_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_context_snippets_session_id"), "sessions", ["session_id"], ["id"], ondelete="SET NULL"
        )
    for table in SUMS:
        op.add_column(table, sa.Column("trust", sa.Integer(), nullable=False, server_default="2"))
    op.add_column(
        "project_states",
        sa.Column("generated", sa.JSON(none_as_null=True), nullable=False, server_default=sa.text("'[]'")),
    )
    op.add_column("transcript_turns", sa.Column("folder_client_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("transcript_turns", "folder_client_id")
    op.drop_column("project_states", "generated")
    for table in SUMS:
        op.drop_column(table, "trust")
    with op.batch_alter_table("context_snippets", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_context_snippets_session_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_context_snippets_session_id"))
        batch_op.drop_column("session_id")
    for table in DRAWN:
        op.drop_index(f"ix_{table}_is_generated", table)
        op.drop_index(f"ix_{table}_memory_id", table)
        op.drop_column(table, "is_generated")
        op.drop_column(table, "memory_id")
