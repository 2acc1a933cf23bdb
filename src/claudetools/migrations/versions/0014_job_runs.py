"""job runs

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from claudetools.kit.db.types import Instant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("recurring_kind", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("started_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("finished_at", Instant(), nullable=True))
        batch_op.create_index(batch_op.f("ix_jobs_finished_at"), ["finished_at"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_jobs_recurring_kind"), ["recurring_kind"])


def downgrade() -> None:
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_jobs_recurring_kind"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_jobs_finished_at"))
        batch_op.drop_column("finished_at")
        batch_op.drop_column("started_at")
        batch_op.drop_column("recurring_kind")
