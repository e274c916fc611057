"""Who would get a call: the very answer that the command gives."""

from typing import Any

import pytest

from tests.api.conftest import Operator

CALL = {"at": "2026-11-22T02:10:00-05:00", "caller": "(617) 555-0180", "keys": ["1", "1"]}


async def test_it_says_who_would_be_woken_and_why(operator: Operator):
    told = (await operator.asks("POST", "/explain", CALL, key="reader")).json()
    assert (told["version"], told["route"], told["go"], told["reject"]) == (1, 4, "night", None)
    assert "\n".join(told["lines"]) == operator.hears(CALL["at"], "1", "1")
    assert told["pages"]


async def test_a_blocked_caller_and_a_busy_desk(operator: Operator):
    blocked = (await operator.asks("POST", "/explain", CALL | {"caller": "+16175550166"})).json()
    assert (blocked["go"], blocked["reject"]) == (None, "busy")
    monday = {"at": "2026-11-23T10:00:00-05:00", "busy": {"front_desk": 2}}
    assert (await operator.asks("POST", "/explain", monday)).json()["go"] == "overflow"
    assert (await operator.asks("POST", "/explain", monday | {"busy": {}})).json()["go"] == "day"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"caller": "555"}, "/caller"),
        ({"dialled": "+16175550101"}, "/dialled"),
        ({"busy": {"desk": 1}}, "/busy/desk"),
        ({"busy": {"front_desk": -1}}, "/busy/front_desk"),
        ({"keys": ["A"]}, "/keys/0"),
        ({"keys": ["1"] * 51}, "/keys"),
        ({"answered": "yes"}, "/answered"),
        ({"at": "2026-11-22T02:10:00"}, "/at"),
    ],
)
async def test_a_call_that_cannot_be(operator: Operator, change: dict[str, Any], pointer: str):
    told = await operator.refused(422, "POST", "/explain", CALL | change)
    assert [fault["pointer"] for fault in told["errors"]] == [pointer]
