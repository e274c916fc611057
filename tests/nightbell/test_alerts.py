"""`nightbell alerts`: a practice's, and the server's own."""

from whenever import hours

from nightbell.cli.console import with_parts
from nightbell.composition import Parts
from storage.alerts import Alert, AlertKind, end, going_on, raise_alert
from tests.nightbell.conftest import Willow


def test_what_the_operators_were_told_is_listed_for_the_practice_and_for_the_server(willow: Willow) -> None:
    assert "There were no alerts." in willow("alerts").out

    async def work(parts: Parts) -> None:
        plan = parts.plans.current("willow")
        assert plan is not None
        async with parts.database.transaction() as connection:
            for practice in (plan.practice, plan.practice, ""):
                alert = Alert(AlertKind.TWILIO, f"trouble of {practice or 'the server'}", practice, "f03c-1b7e")
                await raise_alert(connection, parts.site.jobs, alert, parts.clock.now())
            found = await going_on(connection, AlertKind.TWILIO, parts.clock.now() - hours(1))
            await end(connection, parts.site.jobs, found[1:], "made up: it works again", parts.clock.now())

    with_parts(work)
    told, server = willow("alerts").out, willow("alerts", "--server").out
    assert "page F03C: trouble of willow" in told
    assert "not told yet" in told
    assert " 2 " in told
    assert "trouble of the server" not in told
    assert "trouble of the server" in server
    assert "over" not in told
    assert "not told yet, over" in " ".join(server.split())
    assert "made up: it works again, after 0 min" in " ".join(server.split())
