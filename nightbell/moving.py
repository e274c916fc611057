"""Moving the legs of callers and clinicians: to each other, out of the conference, to the offer of a call-back."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final

import structlog

from escalation.events import Missed
from escalation.page import Page, PageState
from escalation.presence import is_to_be_moved
from ivr.position import Phase, Position
from nightbell.providers import Provider
from nightbell.trunk import Trunk
from storage import deliveries
from storage.calls import leg_position
from telephony.errors import BusyError, GoneError, TwilioError, UncertainError
from telephony.handing import AFTER_UNCERTAIN, MOST_TRIES, again_after
from webhooks.answer import key_of

_log = structlog.get_logger(__name__)

MOVED: Final = 100
"""How far the turns of a moved leg are ahead, so that they never meet those of the loop it was taken out of."""


class Moving:
    """Each move is ordered by a version of the page, and done once."""

    def __init__(self, trunk: Trunk) -> None:
        self._trunk = trunk

    async def move_caller(self, page: str, version: int) -> None:
        """Take the holding caller's leg to its next turn now. Should it fail, the loop's own next turn comes.

        Nothing when the caller talks to somebody by now, or has been brought together with the clinician: moving them
        then would tear that apart.
        """
        stored, plan = await self._trunk.page(page)
        if not is_to_be_moved(stored.page) or not await self._trunk.is_first(f"move {page} {version}"):
            return
        async with self._trunk.parts.database.statement() as connection:
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
            return is_to_be_moved((await self._trunk.site.paging.look(page)).page)

        try:
            await self._move(
                self._trunk.providers.first,
                stored.caller_leg,
                self._trunk.site.urls.hold(key_of(plan), position),
                wanted,
            )
        except GoneError:
            await self._trunk.site.paging.leg_gone(page, stored.caller_leg)
        except TwilioError as error:
            _log.error("caller_not_moved", error=str(error))
            await self._trunk.count(error)

    async def _move(
        self, provider: Provider, sid: str, url: str, wanted: Callable[[], Awaitable[bool]] | None = None
    ) -> None:
        """Move a leg, again where Twilio was busy or did not answer: twice to the same place does no harm.

        `wanted`: whether it still is to be moved, before it is tried again. Raises TwilioError.
        """
        for tries in count(1):
            try:
                await self._trunk.providers.asked(provider, provider.gateway.move_call(sid, url))
            except (BusyError, UncertainError) as error:
                if tries == MOST_TRIES:
                    raise
                await asyncio.sleep(again_after(error) or AFTER_UNCERTAIN)
            else:
                return
            if wanted is not None and not await wanted():
                return

    async def offer_callback(self, page: str, attempt: int, version: int) -> None:
        """The clinician waits alone: offer to call the patient back. Or the caller is back: bring them together again.

        What they hear follows the page when it is said.
        """
        stored, plan = await self._trunk.page(page)
        if not _has_it(stored.page, attempt) or not await self._trunk.is_first(f"offer {page} {version}"):
            return
        async with self._trunk.parts.database.statement() as connection:
            sid = await deliveries.sid_of(connection, page, attempt)
            provider = self._trunk.providers.named((await deliveries.provider_of(connection, page, attempt))[0])
        if sid is None:
            return
        url = self._trunk.site.urls.of_leg(
            "voice/callback/offer", page, attempt, practice=plan.practice, **provider.marks
        )
        try:
            await self._move(provider, sid, url)
        except GoneError:
            await self._trunk.site.paging.happen(page, Missed(attempt, "the call was over when it was to be moved"))
        except TwilioError as error:
            # Then they wait until they hang up, and the page is opened again when its time is over.
            _log.warning("callback_not_offered", page=stored.page.id, error=str(error))
            await self._trunk.count(error)


def _has_it(page: Page, attempt: int) -> bool:
    """True while who accepted on this leg has the page, and the caller is not with them."""
    return page.state is PageState.ACCEPTED and page.accepted_attempt == attempt
