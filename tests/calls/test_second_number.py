"""Who calls the second provider's number is brought to their practice, whatever fails, and never round in a circle."""

import pytest

from telephony.emulator import Answers, Busy, Hears, NoAnswer, Phone, PhoneCall, Press
from telephony.emulator.line import Line
from tests.calls.callers import TAKES, asks_for_a_doctor
from tests.calls.conftest import Stage
from tests.calls.night import Night, point
from tests.calls.people import (
    BLOCKED,
    CHEN,
    OTHER_PARENT,
    PARENT,
    PRACTICE,
    SAMPLE,
    SECOND_ACCOUNT,
    SECOND_NUMBER,
    SECOND_TOKEN,
    SERVICE,
)
from tests.calls.proxy import Wire
from tests.calls.test_second_provider import rung_from, second

ANOTHER = "+16175550101"
BACK_AT = "+16175550188"
CALLS_BACK = Answers(
    after=15, script=[Hears("Press 1 to take it") >> Press("1"), Hears("call them back") >> Press("1")]
)
TALKS = Answers(after=1, talk_for=10)


@pytest.fixture
async def night(stage: Stage) -> Night:
    """02:10 on a Sunday; there is a second provider."""
    return await stage(second=True)


async def another_practice(night: Night) -> None:
    """With the same names, and other numbers."""
    other = SAMPLE.read_text().replace("maple-pediatrics", "zz-practice").replace(PRACTICE, ANOTHER)
    await night.publish(other.replace("+1617555012", "+1617555072").replace("+1617555013", "+1617555073"))
    point(night.exchange, night.product.origin, ANOTHER)


async def calls_the_second(night: Night, number: str, caller_id: str | None = None) -> PhoneCall:
    second(night).own_number(SECOND_NUMBER, voice_url=f"{night.product.origin}/twilio/voice")
    return await Phone(second(night), number).dial(SECOND_NUMBER, caller_id)


async def rung_practices(night: Night) -> tuple[int, int]:
    """How often the two practices' numbers are rung by what goes on now."""
    for number in (PRACTICE, ANOTHER):
        night.phone(number).behaviour = TALKS
    await night.passes(12)
    return night.rung(PRACTICE), night.rung(ANOTHER)


def theirs(night: Night, **more: str) -> dict[str, str]:
    """A form about a call to the second number."""
    return {**night.form("CA" + "8" * 32), "AccountSid": SECOND_ACCOUNT, "To": SECOND_NUMBER, **more}


# ---- to whom ---------------------------------------------------------------------------------------------------------


async def test_with_one_practice_it_is_for_it_whoever_calls(night: Night):
    night.phone(PRACTICE).behaviour = TALKS
    call = await calls_the_second(night, PARENT, "anonymous")
    await call.talks_to(night.phone(PRACTICE), within=10)
    await call.hang_up()


@pytest.mark.parametrize("who", [PARENT, CHEN])
async def test_of_several_it_is_whom_they_called_last_or_whose_staff_they_are(night: Night, who: str):
    await another_practice(night)
    if who == PARENT:
        earlier = await asks_for_a_doctor(night)
        await earlier.hang_up()
    night.phone(PRACTICE).behaviour = Answers(after=1, talk_for=60)
    call = await calls_the_second(night, who)
    on = await night.phone(PRACTICE).rings(within=5)
    assert on.leg.from_ == who, "so that the practice sees who it is"
    await call.talks_to(night.phone(PRACTICE), within=5)
    await call.is_over(within=70)
    stranger = await calls_the_second(night, OTHER_PARENT)
    await stranger.hears("call your doctor's office at its own number")
    await stranger.is_over(within=30)


async def test_who_was_called_back_at_another_number_is_brought_to_who_called_them(night: Night):
    await another_practice(night)
    await night.first_refuses_connections()
    night.phone(CHEN).behaviour = CALLS_BACK
    night.phone(BACK_AT).behaviour = NoAnswer()
    call = await night.calls(PARENT)
    await call.hears("If this is an emergency")
    await call.press("1")
    await call.hears("For another number, press 2")
    await call.press("2")
    await call.hears("enter")
    for key in "6175550188#":
        await call.press(key)
    await call.hears("say in a few words", within=20)
    await call.hang_up()
    await night.phone(BACK_AT).rings(within=200)
    await night.passes(60)
    assert rung_from(night, BACK_AT)[0] == SECOND_NUMBER
    await calls_the_second(night, BACK_AT)
    assert await rung_practices(night) == (1, 0)


async def test_a_patient_of_two_practices_is_brought_to_the_one_that_called_them(night: Night):
    await another_practice(night)
    await night.first_refuses_connections()
    night.phone(CHEN).behaviour = CALLS_BACK
    night.phone(PARENT).behaviour = NoAnswer()
    call = await asks_for_a_doctor(night)
    await call.hang_up()
    await night.passes(2)
    other = await night.calls(PARENT, to=ANOTHER)
    await other.hears("If this is an emergency")
    await other.hang_up()
    await night.phone(PARENT).rings(within=200)
    await night.passes(60)
    await calls_the_second(night, PARENT)
    assert await rung_practices(night) == (1, 0)


async def test_one_of_the_staff_who_is_a_patient_elsewhere_comes_to_where_a_page_waits_for_them(night: Night):
    await another_practice(night)
    call = await night.calls(CHEN, to=ANOTHER)
    await call.hears("If this is an emergency")
    await call.press("1")
    await call.hears("If that number is right")
    await call.press("1")
    await call.hang_up()
    await night.passes(2)
    await calls_the_second(night, CHEN)
    assert await rung_practices(night) == (0, 1)


async def test_the_staff_are_known_without_the_database(stage: Stage):
    night = await stage(second=True, wired=True)
    await another_practice(night)
    night.database(Wire.CUT)
    await calls_the_second(night, CHEN)
    rung = await rung_practices(night)
    night.database(Wire.WORKS)
    assert rung == (1, 0)


# ---- what the practice's number would say ----------------------------------------------------------------------------


async def test_whom_the_practice_does_not_answer_gets_nowhere_this_way_either(night: Night):
    night.phone(SERVICE).behaviour = TALKS
    call = await calls_the_second(night, BLOCKED)
    await night.passes(60)
    assert call.status == "busy"
    assert (night.rung(PRACTICE), night.rung(SERVICE)) == (0, 0)


@pytest.mark.parametrize("behaviour", [Busy(), NoAnswer()])
async def test_where_the_practices_number_cannot_be_reached_the_last_resort_is_rung(night: Night, behaviour: object):
    night.phone(PRACTICE).behaviour = behaviour
    night.phone(SERVICE).behaviour = TALKS
    call = await calls_the_second(night, PARENT)
    await call.hears("If this is an emergency, hang up and dial 9 1 1", within=14)
    await call.talks_to(night.phone(SERVICE), within=30)
    assert rung_from(night, SERVICE) == [SECOND_NUMBER]
    await call.is_over(within=30)
    assert "this line is not working" not in str(call.transcript), "they have talked"
    night.phone(SERVICE).behaviour = Busy()
    again = await calls_the_second(night, PARENT)
    await again.hears("please call again in a few minutes", within=60)


async def test_it_is_the_last_resort_of_the_way_to_a_person(stage: Stage):
    """And not that of whichever policy comes first."""
    routine = (
        "policies:\n  routine:\n    urgent: false\n    steps:\n      - {page: primary, by: [call, sms], for: 60s}\n"
        "    last_resort: {alert: operators}\n  urgent:"
    )
    night = await stage(second=True, document=SAMPLE.read_text().replace("policies:\n  urgent:", routine))
    night.phone(PRACTICE).behaviour = Busy()
    night.phone(SERVICE).behaviour = TALKS
    await calls_the_second(night, PARENT)
    await night.passes(30)
    assert night.rung(SERVICE) == 1


# ---- what fails, and circles -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failed", "fields", "dials"),
    [
        ("/twilio/voice", {}, PRACTICE),
        ("/twilio/voice/second/dialled?practice=maple-pediatrics", {"DialCallStatus": "busy"}, SERVICE),
        ("/twilio/voice/second/dialled?practice=maple-pediatrics", {"DialCallStatus": "completed"}, ""),
    ],
)
async def test_a_webhook_that_failed_turns_nobody_away_and_makes_no_record(
    night: Night, failed: str, fields: dict[str, str], dials: str
):
    form = theirs(night, ErrorUrl=f"{night.product.origin}{failed}", ErrorCode="11205", **fields)
    answer = (await night.post("voice/fallback", form, token=SECOND_TOKEN)).text
    assert (dials in answer) if dials else ("<Dial" not in answer)
    assert f'callerId="{PRACTICE}"' not in answer, "an account shows only numbers of its own"
    assert await night.sql("SELECT sid FROM calls") == []


async def test_an_error_of_our_own_leads_to_the_last_resort_from_a_number_of_that_account(
    night: Night, monkeypatch: pytest.MonkeyPatch
):
    async def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("webhooks.second_number.practice_of", fails)
    night.trouble_is_expected = True
    answer = (await night.post("voice", theirs(night), token=SECOND_TOKEN)).text
    assert "9 1 1" in answer
    assert SERVICE in answer
    assert f'callerId="{SECOND_NUMBER}"' in answer


class Forwarded:
    """The practice's line is forwarded to the second number."""

    nature, reachable = "human", True

    def __init__(self, night: Night) -> None:
        self._night = night
        self.times = 0

    async def meet(self, line: Line) -> None:
        self.times += 1
        if self.times < 10:
            await Phone(second(self._night), line.leg.from_).dial(SECOND_NUMBER)


async def test_a_line_that_is_forwarded_to_the_second_number_does_not_go_round(night: Night):
    night.phone(PRACTICE).behaviour = forwarded = Forwarded(night)
    night.phone(SERVICE).behaviour = TALKS
    await calls_the_second(night, PARENT)
    await night.passes(20)
    assert forwarded.times == 1
    assert night.rung(SERVICE) >= 1


@pytest.mark.parametrize("fields", [{"From": PRACTICE}, {"ForwardedFrom": PRACTICE}])
async def test_what_comes_from_the_practices_own_number_is_not_sent_back_to_it(night: Night, fields: dict[str, str]):
    answer = (await night.post("voice", theirs(night, **fields), token=SECOND_TOKEN)).text
    assert PRACTICE not in answer
    assert SERVICE in answer


async def test_a_plan_that_has_the_second_number_for_its_own_is_answered_at_its_other_one(stage: Stage):
    text = SAMPLE.read_text().replace(f'numbers: ["{PRACTICE}"]', f'numbers: ["{SECOND_NUMBER}", "{PRACTICE}"]')
    night = await stage(second=True, document=text)
    night.phone(CHEN).behaviour = TAKES
    night.phone(PRACTICE).behaviour = TALKS
    call = await calls_the_second(night, PARENT)
    await call.talks_to(night.phone(PRACTICE), within=10)
    await call.hang_up()
