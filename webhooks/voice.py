"""The first webhook of a call: find the practice, decide, and speak the first words."""

import structlog

from ivr.actions import OpenPage
from ivr.inputs import Entered
from ivr.position import to_query
from ivr.walk import Step, begin, step
from routing.decide import Decision, Incoming, Load, decide, needs_load
from routing.plan import Plan
from storage.calls import CallEvent, CallHead, Progress, busy_lines, note_parts
from storage.errors import UnavailableError
from telephony.twiml import Document
from webhooks import second_number, staff_line
from webhooks.alerts import unknown_number
from webhooks.answer import voices
from webhooks.call import plan_of
from webhooks.caller import caller_of
from webhooks.keeping import Record, keep
from webhooks.signed import Webhook
from webhooks.site import Site
from webhooks.turns import answer_step, progress_of

_log = structlog.get_logger(__name__)


async def first(site: Site, webhook: Webhook) -> str:
    """Answer a new call. A repeat gets the decision that was stored, whatever has changed since."""
    if second_number.is_called(site, webhook):
        return await second_number.pass_on(site, webhook)
    plan = site.plans.by_number(plan_number(webhook))
    if plan is None:
        return await unknown_number(site)
    caller = caller_of(webhook.form)
    asked = await staff_line.offer(site, plan, caller) if caller else ""
    return asked or await _as_caller(site, webhook, plan, caller)


async def staff(site: Site, webhook: Webhook) -> str:
    """Somebody at a phone of the staff's has entered a PIN, or has waited for the menu."""
    plan, caller = await plan_of(site, webhook), caller_of(webhook.form)
    answer = await staff_line.entered(site, webhook, plan, caller) if caller else ""
    return answer or await _as_caller(site, webhook, plan, caller)


async def _as_caller(site: Site, webhook: Webhook, plan: Plan, caller: str | None) -> str:
    incoming = Incoming(plan_number(webhook), caller, withheld=caller is None)
    decision = decide(plan, incoming, await _load(site, plan), site.clock.now())
    return await _go(site, webhook, plan, caller, decision)


def plan_number(webhook: Webhook) -> str:
    """The number that was dialled."""
    return webhook.form.get("To", "")


async def _load(site: Site, plan: Plan) -> Load:
    """How many lines are taken, asked only when a route can depend on it."""
    if not needs_load(plan, site.clock.now()):
        return Load()

    async def look() -> dict[str, int]:
        async with site.database.statement() as connection:
            return await busy_lines(connection, plan.practice)

    try:
        return Load(await site.database.in_time(look))
    except UnavailableError:
        # Taken as free: then the desk is rung, and a busy desk leads on by the flow itself.
        _log.warning("load_unknown")
        return Load()


async def _go(site: Site, webhook: Webhook, plan: Plan, caller: str | None, decision: Decision) -> str:
    decided = decision.go or f"reject: {decision.reject}"
    head = CallHead(
        webhook.call, plan.practice, plan.version, plan_number(webhook), caller, site.clock.now(),
        decision.route, decided, decision.reasons,
    )  # fmt: skip
    taken = _first_step(plan, decision.go, caller)
    kept = await keep(site, plan, _record(plan, head, decided, taken), taken.notes if taken else ())
    if kept.earlier is not None:
        # A repeat: what was decided then holds, though the lines may be free or the office open by now.
        decided = str(kept.earlier.body.get("decided", decided))
        taken = _first_step(plan, None if decided.startswith("reject: ") else decided, caller)
    if taken is None:
        return str(Document(voices(plan)).reject(decided.removeprefix("reject: ")))
    return await answer_step(site, plan, webhook, taken, kept)


def _first_step(plan: Plan, go: str | None, caller: str | None) -> Step | None:
    return step(plan.flow, begin(plan.flow, go, withheld=caller is None), Entered()) if go else None


def _record(plan: Plan, head: CallHead, decided: str, taken: Step | None) -> Record:
    notes, private = note_parts(taken.notes if taken else ())
    body: dict[str, object] = {"decided": decided, "reasons": list(head.reasons), "notes": notes}
    if taken is None:
        progress = Progress(node="", language=plan.flow.languages[0].language, turn=0)
    else:
        body["position"] = to_query(begin(plan.flow, head.decided, withheld=head.caller is None))
        progress = progress_of(plan, taken)
    event = CallEvent("turn:0", head.at, "answered", body, {"notes": private} if private else {})
    opens = taken.position.node if taken and isinstance(taken.action, OpenPage) else ""
    return Record(head, progress, event, opens_page=opens)
