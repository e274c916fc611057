"""The job queue's own tables, as the installed Procrastinate lays them.

Procrastinate 3.10, as constraints.txt pins it. A later version that changes its schema brings SQL migrations of its
own, which then become a migration here.
"""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))


def downgrade() -> None:
    op.execute(
        """
        DO $$ DECLARE item record; BEGIN
            FOR item IN SELECT tablename FROM pg_tables WHERE tablename LIKE 'procrastinate_%' LOOP
                EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', item.tablename);
            END LOOP;
            FOR item IN SELECT oid::regprocedure AS name FROM pg_proc WHERE proname LIKE 'procrastinate_%' LOOP
                EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', item.name);
            END LOOP;
            FOR item IN SELECT typname FROM pg_type WHERE typname LIKE 'procrastinate_%' AND typtype IN ('e', 'c') LOOP
                EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', item.typname);
            END LOOP;
        END $$
        """
    )
