"""Feeds in the shapes in which the programs that practices use export them; written here, with made-up people."""


def calendar(*events: str, head: str = "") -> bytes:
    body = "".join(events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example//Made up//EN\n{head}{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def event(summary: str, *lines: str, uid: str = "", **properties: str) -> str:
    """`properties`: DTSTART and so on; a name with parameters is given whole, in `lines`."""
    given = "".join(f"{name}:{value}\n" for name, value in properties.items())
    more = "".join(f"{line}\n" for line in lines)
    uid = uid or f"{abs(hash((summary, given, more)))}@example.org"
    return f"BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20261101T000000Z\nSUMMARY:{summary}\n{given}{more}END:VEVENT\n"


GOOGLE = calendar(
    event(
        "Ana Chen",
        "DTSTART;TZID=America/New_York:20261102T190000",
        "DTEND;TZID=America/New_York:20261103T070000",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270101T045959Z",
        "EXDATE;TZID=America/New_York:20261125T190000",
        uid="nights@google.com",
    ),
    # Moved by an hour, and another cancelled, as Google writes changes to one of a series.
    event(
        "Ana Chen",
        "DTSTART;TZID=America/New_York:20261130T200000",
        "DTEND;TZID=America/New_York:20261201T080000",
        "RECURRENCE-ID;TZID=America/New_York:20261130T190000",
        "SEQUENCE:1",
        uid="nights@google.com",
    ),
    event(
        "Ana Chen",
        "DTSTART;TZID=America/New_York:20261202T190000",
        "DTEND;TZID=America/New_York:20261203T070000",
        "RECURRENCE-ID;TZID=America/New_York:20261202T190000",
        "STATUS:CANCELLED",
        uid="nights@google.com",
    ),
    event("Kofi Osei", "TRANSP:TRANSPARENT", **{"DTSTART;VALUE=DATE": "20261205", "DTEND;VALUE=DATE": "20261207"}),
    head="METHOD:PUBLISH\nX-WR-CALNAME:On call\nX-WR-TIMEZONE:America/New_York\n",
)

EASTERN = """BEGIN:VTIMEZONE
TZID:Eastern Standard Time
BEGIN:STANDARD
DTSTART:16010101T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=2SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""
OUTLOOK = calendar(
    event(
        "Chen\\, Ana; Osei\\, Kofi",
        "DTSTART;TZID=Eastern Standard Time:20261127T170000",
        "DTEND;TZID=Eastern Standard Time:20261128T080000",
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
    ),
    event(
        "Patel",
        "DTSTART;TZID=Eastern Standard Time:20270312T170000",
        "DTEND;TZID=Eastern Standard Time:20270315T080000",
    ),
    head=EASTERN,
)

AMION = calendar(
    event("Chen - Call", DTSTART="20261128T070000", DTEND="20261129T070000"),
    event("Osei - Call", DTSTART="20261129T070000", DTEND="20261130T070000"),
)
"""Wall-clock times without a zone."""

QGENDA = calendar(
    event("Night Call: PATEL", DTSTART="20261129T000000Z", DTEND="20261129T120000Z"),
    event("Backup", **{"DTSTART;VALUE=DATE": "20261130", "DTEND;VALUE=DATE": "20261201"}),
)
