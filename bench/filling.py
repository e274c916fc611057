"""A practice's year of made-up calls, to measure the report and the exports on."""

import psycopg

CALLS = """
    INSERT INTO calls (sid, practice, version, dialled, route, decided, reasons, node, language, category, last_turn,
        started_at, answered_at, answered_by, ended_at, seconds, outcome, day, waited, counted)
    SELECT 'CA' || md5(n::text), %(practice)s, 1, '+16175550100', 3, 'night',
        '["Route 4 (go night) matches: it takes every call; Sunday is outside the weekly hours."]', 'urgent', 'en-US',
        category, 9, began, CASE WHEN answered THEN began + waited * interval '1 second' END,
        CASE WHEN answered THEN 'chen' END, began + (waited + 90) * interval '1 second', waited + 90, outcome,
        (began AT TIME ZONE 'America/New_York')::date, waited,
        extract(hour FROM began AT TIME ZONE 'America/New_York') + 24 * drawn + 192 * (n %% 3)
    FROM (
        SELECT n, drawn, outcome, outcome IN ('connected', 'transferred') AS answered,
            timestamptz '2026-01-01' + n * interval '365 days' / %(calls)s AS began,
            (random() * random() * random() * 600)::int AS waited,
            (ARRAY['urgent', 'refill', 'routine', NULL])[1 + n %% 4] AS category
        FROM (
            SELECT n, drawn, (ARRAY['connected', 'transferred', 'message taken', 'call-back queued', 'informed',
                'told to dial 911', 'rejected', 'abandoned'])[1 + drawn] AS outcome
            FROM (SELECT n, floor(random() * 8)::int AS drawn FROM generate_series(1, %(calls)s) n) dice
        ) thrown
    ) made
"""
PAGES = """
    INSERT INTO pages (id, practice, plan_version, category, call, caller_leg, language, state, version, body,
        opened_at, accepted_by, accepted_at, accepted_step)
    SELECT 'page-' || n, %(practice)s, 1, 'urgent', 'CA' || md5(n::text), 'CA' || md5(n::text), 'en-US', 'resolved', 9,
        '{"attempts": []}', opened, 'chen', opened + random() * interval '5 minutes', 1 + n %% 3
    FROM (
        SELECT n, timestamptz '2026-01-01' + n * interval '365 days' / %(calls)s AS opened
        FROM generate_series(1, %(calls)s, 10) n
    ) made
"""


def fill(url: str, calls: int = 1_000_000, practice: str = "filled") -> None:
    """Make so many calls that have ended, and a page for every tenth; then what a quiet night's vacuum does."""
    with psycopg.connect(url, autocommit=True) as connection:
        values = {"practice": practice, "calls": calls}
        connection.execute(
            "INSERT INTO practices (id, name, created_at) VALUES (%(practice)s, 'Filled', now())", values
        )
        connection.execute(
            "INSERT INTO plan_versions (practice, version, document, waived, published_at, published_by) "
            "VALUES (%(practice)s, 1, '', '[]', now(), 'bench')",
            values,
        )
        for statement in (CALLS, PAGES):
            connection.execute(statement, values)
        connection.execute("VACUUM ANALYZE calls, pages")
