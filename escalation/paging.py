"""The steps of a policy: whom the present one still rings, and when the next begins.

A step resolves whom it pages at the instant when it began, so that a handoff in its middle changes nothing. In it every
address is rung once. A call that still rings when its step passes is left to end by itself, and its phone is not rung a
second time meanwhile; the new step counts it as its own and waits for it.

When Twilio itself fails (no credentials, a rate limit, an outage), other numbers would fail as fast: the step would be
through all of them in a millisecond and the page at its last resort with nobody rung. So such a failure moves a step on
to nobody: the same address is tried once more after ten seconds, and if that fails too, the step lasts as long as it
would have, while the caller's own line dials its people (`dial_instead`) and any SMS sent before can be answered.
"""

from dataclasses import replace
from itertools import islice

from escalation import last_resort, steps
from escalation.draft import RETRY_AFTER, Draft, in_step
from escalation.effects import AlertOperators
from escalation.page import Attempt, AttemptState, PageState, Purpose
from escalation.policy import Means, Ring
from escalation.sparing import LOOKS_AFTER, is_quiet, is_spared, waits_until
from escalation.wallclock import shown

TRIES = 2
"""How often one address is called in a step: once more after Twilio failed, or somebody hung up who was engaged."""
_NOBODY = "nobody is on call for it"


def next_step(draft: Draft) -> None:
    """Begin the next step that pages anybody; after the last of the last round, the last resort."""
    last_resort.give_up_lost(draft)
    for attempt in list(draft.live(Means.SMS, Purpose.PAGE)):
        if attempt.state is not AttemptState.INTENDED:
            draft.mark(attempt, AttemptState.LAPSED, "its step passed with no answer")
    until = waits_until(draft)
    if until is not None:
        draft.page = replace(draft.page, is_waiting=True, step_until=min(until, draft.now + LOOKS_AFTER))
        draft.say(
            f"Everybody whom it may page has quiet hours: it waits until {shown(until, draft.escalation.roster.zone)}"
        )
        return
    walk = list(
        islice(steps.ahead(draft), len(draft.policy.steps))
    )  # once through all is enough: none changes in between
    for count, index in walk:
        if _begin(draft, index, count):
            return
    last_resort.enter(draft, f"every step of the policy {draft.policy.name} has passed and nobody has taken the page")


def has_next(draft: Draft) -> bool:
    """Whether a step is still to come before the last resort."""
    return any(True for _ in steps.ahead(draft))


def go_on(draft: Draft) -> None:
    """Something of the present step ended: ring whom it rings next, or begin the next step if nobody is left."""
    if not _is_in_step(draft):
        return
    _ring(draft)
    if not _is_waiting(draft):
        draft.say(f"{steps.titled(draft)}: nobody is left to wait for")
        next_step(draft)


def freed(draft: Draft, member: str) -> None:
    """Ring them again, where the present step found them on the telephone: who waited longest is asked first."""
    if not _is_in_step(draft) or not draft.page.is_queued or member in draft.escalation.engaged:
        return
    if Means.CALL not in steps.present(draft).by or member not in steps.people(draft) or draft.is_put_off(member):
        return
    voice = draft.escalation.roster.members[member].voice
    if not voice or len(_tries_of_first(draft, voice)) >= TRIES or draft.is_ringing(voice) or is_spared(draft, member):
        return
    draft.intend(member, Means.CALL, voice[0], Purpose.PAGE)
    draft.say(f"Ringing {draft.name(member)} at {voice[0]}, who is free again")


def call_instead(draft: Draft, text: Attempt) -> None:
    """A text of the present step cannot arrive: its reader is called, where the step would not call them anyway."""
    if not _is_in_step(draft) or not in_step(draft.page, text) or Means.CALL in steps.present(draft).by:
        return
    member = draft.member(text.member)
    if member is None or member.id in draft.page.passed or draft.is_put_off(member.id) or is_quiet(draft, member.id):
        return
    called = {attempt.address for attempt in draft.page.attempts if steps.is_call_of_present(draft, attempt)}
    if member.voice and not called.intersection(member.voice) and not draft.is_ringing(member.voice):
        draft.intend(member.id, Means.CALL, member.voice[0], Purpose.PAGE)
        draft.say(f"Ringing {member.name} at {member.voice[0]} instead")


def due(draft: Draft) -> None:
    """The step has taken its time, or what Twilio refused is to be tried once more."""
    if draft.page.step_until is None or draft.now >= draft.page.step_until:
        next_step(draft)
    else:
        retry(draft)


def retry(draft: Draft) -> None:
    """Try once more what failed because Twilio did."""
    for attempt in draft.retries():
        if attempt.at + RETRY_AFTER <= draft.now:
            draft.intend(attempt.member, attempt.means, attempt.address, attempt.purpose)
            draft.say(f"Trying {draft.name(attempt.member)} once more by {attempt.means}, after Twilio failed")


def _is_in_step(draft: Draft) -> bool:
    """Whether the page is in a step that its policy has: that by which it goes on now may have fewer than its own."""
    page = draft.page
    return page.state is PageState.PAGING and not page.is_waiting and 0 <= page.step < len(draft.policy.steps)


def _begin(draft: Draft, index: int, count: int) -> bool:
    """Begin the step; False when it pages nobody, so that it is skipped."""
    step = draft.policy.steps[index]
    until = draft.now + step.wait
    draft.page = replace(draft.page, step=index, round=count, step_until=until, is_waiting=False, is_queued=False)
    draft.say(f"{steps.titled(draft)} begins: {_listed(draft) or 'nobody'}")
    _text(draft)
    _ring(draft)
    if not _is_waiting(draft):
        why = _empty_because(draft)
        draft.say(f"{steps.titled(draft)} is skipped: {why}")
        if why == _NOBODY and count == 0:
            # A hole that the proof should have kept out, or that was waived; the page goes on all the same.
            draft.effects.append(AlertOperators(f"step {index + 1} of the policy {draft.policy.name}: {_NOBODY}"))
        return False
    return True


def _text(draft: Draft) -> None:
    """Text everybody in the step at once, unless an SMS to them has not even been handed over yet."""
    if Means.SMS not in steps.present(draft).by:
        return
    for member in steps.people(draft):
        address = draft.escalation.roster.members[member].sms
        pending = {a.address for a in draft.live(Means.SMS, Purpose.PAGE) if a.state is AttemptState.INTENDED}
        if address is not None and address not in pending and not is_quiet(draft, member):
            draft.intend(member, Means.SMS, address, Purpose.PAGE)
            draft.say(f"Texting {draft.name(member)}")


def _ring(draft: Draft) -> None:
    """Ring the next number: of everybody whose phone is silent, or of the first in turn."""
    if Means.CALL not in steps.present(draft).by:
        return
    in_turn = steps.present(draft).ring is Ring.IN_TURN
    for member in steps.people(draft):
        voice = draft.escalation.roster.members[member].voice
        called = [a for a in draft.page.attempts if steps.is_call_of_present(draft, a)]
        busy = draft.is_ringing(voice) or _is_held(called, voice)
        if member in draft.escalation.engaged and not draft.page.is_queued:
            draft.page = replace(draft.page, is_queued=True)
        if draft.is_put_off(member) or is_spared(draft, member):
            continue
        address = None if busy else next((n for n in voice if n not in {a.address for a in called}), None)
        if address is not None:
            draft.intend(member, Means.CALL, address, Purpose.PAGE)
            draft.say(f"Ringing {draft.name(member)} at {address}")
        if in_turn and (busy or address is not None):
            return


def _is_waiting(draft: Draft) -> bool:
    """Whether anything can still come of the present step. Who is spared it is not waited for."""
    spared = {member for member in steps.people(draft) if is_spared(draft, member)}
    people = [member for member in steps.people(draft) if member not in spared]
    voices = [draft.escalation.roster.members[member] for member in people]
    page = draft.page
    left = page.passed | (draft.escalation.engaged - set(people)) | (spared if draft.policy.urgent else set())
    here = [a for a in page.attempts if a.purpose is Purpose.PAGE and in_step(page, a) and a.member not in left]
    texts = {a.address for a in draft.live(Means.SMS, Purpose.PAGE) if a.state is AttemptState.INTENDED}
    by = steps.present(draft).by
    return (
        any(not attempt.is_final and not attempt.is_to_come(draft.now) for attempt in here)
        or any(_is_in_line_for(draft, member) for member in people)
        or any(_is_held([a for a in here if a.means is attempt.means], (attempt.address,)) for attempt in here)
        or (Means.CALL in by and any(draft.is_ringing(person.voice) for person in voices))
        or (Means.SMS in by and any(person.sms in texts for person in voices))
    )


def _is_in_line_for(draft: Draft, member: str) -> bool:
    """Whether they talk to another caller, and are to be rung once more in this step when they hang up (`Freed`).

    Not for who is only being rung about another page: two pages that ring the same sleeper would wait for each other.
    """
    if Means.CALL not in steps.present(draft).by or member not in draft.escalation.talking or draft.is_put_off(member):
        return False
    voice = draft.escalation.roster.members[member].voice
    return bool(voice) and len(_tries_of_first(draft, voice)) < TRIES


def _tries_of_first(draft: Draft, voice: tuple[str, ...]) -> list[Attempt]:
    """The present step's calls to the first of these numbers, which is the one that is rung again."""
    return [a for a in draft.page.attempts if steps.is_call_of_present(draft, a) and a.address in voice[:1]]


def _is_held(attempts: list[Attempt], addresses: tuple[str, ...]) -> bool:
    """Whether the last attempt at one of these failed because Twilio did."""
    last = {attempt.address: attempt for attempt in attempts if attempt.address in addresses}
    return any(attempt.platform for attempt in last.values())


def _listed(draft: Draft) -> str:
    return ", ".join(draft.name(member) for member in steps.people(draft))


def _empty_because(draft: Draft) -> str:
    if any(is_quiet(draft, member) for member in steps.people(draft)):
        return "who is in it has quiet hours, and somebody else can be paged"
    if any(draft.is_put_off(member) or is_spared(draft, member) for member in steps.people(draft)):
        return "who is in it cannot come to the phone now, and somebody else can"
    if steps.people(draft):
        return "nobody in it has a number for " + " or ".join(steps.present(draft).by)
    if steps.all_people(draft):
        return "everybody in it passed it on"
    return _NOBODY
