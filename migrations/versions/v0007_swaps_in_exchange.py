"""Where an override comes from (a swap, time off), swaps in exchange, and whether those concerned were told."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_UNTOLD = "told_at IS NULL AND state IN ('done', 'declined', 'expired')"


def upgrade() -> None:
    # A migration must not queue behind a call: give up on a lock after 3 s, to be run again.
    op.execute("SET LOCAL lock_timeout = '3s'")
    # With a default, so that a program of the version before goes on writing overrides meanwhile.
    op.add_column("overrides", sa.Column("origin", sa.Text(), nullable=False, server_default=""))
    op.add_column("swaps", sa.Column("exchange_schedule", sa.Text()))
    op.add_column("swaps", sa.Column("exchange_starts_at", _AT))
    op.add_column("swaps", sa.Column("exchange_ends_at", _AT))
    op.add_column("swaps", sa.Column("told_at", _AT))
    op.create_index("ix_swaps_untold", "swaps", ["id"], postgresql_where=sa.text(_UNTOLD))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.drop_index("ix_swaps_untold", "swaps")
    for column in ("told_at", "exchange_ends_at", "exchange_starts_at", "exchange_schedule"):
        op.drop_column("swaps", column)
    op.drop_column("overrides", "origin")
