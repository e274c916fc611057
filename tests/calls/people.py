"""Who is who in the made-up practice of the sample plan, and when it is."""

from pathlib import Path

from whenever import ZonedDateTime

PRACTICE = "+16175550100"
PARENT = "+16175550180"
OTHER_PARENT = "+16175550181"
DESK_1, DESK_2 = "+16175550111", "+16175550112"
CHEN, OSEI, OSEI_LANDLINE, PATEL, RUIZ = (
    "+16175550121",
    "+16175550122",
    "+16175550132",
    "+16175550123",
    "+16175550124",
)
"""On Sunday night: Chen is on call, then Osei is the backup, then all three physicians are rung at once."""
SERVICE = "+18885550199"
"""The answering service: the last resort."""
OPERATOR = "+16175550190"
BLOCKED = "+16175550166"
STRANGER = "+16175550177"
STAFF = {CHEN, OSEI, OSEI_LANDLINE, PATEL, RUIZ, SERVICE, OPERATOR, DESK_1, DESK_2}

TOKEN = "made-up-token"

SECOND_NUMBER = "+16175550170"
"""From which the second provider calls and texts."""
SECOND_ACCOUNT, SECOND_TOKEN = "AC" + "1" * 32, "another-made-up-token"

SUNDAY_NIGHT = ZonedDateTime(2026, 11, 22, 2, 10, tz="America/New_York").to_instant()
MONDAY_MORNING = ZonedDateTime(2026, 11, 23, 10, 0, tz="America/New_York").to_instant()

SAMPLE = Path(__file__).parents[2] / "nightbell/samples/maple-pediatrics.yaml"
