"""From a feed's text to exact instants; and feeds that are broken, or that ask for more time than anybody has."""

import time

import pytest
from whenever import Instant, PlainDateTime

from calendars import apart
from calendars.errors import ReadError, TooMuchError
from calendars.reading import MOST_COMPONENTS, NO_TITLE, events_in
from tests.calendars import feeds
from tests.calendars.feeds import calendar, event

ZONE = "America/New_York"
NOW = Instant.from_utc(2026, 11, 22, 7, 10)
SPAN = (NOW.add(hours=-24 * 31).timestamp(), NOW.add(hours=24 * 400).timestamp())


def shown(content: bytes, zone: str = ZONE) -> list[tuple[str, str, str]]:
    found = events_in(content, zone, *SPAN)
    return [(wall(begins, zone), wall(ends, zone), title) for begins, ends, title in found]


def wall(seconds: int, zone: str = ZONE) -> str:
    return Instant.from_timestamp(seconds).to_tz(zone).format("YYYY-MM-DD HH:mm")


# ---- the shapes of the programs that practices use ----------------------------------------------------------------


def test_google():
    found = shown(feeds.GOOGLE)
    begins = [start for start, _, title in found if title == "Ana Chen"]
    assert begins[:8] == [
        "2026-11-02 19:00", "2026-11-04 19:00", "2026-11-09 19:00", "2026-11-11 19:00", "2026-11-16 19:00",
        "2026-11-18 19:00", "2026-11-23 19:00", "2026-11-30 20:00",
    ]  # fmt: skip
    assert begins[8:] == [f"2026-12-{day:02} 19:00" for day in (7, 9, 14, 16, 21, 23, 28, 30)]
    assert ("2026-12-05 00:00", "2026-12-07 00:00", "Kofi Osei") in found


def test_outlook_with_a_windows_zone_over_a_clock_change():
    assert shown(feeds.OUTLOOK) == [
        ("2026-11-27 17:00", "2026-11-28 08:00", "Chen, Ana; Osei, Kofi"),
        ("2027-03-12 17:00", "2027-03-15 08:00", "Patel"),
    ]
    without = feeds.OUTLOOK.replace(feeds.EASTERN.replace("\n", "\r\n").encode(), b"")
    assert b"VTIMEZONE" not in without
    assert shown(without) == shown(feeds.OUTLOOK)


def test_amion_keeps_wall_clock_time_in_whatever_zone_the_practice_is():
    for zone in (ZONE, "Pacific/Honolulu"):
        assert shown(feeds.AMION, zone)[0] == ("2026-11-28 07:00", "2026-11-29 07:00", "Chen - Call")


def test_qgenda():
    assert shown(feeds.QGENDA) == [
        ("2026-11-28 19:00", "2026-11-29 07:00", "Night Call: PATEL"),
        ("2026-11-30 00:00", "2026-12-01 00:00", "Backup"),
    ]


# ---- times --------------------------------------------------------------------------------------------------------


def test_a_zone_of_the_feeds_own_counts_as_it_defines_it():
    # A name that means another zone elsewhere, half an hour off all that there is.
    head = feeds.EASTERN.replace("Eastern Standard Time", "Hospital").replace("-0500", "-0530")
    lines = ("DTSTART;TZID=Hospital:20261201T120000", "DTEND;TZID=Hospital:20261201T130000")
    assert shown(calendar(event("x", *lines), head=head))[0][0] == "2026-12-01 12:30"


def test_a_zone_that_nobody_knows_is_refused_and_not_taken_for_the_practices():
    with pytest.raises(ReadError, match=r"event 1 is in a time zone that is not known.*IANA") as found:
        shown(calendar(event("Secret Name", "DTSTART;TZID=Mars/Olympus:20261201T120000", "DURATION:PT1H")))
    assert "Mars" not in str(found.value)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("DTSTART;VALUE=DATE:20261201",), [("2026-12-01 00:00", "2026-12-02 00:00", "x")]),
        (("DTSTART:20261201T080000", "DURATION:PT12H"), [("2026-12-01 08:00", "2026-12-01 20:00", "x")]),
        (("DTSTART:20261201T080000",), []),
        (("DTSTART:20261201T080000", "DTEND:20261201T080000"), []),
        (("DTSTART:20261201T080000", "DURATION:PT1H", "STATUS:cancelled"), []),
        (("DTSTART:20260901T080000", "DTEND:20261101T080000"), [("2026-09-01 08:00", "2026-11-01 08:00", "x")]),
        (("DTSTART:20260901T080000", "DTEND:20260902T080000"), []),
        (("DTSTART:20300901T080000", "DTEND:20300902T080000"), []),
        (("DTSTART:00010101T000000", "DTEND:99991231T235959"), [("1969-12-31 19:00", "2099-12-31 19:00", "x")]),
        (("DTSTART:00010101T000000Z", "DTEND:99991231T235959Z"), [("1969-12-31 19:00", "2099-12-31 19:00", "x")]),
        (("DTSTART:20261201T080000", "DTEND:20261201T070000", "STATUS:CANCELLED"), []),
        (("DTSTART:20270314T023000", "DURATION:PT1H"), [("2027-03-14 03:30", "2027-03-14 04:30", "x")]),
    ],
    ids=[
        "day",
        "duration",
        "no end",
        "zero",
        "cancelled",
        "long",
        "past",
        "far",
        "eternal",
        "eternal in UTC",
        "reversed and cancelled",
        "skipped",
    ],
)
def test_when_an_event_is(lines, expected):
    assert shown(calendar(event("x", *lines))) == expected


def test_a_series_keeps_its_wall_clock_over_the_clock_changes():
    lines = ("DTSTART:20261025T190000", "DTEND:20261026T070000", "RRULE:FREQ=DAILY;COUNT=200")
    found = events_in(calendar(event("x", *lines)), ZONE, *SPAN)
    assert {wall(begins)[11:] for begins, _, _ in found} == {"19:00"}
    hours = [(ends - begins) / 3600 for begins, ends, _ in found]
    assert (hours.count(13), hours.count(11), len(hours)) == (1, 1, 200)


def test_a_wall_clock_series_with_exceptions_written_in_utc():
    lines = ("DTSTART:20261201T190000", "DTEND:20261202T070000", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20261203T000000Z")
    assert [start for start, _, _ in shown(calendar(event("x", *lines)))] == ["2026-12-01 19:00", "2026-12-03 19:00"]


NIGHTS = ("DTSTART;TZID=America/New_York:20261128T190000", "DTEND;TZID=America/New_York:20261129T070000")


@pytest.mark.parametrize(
    ("exception", "left"),
    [
        ("EXDATE;VALUE=DATE:20261129", [28, 30, 1]),
        ("EXDATE;VALUE=DATE:20261129,20261201", [28, 30]),
        ("EXDATE;TZID=America/New_York:20261129T190000", [28, 30, 1]),
        ("EXDATE:20261130T000000Z", [28, 30, 1]),
    ],
)
def test_an_exception_takes_its_night_and_no_other(exception, left):
    found = shown(calendar(event("x", *NIGHTS, "RRULE:FREQ=DAILY;COUNT=4", exception)))
    assert [int(start[8:10]) for start, _, _ in found] == left


def test_a_change_of_one_night_that_is_named_by_its_date_changes_no_other():
    series = event("Chen", *NIGHTS, "RRULE:FREQ=DAILY;COUNT=3", uid="nights")
    other = (line.replace("20261129", "20261130").replace("20261128", "20261129") for line in NIGHTS)
    change = event("Osei", "RECURRENCE-ID;VALUE=DATE:20261129", *other, uid="nights")
    assert [(start[8:10], title) for start, _, title in shown(calendar(series, change))] == [
        ("28", "Chen"), ("29", "Osei"), ("30", "Chen"),
    ]  # fmt: skip


def test_a_day_that_is_taken_out_by_a_time():
    lines = ("DTSTART;VALUE=DATE:20261128", "RRULE:FREQ=DAILY;COUNT=3")
    for exception in ("EXDATE:20261129T050000Z", "EXDATE;TZID=America/New_York:20261129T000000"):
        found = shown(calendar(event("x", *lines, exception)))
        assert [start for start, _, _ in found] == ["2026-11-28 00:00", "2026-11-30 00:00"]


def test_a_duration_passes_as_hours_do_over_the_clock_changes():
    for zone in ("", ";TZID=America/New_York"):
        lines = (f"DTSTART{zone}:20270313T190000", "DURATION:PT12H", "RRULE:FREQ=DAILY;COUNT=2")
        assert shown(calendar(event("x", *lines))) == [
            ("2027-03-13 19:00", "2027-03-14 08:00", "x"), ("2027-03-14 19:00", "2027-03-15 07:00", "x"),
        ]  # fmt: skip
    period = ("DTSTART:20270312T190000", "DURATION:PT12H", "RDATE;VALUE=PERIOD:20270320T080000/20270320T100000")
    assert [end for _, end, _ in shown(calendar(event("x", *period)))] == ["2027-03-13 07:00", "2027-03-20 10:00"]


def test_an_endless_rule_ends_with_the_span():
    lines = ("DTSTART;VALUE=DATE:20200101", "RRULE:FREQ=DAILY")
    found = shown(calendar(event("x", *lines)))
    assert (found[0][0], found[-1][0], len(found)) == ("2026-10-22 00:00", "2027-12-27 00:00", 432)


def test_events_that_share_an_id_are_all_meant_unless_one_is_a_newer_revision():
    def at(hour: int, **more: str) -> str:
        return event(f"at {hour}", uid="same", DTSTART=f"20261201T{hour:02}0000", DURATION="PT1H", **more)

    assert [title for _, _, title in shown(calendar(at(8), at(9)))] == ["at 8", "at 9"]
    assert [title for _, _, title in shown(calendar(at(8), at(9, SEQUENCE="2"), at(10, SEQUENCE="1")))] == ["at 9"]


def test_titles():
    twice = calendar(event("Chen", "SUMMARY:Osei", DTSTART="20261201T080000", DURATION="PT1H"))
    assert shown(twice)[0][2] == "Chen, Osei"
    titles = {"": NO_TITLE, "Chen\\n\\, Ana\t": "Chen , Ana", "a\x00b": "a b", "long " * 200: ("long " * 200)[:300]}
    for written, expected in titles.items():
        found = shown(calendar(event(written, DTSTART="20261201T080000", DURATION="PT1H")))
        assert found[0][2] == expected
    none = calendar("BEGIN:VEVENT\nDTSTART:20261201T080000\nDURATION:PT1H\nEND:VEVENT\n")
    assert shown(none)[0][2] == NO_TITLE


def test_what_is_no_event_is_passed_over():
    todo = "BEGIN:VTODO\nUID:t\nSUMMARY:Buy milk\nDTSTART:20261201T080000Z\nEND:VTODO\n"
    assert shown(calendar(todo)) == []
    assert shown(calendar() + feeds.QGENDA) == shown(feeds.QGENDA)


# ---- broken feeds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no iCalendar file"),
        (b"Not found", "no iCalendar file.*secret"),
        (b"<!DOCTYPE html><title>Sign in</title>", "a web page"),
        (b"\xff\xfe\x00\x01", "no iCalendar file"),
        (feeds.GOOGLE[:-20], "cut off"),
        (feeds.GOOGLE.replace(b"END:VEVENT\r\nBEGIN:VEVENT", b"", 1), "BEGIN|breaks|DTSTART"),
        (calendar("garbage without a colon\n"), "breaks the rules"),
        (calendar(event("x", "DTSTART:tomorrow")), "the DTSTART of event 1"),
        (calendar(event("x")), "the DTSTART of event 1"),
        (calendar(event("x", "DTSTART:120000")), "the DTSTART of event 1"),
        (calendar(event("x", DTSTART="20261201T080000", DTEND="later")), "the DTEND of event 1"),
        (calendar(event("x", DTSTART="20261201T080000", DURATION="long")), "the DURATION of event 1"),
        (calendar(event("x", DTSTART="20261201T080000", RRULE="FREQ=OFTEN")), "the RRULE of event 1"),
        (calendar(event("x", DTSTART="20261201T080000", RRULE="FREQ=DAILY", EXDATE="never")), "the EXDATE of event 1"),
        (calendar(event("x", DTSTART="20261201T080000", RRULE="FREQ=HOURLY")), "repeats hourly"),
        (calendar(event("x", DTSTART="20261201T080000", RRULE="FREQ=MINUTELY;COUNT=2")), "repeats minutely"),
        (calendar(event("x", DTSTART="20261201T080000", RRULE="FREQ=SECONDLY;BYHOUR=1")), "repeats secondly"),
        (calendar(event("x", DTSTART="20261201T080000", RRULE="BYDAY=MO")), "the RRULE|no known way"),
        (calendar(event("x", DTSTART="20261201T080000", DTEND="20261201T070000")), "event 1 ends before it starts"),
        (calendar(event("x", DTSTART="20261201T080000Z", DTEND="20261201T025959")), "event 1 ends before it starts"),
        (calendar(event("x", DTSTART="20261201T080000", DURATION="-PT1H")), "event 1 ends before it starts"),
        (calendar(event("x", "DTEND;VALUE=DATE:20261201", DTSTART="20261201T080000")), "event 1 ends before it starts"),
        (calendar(event("x", DTSTART="20261201T080000", DTEND="20261201T070000", RRULE="FREQ=DAILY")), "event 1 ends"),
        (calendar(event("x", "DTSTART;VALUE=DATE:99991231")), "end of all time"),
        (calendar("BEGIN:VEVENT\n" * 3000), "breaks|cut|cannot be read"),
    ],
)
def test_a_broken_feed_is_refused_whole(content, says):
    with pytest.raises(ReadError, match=says):
        events_in(content, ZONE, *SPAN)


def test_too_many_parts_and_too_many_events():
    one = event("x", uid="u", DTSTART="20261201T080000", DURATION="PT1H")
    with pytest.raises(TooMuchError, match="more than 20000 parts"):
        events_in(calendar(one * MOST_COMPONENTS), ZONE, *SPAN)
    daily = [event("x", uid=f"u{i}", DTSTART="20261201T080000", DURATION="PT1H", RRULE="FREQ=DAILY") for i in range(60)]
    with pytest.raises(TooMuchError, match="more than 20000 events"):
        events_in(calendar(*daily), ZONE, *SPAN)
    long = [
        event("x", uid=f"u{i}", DTSTART=f"20251001T0800{i:02}", DURATION="P400D", RRULE="FREQ=DAILY") for i in range(24)
    ]
    with pytest.raises(TooMuchError, match="more than 200 of its events are at the same time"):
        events_in(calendar(*long), ZONE, *SPAN)
    whole_hospital = [event(f"{i}", DTSTART="20261201T080000", DURATION="PT9H") for i in range(200)]
    assert len(events_in(calendar(*whole_hospital), ZONE, *SPAN)) == 200


# ---- in a process of its own -------------------------------------------------------------------------------------


async def test_apart_it_is_the_same():
    for feed in (feeds.GOOGLE, feeds.OUTLOOK, feeds.AMION, feeds.QGENDA):
        assert await apart.read(feed, ZONE, *SPAN) == events_in(feed, ZONE, *SPAN)
    with pytest.raises(ReadError, match=r"a web page.*secret"):
        await apart.read(b"<html>", ZONE, *SPAN)
    with pytest.raises(TooMuchError, match="parts"):
        await apart.read(calendar("BEGIN:VTODO\nEND:VTODO\n" * 20_000), ZONE, *SPAN)


async def test_what_breaks_the_reader_is_not_said_to_take_too_long():
    series = calendar(event("x", DTSTART="20261201T080000", DURATION="PT1H", RRULE="FREQ=DAILY"))
    with pytest.raises(ReadError, match=r"cannot be read \(\w+\)") as found:
        await apart.read(series, "No/Zone", *SPAN)
    assert not isinstance(found.value, TooMuchError)


NEVER = "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
NUMBERS = ",".join(str(n) for n in range(1, 367))
HOSTILE = {
    "never comes true": [event("x", uid=f"u{i}", DTSTART="20200101T080000", RRULE=NEVER) for i in range(50)],
    "began in year 1": [
        event("x", uid=f"u{i}", DTSTART="00010101T080000Z", RRULE="FREQ=DAILY;COUNT=1000000000") for i in range(50)
    ],
    "long lists": [
        event("x", uid=f"u{i}", DTSTART="19700101T080000",
              RRULE=f"FREQ=YEARLY;BYYEARDAY={NUMBERS};BYHOUR={NUMBERS[:61]};BYMINUTE={NUMBERS[:160]};BYSECOND={NUMBERS[:160]}")
        for i in range(50)
    ],
}  # fmt: skip


@pytest.mark.parametrize("how", HOSTILE)
async def test_a_feed_that_would_never_be_read_is_given_up(how, monkeypatch):
    monkeypatch.setattr(apart, "CPU_SECONDS", 1)
    began = time.monotonic()
    with pytest.raises(ReadError):
        await apart.read(calendar(*HOSTILE[how]), ZONE, *SPAN)
    assert time.monotonic() - began < 20


async def test_one_that_hangs_without_computing_is_ended(monkeypatch):
    monkeypatch.setattr(apart, "WITHIN", 0.2)
    with pytest.raises(TooMuchError):
        await apart.read(calendar(*HOSTILE["never comes true"]), ZONE, *SPAN)


def test_a_skipped_time_is_read_as_the_rest_of_the_product_reads_it():
    instant = PlainDateTime(2027, 3, 14, 2, 30).assume_tz(ZONE, disambiguation="compatible").to_instant()
    found = events_in(calendar(event("x", DTSTART="20270314T023000", DURATION="PT1H")), ZONE, *SPAN)
    assert found[0][0] == instant.timestamp()
