"""Alerts: what kind, of what, how often since, and when they were told and by whom they were confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration must not queue behind a call: give up on a lock after 3 s, to be run again.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.add_column("alerts", sa.Column("kind", sa.Text(), nullable=False, server_default=""))
    op.add_column("alerts", sa.Column("key", sa.Text(), nullable=False, server_default=""))
    op.add_column("alerts", sa.Column("times", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("alerts", sa.Column("last_at", sa.DateTime(timezone=True)))
    op.add_column("alerts", sa.Column("told_at", sa.DateTime(timezone=True)))
    op.add_column("alerts", sa.Column("confirmed_at", sa.DateTime(timezone=True)))
    op.add_column("alerts", sa.Column("confirmed_by", sa.Text()))
    op.create_index("ix_alerts_key", "alerts", ["key", "id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.drop_index("ix_alerts_key", "alerts")
    for column in ("confirmed_by", "confirmed_at", "told_at", "last_at", "times", "key", "kind"):
        op.drop_column("alerts", column)
