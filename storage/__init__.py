"""PostgreSQL: tables, queries, encryption."""
