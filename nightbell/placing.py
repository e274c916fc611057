"""Calls and texts to the staff: looked for before they are asked for again, and every answer told to the page."""

import structlog

from api.page_link import page_link
from escalation.events import Failed, Placed
from escalation.learnt import CALL_PLACED
from escalation.page import Attempt, AttemptState, Purpose, code_of
from escalation.policy import Means
from nightbell.handing_over import CALL, TEXT, HandingOver, Job
from nightbell.texting import about, reported
from nightbell.trunk import Trunk
from routing.plan import Plan
from routing.synthetic import is_synthetic
from storage import deliveries, jobs, pins
from storage.deliveries import FIRST, Claim
from storage.errors import NotFoundError
from storage.pages import PageCall
from telephony.errors import GoneError, TwilioError, UncertainError
from telephony.gateway import LIVE, PlacedCall
from telephony.handing import MOST_TRIES, again_after, is_platform, unsure_after
from webhooks.learning import of_call, of_text

_log = structlog.get_logger(__name__)


class Placing:
    """Carries attempts out. All of it may be done twice, or too late: it looks first."""

    def __init__(self, trunk: Trunk) -> None:
        self._trunk = trunk
        self._handing = HandingOver(trunk.parts, trunk.count)

    async def place_call(self, page: str, attempt: int) -> None:
        """Ring the attempt's address."""
        intended = await self._intended(page, attempt)
        if intended is None:
            return
        if is_synthetic(intended.page.practice):
            await self._note(page, attempt)
            return
        await self._trunk.turn(await self._handing.provider(CALL, page, attempt))
        async with self._trunk.parts.database.statement() as connection:
            claimed = await deliveries.claim(connection, page, attempt)
        if claimed is None:
            await self._tell_placed(page, attempt)
            return
        stored, plan = await self._trunk.page(page)
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
                await self._trunk.site.learning.learn(plan, claimed.address, of_call(error))
            return
        provider = self._trunk.providers.named(claimed.provider)
        await self._was_placed(page, attempt, sid, provider.name)
        self._trunk.providers.answered(Means.CALL, provider)
        await self._trunk.site.learning.learn(plan, claimed.address, CALL_PLACED)

    async def _intended(self, page: str, attempt: int) -> PageCall | None:
        """The page, while the attempt is to be made. Asked before waiting for a slot: what was cancelled takes none."""
        try:
            stored, _ = await self._trunk.page(page)
        except NotFoundError:
            return None
        is_so = any(a.number == attempt and a.state is AttemptState.INTENDED for a in stored.page.attempts)
        return stored if is_so else None

    async def _note(self, page: str, attempt: int) -> None:
        """Of a page of the watchdog's: it counts as handed to Twilio, and takes no slot from a real one."""
        await self._was_placed(page, attempt, f"probe:{page}:{attempt}", FIRST)

    async def _call(self, stored: PageCall, plan: Plan, attempt: int, claimed: Claim) -> PlacedCall:
        urls, page, provider = self._trunk.site.urls, stored.page.id, self._trunk.providers.named(claimed.provider)
        policy = plan.escalation.policies[stored.page.policy]
        placing = provider.gateway.place_call(
            claimed.address,
            provider.sender(plan.caller_id),
            urls.of_leg("voice/screen", page, attempt, practice=plan.practice, **provider.marks),
            urls.of_leg("voice/leg", page, attempt, practice=plan.practice, **provider.marks),
            policy.ring_for,
        )
        return await self._trunk.providers.asked(provider, placing)

    async def _found(self, plan: Plan, page: str, attempt: int, claimed: Claim) -> str | None:
        """A call that an earlier try placed without getting the answer, by its SID. Raises TwilioError.

        Since the claim, a callback of that call may have named it, or even its end: then it is known, and not found.
        A call that may as well be another attempt's is nobody's before its callbacks name it: two pages would share it.
        """
        provider = self._trunk.providers.named(claimed.provider)
        looking = provider.gateway.find_calls(claimed.address, provider.sender(plan.caller_id), claimed.intended_at)
        calls = await self._trunk.providers.asked(provider, looking)
        live = [call for call in calls if call.status in LIVE]
        async with self._trunk.parts.database.statement() as connection:
            own = await deliveries.sid_of(connection, page, attempt)
            known = await deliveries.known_sids(connection, [call.sid for call in live])
            found = own or next((call.sid for call in live if call.sid not in known), None)
            if own is None and found and await deliveries.is_another_unknown(connection, page, attempt, claimed):
                raise UncertainError("a call to the number may be another attempt's")
        return found

    async def send_sms(self, page: str, attempt: int) -> None:
        """Text the attempt's address."""
        if self._trunk.providers.second is not None:
            intended = await self._intended(page, attempt)
            if intended is not None and not is_synthetic(intended.page.practice):
                await self._handing.provider(TEXT, page, attempt)
        async with self._trunk.parts.database.statement() as connection:
            claimed = await deliveries.claim(connection, page, attempt)
        if claimed is None:
            await self._tell_placed(page, attempt)
            return
        stored, plan = await self._trunk.page(page)
        if is_synthetic(plan.practice):
            await self._note(page, attempt)
            return
        body = sms_body(plan, stored, _attempt(stored, attempt))
        body += await self._link(plan, stored, _attempt(stored, attempt))
        provider = self._trunk.providers.named(claimed.provider)
        url = self._trunk.site.urls.of_leg(
            "sms/status", page, attempt, **reported(about(self._trunk.parts, plan), provider)
        )
        sending = provider.gateway.send_sms(claimed.address, provider.sender(plan.caller_id), body, url)
        try:
            sid = await self._trunk.providers.asked(provider, sending)
        except TwilioError as error:
            await self._not_placed(TEXT, page, attempt, claimed, error)
            if provider.is_first:
                await self._trunk.site.learning.learn(plan, claimed.address, of_text(error))
            return
        await self._was_placed(page, attempt, sid, provider.name)
        self._trunk.providers.answered(Means.SMS, provider)

    async def _link(self, plan: Plan, stored: PageCall, attempt: Attempt) -> str:
        """The page's link, for who has the PIN that it asks for."""
        if attempt.purpose is not Purpose.PAGE:
            return ""
        async with self._trunk.parts.database.statement() as connection:
            has_pin = await pins.with_pin(connection, plan.practice, [attempt.member])
        link = page_link(self._trunk.parts.ring, self._trunk.parts.settings.public_url, stored.page.id, attempt.number)
        return f" Or, with your PIN: {link}" if has_pin and link else ""

    async def _was_placed(self, page: str, attempt: int, sid: str, provider: str) -> None:
        async with self._trunk.parts.database.statement() as connection:
            await deliveries.set_sid(connection, page, attempt, sid, provider)
        stored = await self._trunk.site.paging.happen(page, Placed(attempt))
        if _attempt(stored, attempt).state is AttemptState.CANCELED:
            # Somebody accepted while the request was under way.
            await self.cancel_call(page, attempt)

    async def _tell_placed(self, page: str, attempt: int) -> None:
        """Of what was handed over: a worker that died when it had Twilio's answer may not have told the page."""
        async with self._trunk.parts.database.statement() as connection:
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
        self._trunk.providers.answered(job.means, self._trunk.providers.named(claimed.provider), error)
        if await self._handing.after_error(job, page, attempt, claimed, error, looked=looked):
            return
        delay = again_after(error)
        if delay is not None and (claimed.tries + 1 < MOST_TRIES or self._handing.is_firsts(claimed)):
            unsure = unsure_after(claimed.unsure, error, is_first=claimed.provider == FIRST, looked=looked)
            async with self._trunk.parts.database.transaction() as connection:
                await deliveries.release(connection, page, attempt, unsure)
                arguments: dict[str, str | int] = {"page": page, "attempt": attempt}
                await self._trunk.site.jobs.defer(connection, job.name, arguments, priority=jobs.URGENT, delay=delay)
            return
        await self._trunk.count(error)
        await self._trunk.site.paging.happen(page, Failed(attempt, str(error), platform=is_platform(error)))

    async def cancel_call(self, page: str, attempt: int) -> None:
        """End a call that nobody needs any more."""
        async with self._trunk.parts.database.statement() as connection:
            sid = await deliveries.sid_of(connection, page, attempt)
            provider, _ = await deliveries.provider_of(connection, page, attempt)
        if sid is None or not sid.startswith("CA"):
            return
        try:
            await self._trunk.providers.named(provider).gateway.end_call(sid)
        except GoneError:
            return
        except TwilioError as error:
            # It ends by itself: what it says when answered is that somebody else has the page.
            _log.warning("not_cancelled", attempt=attempt, error=str(error))
            await self._trunk.count(error)


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
