"""Carrying out what a page asks for: through Twilio's REST API, once, and with every answer told to the page."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Final

import structlog
from whenever import Instant, TimeDelta

from api.page_link import page_link
from escalation.alerting import Tally
from escalation.events import Failed, Freed, Missed, Placed
from escalation.learnt import CALL_PLACED
from escalation.page import Attempt, AttemptState, Page, PageState, Purpose, code_of
from escalation.policy import Means
from escalation.presence import is_to_be_moved
from ivr.position import Phase, Position
from nightbell.alerting import Alerting, failing
from nightbell.composition import Parts
from nightbell.handing_over import CALL, TEXT, HandingOver, Job
from nightbell.noticing import notify
from nightbell.providers import Provider
from nightbell.shift_asking import ask_start, tell_start
from nightbell.texting import about, reported
from routing.plan import Plan
from routing.synthetic import is_synthetic
from storage import deliveries, jobs, pages, pins
from storage.alerts import Alert, AlertKind
from storage.calls import leg_position
from storage.deliveries import FIRST, Claim
from storage.errors import NotFoundError
from storage.pace import take_slot
from storage.pages import PageCall
from telephony.errors import BusyError, GoneError, TwilioError, UncertainError
from telephony.gateway import LIVE, PlacedCall
from telephony.handing import (
    AFTER_UNCERTAIN,
    MOST_TRIES,
    again_after,
    is_platform,
    unsure_after,
)
from telephony.pace import Pacer
from webhooks.answer import key_of
from webhooks.learning import of_call, of_text

_log = structlog.get_logger(__name__)

ONCE: Final = 600.0
"""Real seconds in which the same moving of a leg is not done again."""
MOVED: Final = 100
"""How far the turns of a moved leg are ahead, so that they never meet those of the loop it was taken out of."""
MANY_FAILURES: Final = 3
FAILURES_WITHIN: Final = TimeDelta(minutes=5)
"""So many failures of Twilio's, each after all its tries, are not a bad moment: somebody is to look."""
DESK_PAUSE: Final = 15.0
"""Real seconds between two ringings of a desk, besides the ringing itself."""


class Effects:
    """One method for each job. All may be run twice, or too late: they look first."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._site = parts.site
        self._gateway = parts.gateway
        self._providers = parts.providers
        both = (self._providers.first, self._providers.second)
        self._pacers = {each.name: Pacer(partial(self._slot, each)) for each in both if each is not None}
        self.alerting = Alerting(parts, self._turn)
        self._platform = Tally(MANY_FAILURES, FAILURES_WITHIN)
        self._handing = HandingOver(parts, self._count)

    async def _slot(self, provider: Provider) -> float:
        interval = 1.0 / self._parts.settings.calls_per_second
        account = provider.gateway.account_sid + ("" if provider.is_first else f" {provider.name}")
        async with self._parts.database.statement() as connection:
            return await take_slot(connection, account, interval)

    async def _turn(self, provider: Provider, priority: int = jobs.URGENT) -> None:
        await self._pacers[provider.name].turn(priority)

    # ---- calls and texts to the staff ---------------------------------------------------------------------------

    async def place_call(self, page: str, attempt: int) -> None:
        """Ring the attempt's address."""
        intended = await self._intended(page, attempt)
        if intended is None:
            return
        if is_synthetic(intended.page.practice):
            await self._note(page, attempt)
            return
        await self._turn(await self._handing.provider(CALL, page, attempt))
        async with self._parts.database.statement() as connection:
            claimed = await deliveries.claim(connection, page, attempt)
        if claimed is None:
            await self._tell_placed(page, attempt)
            return
        stored, plan = await self._page(page)
        looks = claimed.tries > 0
        try:
            sid = await self._found(plan, page, attempt, claimed) if looks else None
            looks = False
            if sid is None and await self._handing.after_look(page, attempt, claimed):
                return
            sid = sid or (await self._call(stored, plan, attempt, claimed)).sid
        except TwilioError as error:
            await self._not_placed(CALL, page, attempt, claimed, error, looked=looks)
            if claimed.provider == FIRST:  # the second's account may reach fewer
                await self._site.learning.learn(plan, claimed.address, of_call(error))
            return
        provider = self._providers.named(claimed.provider)
        await self._was_placed(page, attempt, sid, provider.name)
        self._providers.answered(Means.CALL, provider)
        await self._site.learning.learn(plan, claimed.address, CALL_PLACED)

    async def _intended(self, page: str, attempt: int) -> PageCall | None:
        """The page, while the attempt is to be made. Asked before waiting for a slot: what was cancelled takes none."""
        try:
            stored, _ = await self._page(page)
        except NotFoundError:
            return None
        is_so = any(a.number == attempt and a.state is AttemptState.INTENDED for a in stored.page.attempts)
        return stored if is_so else None

    async def _note(self, page: str, attempt: int) -> None:
        """Of a page of the watchdog's: it counts as handed to Twilio, and takes no slot from a real one."""
        await self._was_placed(page, attempt, f"probe:{page}:{attempt}", FIRST)

    async def _call(self, stored: PageCall, plan: Plan, attempt: int, claimed: Claim) -> PlacedCall:
        urls, page, provider = self._site.urls, stored.page.id, self._providers.named(claimed.provider)
        policy = plan.escalation.policies[stored.page.policy]
        placing = provider.gateway.place_call(
            claimed.address,
            provider.sender(plan.caller_id),
            urls.of_leg("voice/screen", page, attempt, practice=plan.practice, **provider.marks),
            urls.of_leg("voice/leg", page, attempt, practice=plan.practice, **provider.marks),
            policy.ring_for,
        )
        return await self._providers.asked(provider, placing)

    async def _found(self, plan: Plan, page: str, attempt: int, claimed: Claim) -> str | None:
        """A call that an earlier try placed without getting the answer, by its SID. Raises TwilioError.

        Since the claim, a callback of that call may have named it, or even its end: then it is known, and not found.
        A call that may as well be another attempt's is nobody's before its callbacks name it: two pages would share it.
        """
        provider = self._providers.named(claimed.provider)
        looking = provider.gateway.find_calls(claimed.address, provider.sender(plan.caller_id), claimed.intended_at)
        calls = await self._providers.asked(provider, looking)
        live = [call for call in calls if call.status in LIVE]
        async with self._parts.database.statement() as connection:
            own = await deliveries.sid_of(connection, page, attempt)
            known = await deliveries.known_sids(connection, [call.sid for call in live])
            found = own or next((call.sid for call in live if call.sid not in known), None)
            if own is None and found and await deliveries.is_another_unknown(connection, page, attempt, claimed):
                raise UncertainError("a call to the number may be another attempt's")
        return found

    async def send_sms(self, page: str, attempt: int) -> None:
        """Text the attempt's address."""
        if self._providers.second is not None:
            intended = await self._intended(page, attempt)
            if intended is not None and not is_synthetic(intended.page.practice):
                await self._handing.provider(TEXT, page, attempt)
        async with self._parts.database.statement() as connection:
            claimed = await deliveries.claim(connection, page, attempt)
        if claimed is None:
            await self._tell_placed(page, attempt)
            return
        stored, plan = await self._page(page)
        if is_synthetic(plan.practice):
            await self._note(page, attempt)
            return
        body = sms_body(plan, stored, _attempt(stored, attempt))
        body += await self._link(plan, stored, _attempt(stored, attempt))
        provider = self._providers.named(claimed.provider)
        url = self._site.urls.of_leg("sms/status", page, attempt, **reported(about(self._parts, plan), provider))
        sending = provider.gateway.send_sms(claimed.address, provider.sender(plan.caller_id), body, url)
        try:
            sid = await self._providers.asked(provider, sending)
        except TwilioError as error:
            await self._not_placed(TEXT, page, attempt, claimed, error)
            if provider.is_first:
                await self._site.learning.learn(plan, claimed.address, of_text(error))
            return
        await self._was_placed(page, attempt, sid, provider.name)
        self._providers.answered(Means.SMS, provider)

    async def _link(self, plan: Plan, stored: PageCall, attempt: Attempt) -> str:
        """The page's link, for who has the PIN that it asks for."""
        if attempt.purpose is not Purpose.PAGE:
            return ""
        async with self._parts.database.statement() as connection:
            has_pin = await pins.with_pin(connection, plan.practice, [attempt.member])
        link = page_link(self._parts.ring, self._parts.settings.public_url, stored.page.id, attempt.number)
        return f" Or, with your PIN: {link}" if has_pin and link else ""

    async def _was_placed(self, page: str, attempt: int, sid: str, provider: str) -> None:
        async with self._parts.database.statement() as connection:
            await deliveries.set_sid(connection, page, attempt, sid, provider)
        stored = await self._site.paging.happen(page, Placed(attempt))
        if _attempt(stored, attempt).state is AttemptState.CANCELED:
            # Somebody accepted while the request was under way.
            await self.cancel_call(page, attempt)

    async def _tell_placed(self, page: str, attempt: int) -> None:
        """Of what was handed over: a worker that died when it had Twilio's answer may not have told the page."""
        async with self._parts.database.statement() as connection:
            sid = await deliveries.sid_of(connection, page, attempt)
            provider, _ = await deliveries.provider_of(connection, page, attempt)
        if sid is not None and await self._intended(page, attempt) is not None:
            await self._was_placed(page, attempt, sid, provider)

    async def _not_placed(
        self, job: Job, page: str, attempt: int, claimed: Claim, error: TwilioError, *, looked: bool = False
    ) -> None:
        """What the answer means: again a little later, the second provider's, or an event that the policy reacts to.

        `looked`: the look for what an earlier try did failed, so that this one was not begun.
        """
        _log.warning("not_placed", attempt=attempt, tries=claimed.tries, error=str(error), provider=claimed.provider)
        self._providers.answered(job.means, self._providers.named(claimed.provider), error)
        if await self._handing.after_error(job, page, attempt, claimed, error, looked=looked):
            return
        delay = again_after(error)
        if delay is not None and (claimed.tries + 1 < MOST_TRIES or self._handing.is_firsts(claimed)):
            unsure = unsure_after(claimed.unsure, error, is_first=claimed.provider == FIRST, looked=looked)
            async with self._parts.database.transaction() as connection:
                await deliveries.release(connection, page, attempt, unsure)
                arguments: dict[str, str | int] = {"page": page, "attempt": attempt}
                await self._site.jobs.defer(connection, job.name, arguments, priority=jobs.URGENT, delay=delay)
            return
        await self._count(error)
        await self._site.paging.happen(page, Failed(attempt, str(error), platform=is_platform(error)))

    async def _count(self, error: TwilioError) -> None:
        """Have the operators told, when Twilio fails again and again."""
        if is_platform(error) and self._platform.is_much(self._parts.clock.now()):
            await self.alerting.raise_(failing(error, has_second=self._providers.second is not None))

    async def cancel_call(self, page: str, attempt: int) -> None:
        """End a call that nobody needs any more."""
        async with self._parts.database.statement() as connection:
            sid = await deliveries.sid_of(connection, page, attempt)
            provider, _ = await deliveries.provider_of(connection, page, attempt)
        if sid is None or not sid.startswith("CA"):
            return
        try:
            await self._providers.named(provider).gateway.end_call(sid)
        except GoneError:
            return
        except TwilioError as error:
            # It ends by itself: what it says when answered is that somebody else has the page.
            _log.warning("not_cancelled", attempt=attempt, error=str(error))
            await self._count(error)

    async def freed(self, practice: str, member: str) -> None:
        """They have hung up: the open pages that wait for them, the oldest first, until one has them rung."""
        async with self._parts.database.statement() as connection:
            waiting = await pages.queued(connection, practice)
        for page in waiting:
            after = (await self._site.paging.happen(page, Freed(member))).page
            if any(a.member == member and a.means is Means.CALL and not a.is_final for a in after.attempts):
                return

    # ---- the caller and the clinician ---------------------------------------------------------------------------

    async def move_caller(self, page: str, version: int) -> None:
        """Take the holding caller's leg to its next turn now. Should it fail, the loop's own next turn comes.

        Nothing when the caller talks to somebody by now, or has been brought together with the clinician: moving them
        then would tear that apart.
        """
        stored, plan = await self._page(page)
        if not is_to_be_moved(stored.page) or not await self._is_first(f"move {page} {version}"):
            return
        async with self._parts.database.statement() as connection:
            leg = await leg_position(connection, stored.caller_leg)
        if leg is None:
            return
        node, language, turn = leg
        since = stored.page.opened_at.timestamp()
        # Two moves that are ordered before either is served are two turns: a repeat would get the first one's answer.
        position = Position(
            node, Phase.HOLD, language, turn=turn + MOVED + version, tries=1, withheld=stored.callback is None,
            advised=True, page=page, since=since,
        )  # fmt: skip

        async def wanted() -> bool:  # meanwhile their own turn may have put them through, where a move would part two
            return is_to_be_moved((await self._site.paging.look(page)).page)

        try:
            await self._move(
                self._providers.first, stored.caller_leg, self._site.urls.hold(key_of(plan), position), wanted
            )
        except GoneError:
            await self._site.paging.leg_gone(page, stored.caller_leg)
        except TwilioError as error:
            _log.error("caller_not_moved", error=str(error))
            await self._count(error)

    async def _move(
        self, provider: Provider, sid: str, url: str, wanted: Callable[[], Awaitable[bool]] | None = None
    ) -> None:
        """Move a leg, again where Twilio was busy or did not answer: twice to the same place does no harm.

        `wanted`: whether it still is to be moved, before it is tried again. Raises TwilioError.
        """
        for tries in count(1):
            try:
                await self._providers.asked(provider, provider.gateway.move_call(sid, url))
            except (BusyError, UncertainError) as error:
                if tries == MOST_TRIES:
                    raise
                await asyncio.sleep(again_after(error) or AFTER_UNCERTAIN)
            else:
                return
            if wanted is not None and not await wanted():
                return

    async def _is_first(self, what: str) -> bool:
        """True for the one worker that does this first: a leg is not moved twice.

        Should that worker die before it did, the caller's own next turn comes, or the page's next wake-up.
        """
        async with self._parts.database.statement() as connection:
            return await take_slot(connection, what, ONCE) == 0

    async def offer_callback(self, page: str, attempt: int, version: int) -> None:
        """The clinician waits alone: offer to call the patient back. Or the caller is back: bring them together again.

        What they hear follows the page when it is said.
        """
        stored, plan = await self._page(page)
        if not _has_it(stored.page, attempt) or not await self._is_first(f"offer {page} {version}"):
            return
        async with self._parts.database.statement() as connection:
            sid = await deliveries.sid_of(connection, page, attempt)
            provider = self._providers.named((await deliveries.provider_of(connection, page, attempt))[0])
        if sid is None:
            return
        url = self._site.urls.of_leg("voice/callback/offer", page, attempt, practice=plan.practice, **provider.marks)
        try:
            await self._move(provider, sid, url)
        except GoneError:
            await self._site.paging.happen(page, Missed(attempt, "the call was over when it was to be moved"))
        except TwilioError as error:
            # Then they wait until they hang up, and the page is opened again when its time is over.
            _log.warning("callback_not_offered", page=stored.page.id, error=str(error))
            await self._count(error)

    # ---- operators and desks ------------------------------------------------------------------------------------

    async def alert(self, alert: int = 0, why: str = "", practice: str = "", page: str = "") -> None:
        """Tell the operators. `why` and the others: a job from before alerts were stored with what they are about."""
        if why:
            await self.alerting.raise_(Alert(AlertKind.PAGE if page else AlertKind.CALENDAR, why, practice, page))
            return
        again = await self.alerting.tell(alert)
        if again is not None:
            delay = max(again.total("seconds"), 1.0)
            async with self._parts.database.transaction() as connection:
                await self._site.jobs.defer(connection, jobs.ALERT, {"alert": alert}, priority=jobs.URGENT, delay=delay)

    async def ring_operator(self, alert: int, practice: str, whose: str, tried: str) -> None:
        """Ring the operator's next number; see `Alerting.ring_next`."""
        if await self._is_first(f"operator {alert} {whose} {tried}"):
            await self.alerting.ring_next(alert, practice, whose, tried)

    async def tell_member(self, practice: str, member: str, words: str, latest: int = 0) -> None:
        """Text one of the staff about their shifts, by `latest` (Unix seconds); 0: at once."""
        by = Instant.from_timestamp(latest) if latest else self._parts.clock.now()
        await notify(self._parts, practice, member, words, by)

    async def tell_start(self, practice: str, notice: int) -> None:
        """Text one of the staff about a start of theirs."""
        await tell_start(self._parts, practice, notice)

    async def ask_start(self, practice: str, notice: int) -> None:
        """Send one of the staff the test page of a start."""
        await ask_start(self._parts, practice, notice, lambda provider: self._turn(provider, jobs.ROUTINE))

    async def ring_desk(self, practice: str, destination: str) -> None:
        """Somebody is first in line, which is the first provider's alone: ring the desk, unless it rings already."""
        plan = self._parts.plans.current(practice)
        desk = plan.destinations.get(destination) if plan else None
        if plan is None or desk is None:
            return
        pause = desk.ring_for.total("seconds") + DESK_PAUSE
        async with self._parts.database.statement() as connection:
            if await take_slot(connection, f"desk {practice} {destination}", pause) > 0:
                return
        query: dict[str, str | int] = {"practice": practice, "version": plan.version, "destination": destination}
        url, status = (self._site.urls.at(f"voice/desk/{what}", query) for what in ("call", "progress"))
        for number in desk.numbers:
            await self._turn(self._providers.first, jobs.ROUTINE)
            try:
                await self._gateway.place_call(number, plan.caller_id, url, status, desk.ring_for)
            except TwilioError as error:
                _log.warning("desk_not_rung", error=str(error))
                await self._count(error)

    async def _page(self, page: str) -> tuple[PageCall, Plan]:
        stored = await self._site.paging.look(page)
        structlog.contextvars.bind_contextvars(call=stored.call)
        plan = await self._parts.plans.exact_version(stored.page.practice, stored.plan_version)
        if plan is None:
            raise NotFoundError(f"practice {stored.page.practice} is not known")
        return stored, plan


def _has_it(page: Page, attempt: int) -> bool:
    """True while who accepted on this leg has the page, and the caller is not with them."""
    return page.state is PageState.ACCEPTED and page.accepted_attempt == attempt


def _attempt(stored: PageCall, number: int) -> Attempt:
    return next(attempt for attempt in stored.page.attempts if attempt.number == number)


def sms_body(plan: Plan, stored: PageCall, attempt: Attempt) -> str:
    """A text's words: a reference, never the patient (TWILIO.md, Privacy)."""
    code = code_of(stored.page.id)
    if attempt.purpose is Purpose.TAKEN:
        member = plan.escalation.roster.members.get(stored.page.accepted_by or "")
        return f"{plan.name}: page {code} is taken care of{f' by {member.name}' if member else ''}. Nothing to do."
    holds = "The caller is holding." if stored.page.caller.value == "holding" else "The caller wants to be called back."
    return f"{plan.name}: {stored.page.category} page {code}. {holds} Reply 1 to take it, 2 to pass it on."
