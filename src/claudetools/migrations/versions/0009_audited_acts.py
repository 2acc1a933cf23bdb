"""audited acts that are no change of a record

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CHANGES = ("create", "change", "delete")
ACTS = (
    "reveal",
    "use",
    "export",
    "share",
    "rotate",
    "restore",
    "destroy",
    "login",
    "login_failed",
    "logout",
    "denied",
    "approve",
    "alert",
    "backup",
)


def allow(actions: tuple[str, ...], *, without_record: bool) -> None:
    """Let events be of these actions alone. SQLite makes the table anew, and its checks with it."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        if not is_sqlite:
            batch_op.drop_constraint(op.f("ck_audit_events_action"), type_="check")
        batch_op.alter_column("record_id", existing_type=sa.Uuid(), nullable=without_record)
        batch_op.create_check_constraint(
            op.f("ck_audit_events_action"), sa.column("action").in_([sa.literal_column(f"'{a}'") for a in actions])
        )


def upgrade() -> None:
    allow(CHANGES + ACTS, without_record=True)


def downgrade() -> None:
    events = sa.table("audit_events", sa.column("action"))
    op.execute(sa.delete(events).where(events.c.action.in_(ACTS)))
    allow(CHANGES, without_record=False)
