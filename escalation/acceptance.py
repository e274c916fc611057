"""A person takes the page, passes it on, or had it and did not reach the patient.

Taking it is not the end: the page lives until the patient was reached, and is opened again when that takes too long.
"""

from dataclasses import replace

from escalation import last_resort, paging, presence, steps
from escalation.draft import Draft, reopens_at
from escalation.effects import BridgeCaller, CancelCall, OfferCallBack, TransferCaller
from escalation.events import Accepted, AcceptedBy, CallMe, Declined, DialledIn, PutOff
from escalation.page import Attempt, AttemptState, CallerPresence, PageState, Purpose
from escalation.policy import Means

MAX_REOPENINGS = 3
"""A page opened again more often than this comes to its last resort at once."""
_OPEN = frozenset({PageState.PAGING, PageState.LAST_RESORT})
_CONSUMED = frozenset({AttemptState.ACCEPTED, AttemptState.DECLINED, AttemptState.PUT_OFF})
"""A key was pressed on it before: another `Accepted` for it is a webhook repeated."""
_ON_THE_CALLERS_LEG = frozenset({AcceptedBy.KEY, AcceptedBy.DIALLED})
_TEXTED = frozenset({AttemptState.PLACED, AttemptState.DELIVERED, AttemptState.LAPSED, AttemptState.ACCEPTED})
"""Who had taken it by a text, and lost it since nobody was reached, is told of who has it now as well."""


def answered(draft: Draft, event: Accepted | Declined | PutOff | DialledIn | CallMe) -> None:
    """What a person says to a page: that they take it, that they do not, not now, or that they are on the line."""
    match event:
        case Accepted():
            accept(draft, event)
        case Declined():
            decline(draft, event)
        case PutOff(attempt):
            put_off(draft, attempt)
        case DialledIn(member, address):
            dialled_in(draft, member, address)
        case CallMe(member):
            call_me(draft, member)


def accept(draft: Draft, event: Accepted) -> None:
    """Take the page; or, by who has it already, put the leg on which they now pressed 1 to use."""
    pressed = draft.attempt(event.attempt)
    if (event.attempt is not None and pressed is None) or (pressed is not None and pressed.state in _CONSUMED):
        return
    if pressed is not None and event.is_other:
        pressed = replace(pressed, over=False)
    member = event.member if pressed is None else pressed.member
    if pressed is None and event.by in _ON_THE_CALLERS_LEG and draft.page.caller is CallerPresence.HOLDING:
        _talk(draft, event, member)
    elif event.by is AcceptedBy.DIALLED or (pressed is not None and pressed.over and not member):
        return  # nobody is there: the caller has left what it answered, or the last resort has hung up
    elif draft.page.state in _OPEN:
        _take(draft, event, member, pressed)
    elif draft.page.state is PageState.ACCEPTED and member == draft.page.accepted_by and pressed is not None:
        _pick_up(draft, pressed, apart=event.apart)


def decline(draft: Draft, event: Declined) -> None:
    """Pass it on: this member is not paged again on this page. By who had accepted: the page is opened again."""
    pressed = draft.attempt(event.attempt)
    if (event.attempt is not None and pressed is None) or draft.page.state in {PageState.BRIDGED, PageState.RESOLVED}:
        return
    member = event.member if pressed is None else pressed.member
    if not member:
        _decline_last_resort(draft, pressed)
    elif not (pressed is not None and pressed.state is AttemptState.DECLINED) and member not in draft.page.passed:
        _pass_on(draft, member, pressed)


def put_off(draft: Draft, number: int) -> None:
    """They cannot talk now: somebody else is found meanwhile, and they are rung again unless the page is taken by then.

    Who has the page and is rung to be brought to the patient keeps it.
    """
    pressed = draft.attempt(number)
    if pressed is None or pressed.state in _CONSUMED or not _can_put_off(draft, pressed):
        return
    after = draft.policy.ring_again_after
    draft.mark(pressed, AttemptState.PUT_OFF)
    for attempt in list(draft.live()):
        if attempt.member != pressed.member or attempt.purpose is Purpose.TAKEN:
            continue
        # A text that they have got can still be answered, but is not waited for.
        state = AttemptState.CANCELED if attempt.means is Means.CALL else AttemptState.LAPSED
        draft.end(attempt, state, "they cannot talk now")
    # A leg on which they were paged may be the one that they pressed it on when they have the page already, by a text.
    purpose = Purpose.BRIDGE if draft.page.state is PageState.ACCEPTED else Purpose.PAGE
    draft.intend(pressed.member, Means.CALL, pressed.address, purpose, later=after)
    draft.say(f"{draft.name(pressed.member)} cannot talk now: rung again in {round(after.total('minutes'))} min")
    paging.go_on(draft)


def call_me(draft: Draft, member: str) -> None:
    """Ring who has the page, unless they are being rung or are on the line; who was to be rung later is rung now."""
    page = draft.page
    if page.state is not PageState.ACCEPTED or page.accepted_by != member or page.accepted_attempt is not None:
        return
    for attempt in list(draft.live(Means.CALL, Purpose.BRIDGE)):
        if attempt.is_to_come(draft.now):
            draft.end(attempt, AttemptState.CANCELED, "they want to be rung now")
    if not any(draft.live(Means.CALL, Purpose.BRIDGE)):
        ring_accepter(draft)


def dialled_in(draft: Draft, member: str, address: str) -> None:
    """Their own call is an attempt that was picked up: nobody rings them any more, and a key on it counts as on any.

    Nothing, when somebody else has the page, or they talk already.
    """
    page, purpose = draft.page, Purpose.PAGE
    if page.state is PageState.ACCEPTED and page.accepted_by == member and page.accepted_attempt is None:
        purpose = Purpose.BRIDGE
    elif page.state not in _OPEN:
        return
    for attempt in list(draft.live(Means.CALL)):
        if attempt.member == member:
            draft.end(attempt, AttemptState.CANCELED, "they have called in themselves")
    draft.receive(member, address, purpose)
    draft.say(f"{draft.name(member)} has called in")


def _can_put_off(draft: Draft, pressed: Attempt) -> bool:
    page = draft.page
    if pressed.member in page.passed or pressed.means is not Means.CALL:
        return False
    if page.state is PageState.ACCEPTED:
        return page.accepted_by == pressed.member and page.accepted_attempt is None
    return page.state in _OPEN and pressed.purpose is Purpose.PAGE


def reopen(draft: Draft, why: str) -> None:
    """Nobody has the page any more: go on after the present step, with all the policy's rounds anew."""
    page = draft.page
    step = page.step if page.step + 1 < len(draft.policy.steps) else -1
    maybe_in_room = presence.is_maybe_in_room(page)
    draft.page = replace(
        page, state=PageState.PAGING, accepted_by=None, accepted_at=None, accepted_attempt=None, apart=None,
        caller_room="", clinician_room="", reopened=page.reopened + 1, step=step,
        round=steps.first_round_again(page), step_until=None,
    )  # fmt: skip
    draft.say(f"The page is opened again: {why}")
    if page.reopened >= MAX_REOPENINGS:
        last_resort.enter(draft, f"the page was taken {page.reopened + 1} times and the patient was not reached")
    else:
        paging.next_step(draft)
    if maybe_in_room and TransferCaller() not in draft.effects:
        presence.return_caller(draft)


def due(draft: Draft) -> None:
    """Too long since it was accepted, or the call to who accepted is to be tried once more."""
    limit = reopens_at(draft.page, draft.policy)
    if limit is None or draft.now >= limit:
        minutes = round(draft.policy.reopen_after.total("minutes"))
        reopen(draft, f"{draft.name(draft.page.accepted_by)} took it, and {minutes} min later nobody was reached")
    elif draft.page.meet_by is not None and draft.now >= draft.page.meet_by:
        presence.not_met(draft)
    else:
        paging.retry(draft)


def connect(draft: Draft) -> None:
    """Bring who has the page and the patient together, by whichever leg there is."""
    leg = draft.attempt(draft.page.accepted_attempt)
    if draft.page.apart is not None:
        return  # as soon as that leg has ended
    if leg is None:
        ring_accepter(draft)
    elif draft.page.caller is CallerPresence.HOLDING and leg.apart:
        presence.part(draft, leg)
    elif draft.page.caller is CallerPresence.HOLDING:
        draft.effects.append(BridgeCaller())
        draft.say(f"The caller is brought to {draft.name(draft.page.accepted_by)}")
    else:
        draft.effects.append(OfferCallBack(leg.number))
        draft.say(f"{draft.name(draft.page.accepted_by)} is offered to call the patient back")


def ring_accepter(draft: Draft, after: str | None = None) -> None:
    """Ring who has the page, to be brought to the patient: their first number, or the one that follows `after`."""
    if any(draft.live(Means.CALL, Purpose.BRIDGE)):
        return
    member = draft.member(draft.page.accepted_by)
    voice = () if member is None else member.voice
    left = voice[voice.index(after) + 1 :] if after in voice else voice
    address = next((number for number in left if not draft.is_ringing((number,))), None)
    name = draft.name(draft.page.accepted_by)
    if member is None or address is None:
        draft.say(f"{name} has no further number to be rung on to be brought to the patient")
        return
    draft.intend(member.id, Means.CALL, address, Purpose.BRIDGE)
    draft.say(f"Ringing {name} at {address} to be brought to the patient")


def bridge_ended(draft: Draft, attempt: Attempt) -> None:
    """The call to who has the page came to nothing: the next number, then the page waits to be opened again.

    A caller who holds does not wait for that: nobody is coming to the phone, and somebody else may.
    """
    waits = draft.page.accepted_by == attempt.member and draft.page.accepted_attempt is None
    if not waits or attempt.platform:
        return
    ring_accepter(draft, after=attempt.address)
    nobody_comes = not any(draft.live(Means.CALL, Purpose.BRIDGE)) and draft.page.apart is None
    if nobody_comes and draft.page.caller is CallerPresence.HOLDING and not draft.page.put_through:
        reopen(draft, f"{draft.name(attempt.member)} took it and cannot be reached, and the caller holds")


def stand_down(draft: Draft, why: str, keep: str | None) -> None:
    """Nobody else is needed: end their calls, and tell who was texted and has neither taken it (`keep`) nor passed."""
    texted = {a.address: a for a in draft.page.attempts if a.means is Means.SMS}.values()
    told = [a for a in texted if a.purpose is Purpose.PAGE and a.state in _TEXTED]
    for attempt in list(draft.live()):
        if attempt.purpose is not Purpose.TAKEN:
            draft.end(attempt, AttemptState.CANCELED, why)
    for attempt in told:
        if attempt.member not in {keep, draft.page.accepted_by, *draft.page.passed}:
            draft.intend(attempt.member, Means.SMS, attempt.address, Purpose.TAKEN)
            draft.say(f"Telling {draft.name(attempt.member)} that it is taken care of")


def _take(draft: Draft, event: Accepted, member: str, pressed: Attempt | None) -> None:
    answered = pressed or (_text_to(draft, member) if event.by is AcceptedBy.SMS else None)
    if answered is not None and answered.purpose is not Purpose.TAKEN:
        draft.mark(replace(answered, apart=event.apart), AttemptState.ACCEPTED)
    is_leg = pressed is not None and pressed.means is Means.CALL and not pressed.over
    leg = pressed.number if pressed is not None and is_leg else None
    name = draft.name(member)
    draft.say(f"{name} has taken the page by {event.by}")
    draft.page = replace(
        draft.page, state=PageState.ACCEPTED, accepted_by=member, accepted_at=draft.now, accepted_attempt=leg,
        apart=None, caller_room="", clinician_room="", step_until=None, passed=draft.page.passed - {member},
    )  # fmt: skip
    stand_down(draft, f"{name} has taken the page", member)
    _connect_presser(draft)


def _talk(draft: Draft, event: Accepted, member: str) -> None:
    """A person answered what the caller's own turn dialled. Who has the page already, if anybody, keeps it."""
    page = draft.page
    dialled = page.put_through or page.state is PageState.LAST_RESORT
    on_their_way = page.state is PageState.ACCEPTED and page.accepted_attempt is not None
    closed = page.state in {PageState.BRIDGED, PageState.RESOLVED}
    if closed or on_their_way or (event.by is AcceptedBy.DIALLED and not dialled):
        return
    name = draft.name(member)
    draft.say(f"{name} has taken the page by {event.by}, on the line that the caller's own turn dialled")
    draft.page = replace(
        page, state=PageState.BRIDGED, accepted_by=member if page.accepted_by is None else page.accepted_by,
        accepted_at=draft.now if page.accepted_at is None else page.accepted_at, accepted_attempt=None, due=None,
        apart=None, caller_room="", clinician_room="", step_until=None, put_through=True,
        passed=page.passed - {member},
    )  # fmt: skip
    stand_down(draft, f"{name} talks to the caller", member)


def _connect_presser(draft: Draft) -> None:
    """Who pressed 1 on a call is told by the answer to that key that the caller is gone, and is not moved as well."""
    if draft.page.accepted_attempt is None or draft.page.caller is CallerPresence.HOLDING:
        connect(draft)
    else:
        draft.say(f"{draft.name(draft.page.accepted_by)} is offered to call the patient back")


def _pick_up(draft: Draft, pressed: Attempt, *, apart: bool) -> None:
    """Who has the page pressed 1 on a call: from now on that is their leg."""
    if draft.page.accepted_attempt is not None or pressed.means is not Means.CALL or pressed.over:
        return
    draft.mark(replace(pressed, apart=apart), AttemptState.ACCEPTED)
    draft.say(f"{draft.name(pressed.member)} is on the line")
    draft.page = replace(draft.page, accepted_attempt=pressed.number, apart=None, caller_room="", clinician_room="")
    stand_down(draft, f"{draft.name(pressed.member)} is on the line", pressed.member)
    _connect_presser(draft)


def _text_to(draft: Draft, member: str) -> Attempt | None:
    """The SMS that the member's reply answers."""
    texts = [a for a in draft.page.attempts if a.means is Means.SMS and a.member == member]
    pages = [a for a in texts if a.purpose is Purpose.PAGE and a.state not in _CONSUMED]
    return pages[-1] if pages else None


def _pass_on(draft: Draft, member: str, pressed: Attempt | None) -> None:
    draft.page = replace(draft.page, passed=draft.page.passed | {member})
    draft.say(f"{draft.name(member)} has passed it on")
    for attempt in list(draft.live()):
        if attempt.member != member or attempt.purpose is Purpose.TAKEN:
            continue
        if pressed is not None and attempt.number == pressed.number:
            draft.mark(attempt, AttemptState.DECLINED)
        else:
            draft.end(attempt, AttemptState.DECLINED, "passed on otherwise")
    if draft.page.state is PageState.ACCEPTED and draft.page.accepted_by == member:
        if draft.page.accepted_attempt is not None:
            # They passed it on by a text: their leg must not stay in the room to which the next one will come.
            draft.effects.append(CancelCall(draft.page.accepted_attempt))
        reopen(draft, f"{draft.name(member)} had taken it and passes it on")
    else:
        paging.go_on(draft)


def _decline_last_resort(draft: Draft, pressed: Attempt | None) -> None:
    if pressed is None or pressed.is_final:
        return
    draft.mark(pressed, AttemptState.DECLINED)
    draft.say("The last resort has passed it on")
    if draft.page.state is PageState.LAST_RESORT:
        last_resort.call_ended(draft)
