"""quarantine and shapes

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from claudetools.kit.db.types import Instant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("memory_items", schema=None) as batch_op:
        batch_op.add_column(sa.Column("quarantined_at", Instant(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "quarantine_reason",
                sa.Enum(
                    "override",
                    "impersonation",
                    "standing_order",
                    "address",
                    "command",
                    "exfiltration",
                    "secrecy",
                    "machine",
                    name="quarantinereason",
                    native_enum=False,
                    create_constraint=True,
                    length=40,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("reviewed_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("reviewed_by_id", sa.Uuid(), nullable=True))
        batch_op.create_index(batch_op.f("ix_memory_items_quarantined_at"), ["quarantined_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_memory_items_reviewed_by_id"), ["reviewed_by_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_memory_items_reviewed_by_id"), "api_users", ["reviewed_by_id"], ["id"], ondelete="SET NULL"
        )

    with op.batch_alter_table("secret_fingerprints", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shape", sa.LargeBinary(length=200), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("secret_fingerprints", schema=None) as batch_op:
        batch_op.drop_column("shape")

    with op.batch_alter_table("memory_items", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_memory_items_quarantinereason"), type_="check")
        batch_op.drop_constraint(batch_op.f("fk_memory_items_reviewed_by_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_memory_items_reviewed_by_id"))
        batch_op.drop_index(batch_op.f("ix_memory_items_quarantined_at"))
        batch_op.drop_column("reviewed_by_id")
        batch_op.drop_column("reviewed_at")
        batch_op.drop_column("quarantine_reason")
        batch_op.drop_column("quarantined_at")
