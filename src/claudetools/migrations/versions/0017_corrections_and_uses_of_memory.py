"""corrections and uses of memory

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

from claudetools.kit.db.types import Instant

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "memory_uses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("transcript_id", sa.Uuid(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("was_given", sa.Boolean(), nullable=False),
        sa.Column("is_used", sa.Boolean(), nullable=False),
        sa.Column("was_heeded", sa.Boolean(), nullable=True),
        sa.Column("vote", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["memory_items.id"], name=op.f("fk_memory_uses_item_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["transcript_id"], ["transcripts.id"], name=op.f("fk_memory_uses_transcript_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api_users.id"], name=op.f("fk_memory_uses_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memory_uses")),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("memory_uses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_memory_uses_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_uses_transcript_id"), ["transcript_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_uses_user_id"), ["user_id"], unique=False)

    with op.batch_alter_table("memory_items", schema=None) as batch_op:
        batch_op.add_column(sa.Column("contradicted_by_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("confirmed_at", Instant(), nullable=True))
        # With a default for the rows that there are.
        batch_op.add_column(sa.Column("unused_count", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_index(batch_op.f("ix_memory_items_contradicted_by_id"), ["contradicted_by_id"], unique=False)
        batch_op.create_index("ix_memory_items_overruled", ["client_id", "superseded_by_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_memory_items_contradicted_by_id"),
            "memory_items",
            ["contradicted_by_id"],
            ["id"],
            ondelete="SET NULL",
        )


def downgrade() -> None:
    with op.batch_alter_table("memory_items", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_memory_items_contradicted_by_id"), type_="foreignkey")
        batch_op.drop_index("ix_memory_items_overruled")
        batch_op.drop_index(batch_op.f("ix_memory_items_contradicted_by_id"))
        batch_op.drop_column("unused_count")
        batch_op.drop_column("confirmed_at")
        batch_op.drop_column("contradicted_by_id")

    op.drop_table("memory_uses")
