"""Each kind of node as a caller meets it."""

from typing import Self

import pytest
from whenever import Date

from ivr.actions import Action, End, GatherKeys, Hold, HoldInLine, OpenPage, RecordVoice, RingDestination
from ivr.flow import Flow
from ivr.inputs import DialEnded, DialResult, Entered, Input, Keys, Note, NoteKind, QueueEnded, Recorded, Spoken
from ivr.position import Phase, Position
from ivr.prompts import fill
from ivr.taking import callback_number, date_of_birth
from ivr.walk import Step, begin, step
from tests.ivr.flows import EN, ES, MAPLE

NUMBER = "+16175550180"
TODAY = Date(2026, 11, 22)


class Talk:
    """One call. `hears` takes parts of the words in their order; `says_all` all of them."""

    def __init__(self, node: str, *, withheld: bool = False, flow: Flow = MAPLE) -> None:
        self.flow = flow
        self.notes: list[Note] = []
        self.taken: Step
        self._take(begin(flow, node, withheld=withheld), Entered())

    def _take(self, position: Position, given: Input) -> Self:
        self.taken = step(self.flow, position, given, TODAY)
        self.notes += self.taken.notes
        return self

    @property
    def words(self) -> str:
        return " ".join(utterance.text for utterance in fill(self.taken.say, NUMBER))

    @property
    def action(self) -> Action:
        return self.taken.action

    @property
    def node(self) -> str:
        return self.taken.position.node

    def hears(self, *parts: str) -> Self:
        rest = self.words
        for part in parts:
            assert part in rest, f"{part!r} is not in {rest!r}"
            rest = rest.split(part, 1)[1]
        return self

    def does_not_hear(self, part: str) -> Self:
        assert part not in self.words
        return self

    def presses(self, *keys: str) -> Self:
        for key in keys:
            assert isinstance(self.action, GatherKeys)
            self._take(self.taken.position, Keys(key))
        return self

    def is_silent(self) -> Self:
        given = Keys("") if isinstance(self.action, GatherKeys) else Recorded(0)
        return self._take(self.taken.position, given)

    def says(self, words: str) -> Self:
        assert isinstance(self.action, GatherKeys)
        assert self.action.hints
        return self._take(self.taken.position, Spoken(words))

    def records(self, seconds: int, *, hung_up: bool = False) -> Self:
        assert isinstance(self.action, RecordVoice)
        return self._take(self.taken.position, Recorded(seconds, hung_up))

    def desk(self, result: DialResult) -> Self:
        assert isinstance(self.action, RingDestination)
        return self._take(self.taken.position, DialEnded(result))

    def noted(self, kind: NoteKind) -> list[str]:
        return [note.private or note.detail for note in self.notes if note.kind is kind]


# ---- menus ------------------------------------------------------------------------------------------------------


def test_a_menu_tells_911_first_then_its_words_then_its_choices() -> None:
    talk = Talk("night").hears(
        "dial 9 1 1.", "Maple Pediatrics is closed.", "For a doctor, press 1.", "For a refill, press 2."
    )
    assert talk.action == GatherKeys(1, talk.action.wait, hints=("doctor", "nurse", "refill"))
    talk.does_not_hear("press 4")  # the key works, but is not offered


def test_silence_and_wrong_keys_are_asked_again_and_lead_to_a_person_in_the_end() -> None:
    talk = Talk("night").is_silent().hears("Sorry, we did not get that.", "Maple Pediatrics is closed.")
    talk.presses("7").hears("that is not one of the choices", "For a doctor, press 1")
    talk.is_silent().hears("If that number is right")
    assert talk.node == "urgent"
    assert talk.noted(NoteKind.WRONG_KEY) == ["7"]
    assert talk.noted(NoteKind.GAVE_UP) == [""]


@pytest.mark.parametrize("key", ["*", "#"])
def test_star_and_a_pound_pressed_by_habit_say_the_menu_again_and_cost_no_try(key) -> None:
    talk = Talk("night")
    menu = talk.taken.say[1:]  # behind the advice
    for _ in range(5):
        talk.presses(key)
        assert talk.taken.say == menu
    assert talk.node == "night"


def test_0_leads_to_a_person() -> None:
    talk = Talk("night").presses("0").hears("If that number is right")
    assert talk.noted(NoteKind.ASKED_FOR_PERSON) == [""]


@pytest.mark.parametrize(
    ("words", "node"),
    [
        ("doctor", "urgent"), ("I need a DOCTOR, please!", "urgent"), ("the nurse", "urgent"), ("a refill.", "refill"),
        ("one", "urgent"), ("2", "refill"), ("Three.", "night"),
        ("doctoral thesis", "night"), ("hello?", "night"), ("", "night"), ("one moment", "night"),
    ],
)  # fmt: skip
def test_what_is_said_counts_like_a_key(words, node) -> None:
    assert Talk("night").says(words).node == node


def test_a_refill_from_my_doctor_takes_the_choice_that_the_plan_names_first() -> None:
    assert Talk("night").says("a refill from my doctor").node == "urgent"


def test_a_word_of_another_language_or_without_its_accent() -> None:
    assert Talk("night").says("médico").node == "night"
    assert Talk("night").presses("9").says("Médico").node == "urgent"
    assert Talk("night").presses("9").says("un medico por favor").node == "urgent"


def test_changing_the_language_gives_the_advice_and_the_menu_in_it() -> None:
    talk = Talk("night").hears("Para español, oprima el 9.")
    talk.does_not_hear("For English")  # it is English already
    talk.presses("9").hears("marque 9 1 1.", "Maple Pediatrics está cerrado.", "Para un médico, oprima el 1.")
    talk.hears("For English, press 8.").does_not_hear("Para español")
    assert {u.language for u in talk.taken.say} == {ES, EN}
    assert next(u for u in talk.taken.say if "English" in u.text).language == EN
    assert talk.noted(NoteKind.LANGUAGE) == [ES]
    talk.presses("8").hears("dial 9 1 1.", "Maple Pediatrics is closed.")


def test_a_triage_question_offers_only_what_its_words_say() -> None:
    talk = Talk("ask").hears("Out of it?").does_not_hear("press")
    assert talk.presses("2").node == "refill"


def test_a_menu_without_words_to_listen_for_listens_for_keys_only() -> None:
    assert Talk("ask").action.hints == ()


# ---- words, and the end -----------------------------------------------------------------------------------------


def test_information_is_told_and_the_call_goes_on() -> None:
    talk = Talk("night").presses("3").hears("We open at 8.", "For a doctor, press 1.")
    assert talk.noted(NoteKind.INFORMED) == ["info"]
    assert talk.node == "night"


def test_words_that_tell_911_themselves_are_not_doubled() -> None:
    talk = Talk("dial")
    assert talk.words == "Hang up and dial 9 1 1 now. Thank you."
    assert talk.noted(NoteKind.TOLD_911) == ["dial"]
    assert talk.action == End()


def test_a_survey_takes_1_to_5_and_thanks_for_silence_too() -> None:
    assert Talk("survey").presses("4").hears("Thank you.").noted(NoteKind.SCORE) == ["4"]
    assert Talk("survey").is_silent().hears("Thank you.").noted(NoteKind.SCORE) == []
    assert Talk("survey").presses("9").hears("Thank you.").noted(NoteKind.WRONG_KEY) == ["9"]
    assert Talk("survey").presses("*").hears("How easy was it?").action == Talk("survey").action
    assert Talk("survey").presses("0").node == "urgent"


# ---- the clinician ----------------------------------------------------------------------------------------------


def test_urgent_confirms_the_number_opens_the_page_and_asks_why() -> None:
    talk = Talk("urgent").hears("dial 9 1 1.", "call you back at 6 1 7, 5 5 5, 0 1 8 0")
    talk.presses("1")
    assert talk.action == OpenPage()
    assert talk.taken.position.phase is Phase.HOLD
    assert talk.noted(NoteKind.URGENT) == ["urgent"]
    assert talk.noted(NoteKind.NUMBER_CONFIRMED) == [""]


def test_the_spoken_number_is_not_in_the_step_itself() -> None:
    assert not any("5 5 5" in utterance.text for utterance in Talk("urgent").taken.say)


def test_another_number_is_keyed_and_kept_apart() -> None:
    talk = Talk("urgent").presses("2").hears("with area code", "press pound").presses("6175550123")
    assert talk.action == OpenPage()
    assert [n for n in talk.notes if n.kind is NoteKind.NUMBER_GIVEN] == [
        Note(NoteKind.NUMBER_GIVEN, private="+16175550123")
    ]


def test_a_number_is_asked_for_three_times_and_the_page_is_opened_all_the_same() -> None:
    talk = Talk("urgent").presses("2", "555").hears("not seem to be a complete phone number").is_silent()
    talk.hears("Sorry, we did not get that.").presses("5550123")
    assert talk.action == OpenPage()
    assert talk.noted(NoteKind.NUMBER_ASSUMED) == [""]


def test_a_withheld_number_is_asked_for_at_once() -> None:
    talk = Talk("urgent", withheld=True).hears("Please enter the phone number")
    assert talk.presses("1", "2", "3").noted(NoteKind.NUMBER_MISSING) == [""]
    assert talk.action == OpenPage()


def test_silence_at_the_number_is_asked_about_once_and_then_taken_as_yes() -> None:
    talk = Talk("urgent").is_silent().hears("Sorry, we did not get that.", "If that number is right").is_silent()
    assert talk.action == OpenPage()
    assert talk.noted(NoteKind.NUMBER_ASSUMED) == [""]


def test_a_wrong_key_at_the_number_is_called_that() -> None:
    Talk("urgent").presses("5").hears("not one of the choices", "If that number is right")


@pytest.mark.parametrize("withheld", [True, False])
def test_0_on_the_way_to_the_clinician_asks_nothing_more(withheld) -> None:
    assert Talk("urgent", withheld=withheld).presses("0").action == OpenPage()


@pytest.mark.parametrize("withheld", [True, False])
def test_star_repeats_the_number_prompts(withheld) -> None:
    talk = Talk("urgent", withheld=withheld)
    asked = talk.taken.say[1:]
    for _ in range(4):
        assert talk.presses("*").taken.say == asked


def test_without_confirmation_the_page_is_opened_at_once() -> None:
    talk = Talk("at_once").hears("dial 9 1 1.")
    assert talk.action == OpenPage()


def test_the_reason_is_kept_by_its_length_and_then_the_caller_holds() -> None:
    position = Position("urgent", Phase.REASON, EN, turn=4, page="0c3f", since=5)
    taken = step(MAPLE, position, Recorded(7))
    assert (taken.action, taken.position.page, taken.notes) == (Hold(), "0c3f", (Note(NoteKind.RECORDED, "7 s"),))
    assert step(MAPLE, position, Recorded(0)).notes == (Note(NoteKind.NOT_RECORDED),)


def test_a_caller_who_was_cut_off_is_connected_again_by_1_and_let_go_otherwise() -> None:
    position = Position("urgent", Phase.HOLD, EN, turn=9, page="0c3f", advised=True)
    assert step(MAPLE, position, Keys("1")).action != End()
    assert step(MAPLE, position, Keys("")).action == End()


# ---- desks and lines --------------------------------------------------------------------------------------------


def test_a_desk_is_rung_before_any_word_and_the_advice_comes_with_the_first_one() -> None:
    talk = Talk("day")
    assert (talk.words, talk.action) == ("", RingDestination("front_desk"))
    talk.desk(DialResult.NO_ANSWER).hears("dial 9 1 1.", "Maple Pediatrics is closed.")
    assert talk.noted(NoteKind.RANG) == ["front_desk: no answer"]


def test_a_desk_that_talked_ends_the_call() -> None:
    talk = Talk("day").desk(DialResult.ANSWERED).hears("Goodbye.")
    assert talk.action == End()


@pytest.mark.parametrize(
    ("result", "node"), [(DialResult.BUSY, "line"), (DialResult.NO_ANSWER, "night"), (DialResult.FAILED, "night")]
)
def test_a_desk_that_did_not_answer_leads_on(result, node) -> None:
    assert Talk("day").desk(result).node == node


def test_a_line_is_held_in_and_left_for_what_the_plan_says() -> None:
    talk = Talk("line").hears("dial 9 1 1.")
    assert talk.action == HoldInLine("front_desk")
    assert talk.noted(NoteKind.QUEUED) == ["front_desk"]
    left = step(MAPLE, talk.taken.position, QueueEnded(bridged=False))
    assert left.position.node == "callback"
    talked = step(MAPLE, talk.taken.position, QueueEnded(bridged=True))
    assert (talked.action, talked.notes[0].detail) == (End(), "front_desk: answered")


# ---- messages ---------------------------------------------------------------------------------------------------


def test_a_refill_request_from_beginning_to_end() -> None:
    talk = Talk("refill").hears("dial 9 1 1.", "Refills.", "If that number is right").presses("1")
    talk.hears("patient's first and last name").records(3)
    talk.hears("date of birth").presses("05042019")
    talk.hears("leave your message after the tone").records(12)
    talk.hears("We have your message.", "Thank you.")
    assert talk.action == End()
    assert talk.noted(NoteKind.FIELD_GIVEN) == ["recording of 3 s", "2019-05-04"]
    assert talk.noted(NoteKind.RECORDED) == ["12 s"]
    assert talk.noted(NoteKind.MESSAGE_DONE) == ["refill"]


def test_what_was_keyed_wrong_is_told_with_an_example_and_left_out_after_three_tries() -> None:
    talk = Talk("refill").presses("1").records(3).presses("02302020")
    talk.hears("not seem to be a date of birth", "May 4, 2019", "enter 0 5, 0 4, 2 0 1 9", "Please enter")
    talk.is_silent().hears("Sorry, we did not get that.").presses("5")
    talk.hears("leave your message")
    assert talk.noted(NoteKind.FIELD_MISSING) == ["date_of_birth"]


def test_a_date_after_today_is_asked_for_again() -> None:
    Talk("refill").presses("1").records(3).presses("11232026").hears("not seem to be a date of birth")
    Talk("refill").presses("1").records(3).presses("11222026").hears("leave your message")


@pytest.mark.parametrize(
    ("keys", "day"),
    [
        ("05042019", "2019-05-04"), ("02292020", "2020-02-29"), ("12311899", "1899-12-31"),
        ("25122015", "2015-12-25"), ("20151225", "2015-12-25"),  # the day first; the year first
        ("02302020", None), ("13322015", None), ("00002019", None), ("01011800", None), ("11232026", None),
        ("", None), ("0504201", None), ("050420199", None), ("0504*019", None), ("٠٥٠٤٢٠١٩", None), ("99999999", None),
    ],
)  # fmt: skip
def test_dates_of_birth(keys, day) -> None:
    assert date_of_birth(keys, TODAY) == day


@pytest.mark.parametrize(
    ("keys", "number"),
    [
        ("6175550180", "+16175550180"), ("16175550180", "+16175550180"), ("011442079460018", "+442079460018"),
        ("5550180", None), ("911", None), ("0", None), ("", None), ("1" * 40, None), ("**", None), ("abc", None),
    ],
)  # fmt: skip
def test_call_back_numbers(keys, number) -> None:
    assert callback_number(keys, "US") == number


def test_a_name_that_was_not_said_is_asked_for_again() -> None:
    talk = Talk("refill").presses("1").is_silent().hears("Sorry, we did not get that.", "first and last name")
    talk.is_silent().is_silent().hears("date of birth")
    assert talk.noted(NoteKind.FIELD_MISSING) == ["patient_name"]


def test_the_preferred_time_is_one_key() -> None:
    talk = Talk("appointment").hears("dial 9 1 1.", "For a morning, press 1").presses("7")
    talk.hears("not one of the choices").presses("*").hears("For a morning").presses("2").hears("leave your message")
    assert talk.noted(NoteKind.FIELD_GIVEN) == ["afternoon"]
    talk.records(4).hears("We have your message.", "How easy was it?")


@pytest.mark.parametrize("node", ["refill", "appointment", "callback"])
def test_0_at_a_message_leads_to_a_person(node) -> None:
    assert Talk(node).presses("0").node == "urgent"


@pytest.mark.parametrize("keys", ["0", "*"])
def test_0_and_star_count_while_a_name_is_recorded(keys) -> None:
    talk = Talk("refill").presses("1")
    assert set("#0*") <= set(talk.action.finish)
    after = step(MAPLE, talk.taken.position, Keys(keys))
    assert (after.position.node == "urgent") is (keys == "0")
    assert (after.say == talk.taken.say) is (keys == "*")


def test_a_message_without_words_is_asked_for_once_more_and_counts_without_them() -> None:
    talk = Talk("appointment").presses("1").is_silent().hears("We could not hear you.", "after the tone").is_silent()
    talk.hears("We have your message.")
    assert talk.noted(NoteKind.NOT_RECORDED) == [""]
    assert talk.noted(NoteKind.MESSAGE_DONE) == ["appointment"]


def test_a_caller_who_hung_up_while_recording_is_not_asked_again() -> None:
    talk = Talk("appointment").presses("1").records(0, hung_up=True)
    assert talk.noted(NoteKind.MESSAGE_DONE) == ["appointment"]


def test_a_call_back_needs_no_recording() -> None:
    talk = Talk("callback").presses("1").hears("You are on our list", "Goodbye.")
    assert talk.noted(NoteKind.CALLBACK_DONE) == ["callback"]
    assert talk.action == End()


def test_a_call_back_to_nobody_knows_where_is_left_by_voice_or_leads_to_a_person() -> None:
    talk = Talk("callback", withheld=True).presses("1", "2", "3").hears("say your name and the phone number")
    assert talk.records(9).noted(NoteKind.CALLBACK_DONE) == ["callback"]
    silent = Talk("callback", withheld=True).is_silent().is_silent().is_silent().is_silent().is_silent()
    assert silent.node == "urgent"
    assert silent.noted(NoteKind.CALLBACK_DONE) == []


# ---- what cannot be, but comes all the same ---------------------------------------------------------------------


@pytest.mark.parametrize("given", [Keys("1"), Entered(), Recorded(3), DialEnded(DialResult.BUSY)])
@pytest.mark.parametrize("position", [Position("gone", Phase.KEY, EN), Position("night", Phase.KEY, "fr-FR")])
def test_a_node_or_language_that_the_plan_does_not_have_leads_to_a_person(position, given) -> None:
    taken = step(MAPLE, position, given)
    assert taken.say[0].text.startswith("We are sorry, something is not working here.")
    assert "9 1 1" in taken.say[0].text
    assert taken.position.node == "urgent"
    assert taken.notes[0] == Note(NoteKind.LOST, position.node)


def test_an_input_of_another_kind_begins_the_node_again() -> None:
    taken = step(MAPLE, Position("refill", Phase.RING, EN, advised=True), DialEnded(DialResult.BUSY))
    assert taken.say[0].text == "Refills."
