"""Whatever the flow, wherever the call stands, whatever comes: what holds of every step."""

from collections.abc import Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ivr.actions import Action, End, GatherKeys, HoldInLine, OpenPage, RecordVoice, RingDestination
from ivr.flow import Connect, Flow, Menu
from ivr.inputs import DialEnded, DialResult, Entered, Input, Keys, NoteKind, QueueEnded, Recorded, Spoken
from ivr.phrases import phrase
from ivr.position import BadPositionError, Phase, Position, from_query, to_query
from ivr.speech import ADVICE_WITHIN, emergency_number_after
from ivr.walk import Step, begin, step
from tests.ivr.flows import EN, ES, MARKS, inputs, positions, valid_flows, wild_flows

any_flow = valid_flows | wild_flows
MANY = settings(max_examples=250, deadline=None)


def starts(data: st.DataObject, flow: Flow) -> Step:
    position = begin(flow, data.draw(st.sampled_from(sorted(flow.nodes))), withheld=data.draw(st.booleans()))
    return step(flow, position, Entered())


def walked(data: st.DataObject, flow: Flow, most: int = 6) -> Iterator[tuple[Step, Input | None]]:
    """A call with random answers; each step with the input that it takes next."""
    taken = starts(data, flow)
    for given_ in data.draw(st.lists(inputs, max_size=most)):
        yield taken, given_
        taken = step(flow, taken.position, given_)
    yield taken, None


def silence(action: Action) -> Input | None:
    match action:
        case GatherKeys():
            return Keys("")
        case RecordVoice():
            return Recorded(0)
        case RingDestination():
            return DialEnded(DialResult.NO_ANSWER)
        case HoldInLine():
            return QueueEnded(bridged=False)
        case _:
            return None


@MANY
@given(data=st.data(), flow=any_flow, given_=inputs)
def test_a_step_is_total_and_the_same_again_and_goes_one_turn_on(data, flow, given_) -> None:
    position = data.draw(positions(flow))
    taken = step(flow, position, given_)
    assert taken == step(flow, position, given_)
    assert taken.position.turn == position.turn + 1
    assert isinstance(taken.action, End) == (taken.position.phase is Phase.OVER)
    assert from_query(to_query(taken.position)) == taken.position
    assert all(utterance.text.strip() for utterance in taken.say)


@MANY
@given(data=st.data(), flow=valid_flows)
def test_silence_alone_brings_every_call_to_an_end_or_to_a_person(data, flow) -> None:
    taken = starts(data, flow)
    for _ in range(60 + 12 * len(flow.nodes)):
        given_ = silence(taken.action)
        if given_ is None:
            break
        taken = step(flow, taken.position, given_)
    assert isinstance(taken.action, End | OpenPage)
    assert NoteKind.LOST not in {note.kind for note in taken.notes}


@MANY
@given(data=st.data(), flow=any_flow)
def test_a_position_that_leads_nowhere_leads_to_a_person_with_the_advice(data, flow) -> None:
    taken = step(flow, data.draw(positions(flow)), Entered())
    if NoteKind.LOST in {note.kind for note in taken.notes}:
        assert any(emergency_number_after(utterance.text) for utterance in taken.say)


@MANY
@given(data=st.data(), flow=valid_flows)
def test_the_advice_to_dial_911_comes_before_any_other_word(data, flow) -> None:
    taken = starts(data, flow)
    while not taken.say:
        # Ringing a desk is the one thing that may come before any word.
        assert isinstance(taken.action, RingDestination)
        taken = step(flow, taken.position, DialEnded(DialResult.NO_ANSWER))
    after = emergency_number_after(taken.say[0].text)
    assert after is not None
    assert after <= ADVICE_WITHIN
    assert taken.say[0].language == EN


@MANY
@given(data=st.data(), flow=valid_flows)
def test_whoever_changes_the_language_gets_the_advice_in_the_new_one(data, flow) -> None:
    for taken, given_ in walked(data, flow):
        if given_ is None:
            break
        after = step(flow, taken.position, given_)
        if any(note.kind is NoteKind.LANGUAGE for note in after.notes) and after.say:
            assert emergency_number_after(after.say[0].text)
            assert after.say[0].language == after.position.language


@MANY
@given(data=st.data(), flow=valid_flows)
def test_star_says_the_same_words_again(data, flow) -> None:
    for taken, _ in walked(data, flow):
        if isinstance(taken.action, GatherKeys) and taken.position.phase is not Phase.HOLD:
            again = step(flow, taken.position, Keys("*"))
            assert again.say == taken.say[len(taken.say) - len(again.say) :]
            assert again.say
            assert again.action == taken.action
            assert step(flow, again.position, Keys("*")).say == again.say


@MANY
@given(data=st.data(), flow=valid_flows)
def test_0_leads_to_a_person_wherever_it_has_no_meaning_of_its_own(data, flow) -> None:
    for taken, _ in walked(data, flow):
        node = flow.nodes[taken.position.node]
        if not isinstance(taken.action, GatherKeys):
            continue
        if isinstance(node, Menu) and any(choice.key == "0" for choice in node.choices):
            continue
        after = step(flow, taken.position, Keys("0"))
        if isinstance(node, Connect):  # the clinician is the person
            assert isinstance(after.action, OpenPage)
        else:
            assert [(n.kind, n.detail) for n in after.notes[:2]] == [
                (NoteKind.ASKED_FOR_PERSON, ""),
                (NoteKind.ENTERED, flow.person),
            ]


@MANY
@given(data=st.data(), flow=any_flow, given_=inputs)
def test_words_are_marked_with_the_language_that_they_are_in(data, flow, given_) -> None:
    taken = step(flow, data.draw(positions(flow)), given_)
    for utterance in taken.say:
        for language, word in MARKS.items():
            if utterance.text.startswith(word):
                assert utterance.language == language
        if not any(utterance.text.startswith(word) for word in MARKS.values()):
            assert utterance.language == taken.position.language


@MANY
@given(data=st.data(), flow=any_flow)
def test_what_a_caller_enters_or_says_is_in_no_detail(data, flow) -> None:
    for taken, given_ in walked(data, flow):
        if given_ is None:
            break
        private = given_.digits if isinstance(given_, Keys) else given_.words if isinstance(given_, Spoken) else ""
        if len(private) < 2:  # one key is fit to be kept
            continue
        after = step(flow, taken.position, given_)
        assert not any(private in note.detail for note in after.notes)
        assert "5550180" not in "".join(note.detail for note in after.notes)
        assert "2019" not in "".join(note.detail for note in after.notes)


@MANY
@given(data=st.data(), flow=any_flow)
def test_a_position_holds_nothing_that_the_caller_entered(data, flow) -> None:
    for taken, _ in walked(data, flow):
        assert not {"6175550180", "05042019", "Elliot"} & set(to_query(taken.position).values())
        assert "617" not in taken.position.node


any_position = st.builds(
    Position,
    node=st.text(min_size=1),
    phase=st.sampled_from(Phase),
    language=st.text(min_size=1),
    turn=st.integers(0, 10**9),
    tries=st.integers(0, 99),
    index=st.integers(0, 99),
    withheld=st.booleans(),
    advised=st.booleans(),
    page=st.text(),
    since=st.integers(0, 10**11),
)


@given(position=any_position)
def test_a_position_comes_back_from_its_query(position) -> None:
    query = to_query(position)
    assert from_query(query) == position
    assert from_query(query | {"practice": "maple", "version": "3"}) == position


@given(
    query=st.dictionaries(
        st.sampled_from([*to_query(Position("n", Phase.KEY, EN)), "turn", "withheld", "since", "tries", "page"]),
        st.sampled_from(["", "1", "0", "-1", "1.5", "٣", "7" * 13, "yes", "key", "night", ES, "0x1"]) | st.text(),
    )
)
def test_any_other_query_is_refused_or_says_one_position(query) -> None:
    try:
        position = from_query(query)
    except BadPositionError as error:
        assert all(len(value) < 4 or value not in str(error) for value in query.values())  # noqa: PT017
        return
    assert from_query(to_query(position)) == position


GOOD = {"node": "night", "phase": "key", "language": EN}


@pytest.mark.parametrize(
    "wrong",
    [
        {"node": ""}, {"language": ""}, {"phase": "sleep"}, {"phase": ""}, {"turn": "-1"}, {"turn": "1e3"},
        {"turn": "٣"}, {"turn": ""}, {"tries": "many"}, {"index": " 1"}, {"since": "9" * 13}, {"withheld": "yes"},
        {"advised": "2"},
    ],
)  # fmt: skip
def test_a_malformed_part_is_refused(wrong) -> None:
    with pytest.raises(BadPositionError, match="malformed"):
        from_query(GOOD | wrong)


@pytest.mark.parametrize("missing", list(GOOD))
def test_a_missing_part_is_named(missing) -> None:
    with pytest.raises(BadPositionError, match=f"lacks {missing}"):
        from_query({name: value for name, value in GOOD.items() if name != missing})


@MANY
@given(flow=valid_flows, given_=inputs, data=st.data())
def test_a_call_that_is_over_stays_over(flow, given_, data) -> None:
    position = data.draw(positions(flow))
    assume(position.node in flow.nodes and position.language in {EN, ES} and not isinstance(given_, Entered))
    taken = step(flow, Position(position.node, Phase.OVER, position.language), given_)
    assert (taken.action, taken.say, taken.notes) == (End(), (), ())


def test_a_language_without_phrases_of_the_servers_is_not_spoken_with_its_voice() -> None:
    from ivr.prompts import own

    assert own("goodbye", "fr-FR").language == EN
    assert own("goodbye", "fr-FR").text == phrase("goodbye", EN)
    assert own("goodbye", "es-MX").language == "es-MX"
