"""Alerts: which trouble is over, and when what nobody could be told of is tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration must not queue behind a call: give up on a lock after 3 s, to be run again.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.add_column("alerts", sa.Column("not_before", sa.DateTime(timezone=True)))
    op.add_column("alerts", sa.Column("over_at", sa.DateTime(timezone=True)))
    op.create_index("ix_alerts_kind", "alerts", ["kind", "at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.drop_index("ix_alerts_kind", "alerts")
    op.drop_column("alerts", "over_at")
    op.drop_column("alerts", "not_before")
