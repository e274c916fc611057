"""Open pages have an index of their own: monitors count them every few seconds."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_OPEN = "state <> 'resolved'"


def upgrade() -> None:
    # Concurrently, which needs its own transactions: a webhook must not wait for an index over years of pages.
    with op.get_context().autocommit_block():
        # A run that was broken off leaves an index that is not valid.
        op.drop_index("ix_pages_open", "pages", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            "ix_pages_open", "pages", ["practice"], postgresql_where=sa.text(_OPEN), postgresql_concurrently=True
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_pages_open", "pages", postgresql_concurrently=True)
