"""Who is being rung or talks now: two small indexes, made while calls go on."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_UNDER_WAY = "means = 'call' AND state IN ('placed', 'ringing', 'answered')"
_TAKEN = "state IN ('accepted', 'bridged')"


def upgrade() -> None:
    # Concurrently, which needs its own transactions: a webhook must not wait for an index over years of deliveries.
    with op.get_context().autocommit_block():
        for name, table, columns, where in (
            ("ix_deliveries_under_way", "deliveries", ["changed_at"], _UNDER_WAY),
            ("ix_pages_taken", "pages", ["practice"], _TAKEN),
        ):
            # A run that was broken off leaves an index that is not valid.
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(name, table, columns, postgresql_where=sa.text(where), postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_pages_taken", "pages", postgresql_concurrently=True)
        op.drop_index("ix_deliveries_under_way", "deliveries", postgresql_concurrently=True)
