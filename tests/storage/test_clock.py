import pytest
from whenever import Instant, TimeDelta

from storage.clock import ClockSettingError, MovedClock, SystemClock, read_clock

NIGHT = Instant.from_utc(2026, 11, 22, 7, 10)
A_MINUTE = TimeDelta(minutes=1)


@pytest.mark.parametrize("setting", [None, ""])
def test_unset_it_is_the_machines_clock(setting) -> None:
    clock = read_clock(setting)
    assert isinstance(clock, SystemClock)
    assert Instant.now() - A_MINUTE < clock.now() < Instant.now() + A_MINUTE


@pytest.mark.parametrize(
    "setting",
    [
        "2026-11-22T02:10:00-05:00",
        "2026-11-22T07:10:00Z",
        "2026-11-22T02:10:00-05:00[America/New_York]",
        " 2026-11-22T02:10:00-05:00 * 10 ",
        "2026-11-22T02:10:00-05:00*2.5",
    ],
)
def test_an_instant_is_where_it_starts(setting) -> None:
    clock = read_clock(setting)
    assert isinstance(clock, MovedClock)
    assert NIGHT <= clock.now() < NIGHT + A_MINUTE


def test_processes_share_a_clock_that_says_since_when_it_runs() -> None:
    import time

    began = time.time() - 60
    clock = read_clock(f"2026-11-22T07:10:00Z*10@{began}")
    assert NIGHT + 10 * A_MINUTE <= clock.now() < NIGHT + 11 * A_MINUTE


@pytest.mark.parametrize(
    "setting",
    [
        "tonight", "2026-11-22", "2026-11-22T02:10:00", "02:10", "2026-13-01T00:00:00Z", "2026-11-22T07:10:00Z*fast",
        "2026-11-22T07:10:00Z*-1", "2026-11-22T07:10:00Z*0", "2026-11-22T07:10:00Z@yesterday",
        "2026-11-22T07:10:00Z@nan", "2026-11-22T07:10:00Z@inf", "@5", "*10", "2026-11-22 07:10:00Z",
    ],
)  # fmt: skip
def test_anything_else_is_refused_by_the_name_of_the_setting(setting) -> None:
    with pytest.raises(ClockSettingError, match="NIGHTBELL_CLOCK"):
        read_clock(setting)
