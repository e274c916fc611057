"""What a change would do, as the API tells it: who is called instead of whom, and each person's hours."""

from pydantic import ConfigDict

from api.fields import Moment, Told, example
from api.on_call import Person
from escalation.oncall import name_of
from escalation.preview import Preview
from escalation.roster import Roster


class ChangedDuty(Told):
    """From `starts_at` until before `ends_at`, `after` are on call for the schedule in place of `before`."""

    schedule: str
    starts_at: Moment
    ends_at: Moment
    before: list[Person]
    after: list[Person]


class ChangedHours(Told):
    """What one person gains, or loses where it is negative, over all schedules."""

    member: str
    name: str
    hours: float


class Balance(Told):
    """How evenly being on call is shared out: 1 is evenly, by the shares of those who take turns."""

    before: float
    after: float


class Changes(Told):
    """What changes in the 90 days looked at."""

    model_config = ConfigDict(
        json_schema_extra=example(
            starts_at="2026-11-27T00:00:00Z",
            ends_at="2027-02-25T00:00:00Z",
            summary="This changes who is called in 12 h of the next 90 days.",
            hours=12.0,
            duties=[
                {
                    "schedule": "primary",
                    "starts_at": "2026-11-28T00:00:00Z",
                    "ends_at": "2026-11-28T12:00:00Z",
                    "before": [{"member": "chen", "name": "Dr. Ana Chen"}],
                    "after": [{"member": "osei", "name": "Dr. Kofi Osei"}],
                }
            ],
            people=[
                {"member": "chen", "name": "Dr. Ana Chen", "hours": -12.0},
                {"member": "osei", "name": "Dr. Kofi Osei", "hours": 12.0},
            ],
            balance={"before": 0.9412, "after": 0.9327},
        )
    )

    starts_at: Moment
    ends_at: Moment
    summary: str
    """One sentence for people."""
    hours: float
    """How long somebody else is on call for any schedule, each moment counted once."""
    duties: list[ChangedDuty]
    people: list[ChangedHours]
    balance: Balance


def changes(found: Preview, before: Roster, after: Roster) -> Changes:
    """The preview of a change from one roster to the other."""
    return Changes(
        starts_at=found.start,
        ends_at=found.end,
        summary=found.summary,
        hours=round(float(found.hours), 4),
        duties=[
            ChangedDuty(
                schedule=one.schedule,
                starts_at=one.start,
                ends_at=one.end,
                before=[Person(member=m, name=name_of(before, m)) for m in one.before],
                after=[Person(member=m, name=name_of(after, m)) for m in one.after],
            )
            for one in found.differences
        ],
        people=[
            ChangedHours(
                member=member,
                name=name_of(after if member in after.members else before, member),
                hours=round(seconds / 3600, 4),
            )
            for member, seconds in found.by_person.items()
        ],
        balance=Balance(before=round(float(found.balance[0]), 4), after=round(float(found.balance[1]), 4)),
    )
