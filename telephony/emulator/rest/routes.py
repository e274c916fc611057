"""Which handler serves which path and method, below ``/2010-04-01/Accounts``."""

from telephony.emulator.rest import calls, conferences, messages, numbers, queues, recordings
from telephony.emulator.rest.api import Handler

_PARTICIPANTS = "/{AccountSid}/Conferences/{ConferenceSid}/Participants"
_MEMBERS = "/{AccountSid}/Queues/{QueueSid}/Members"

ROUTES: list[tuple[str, dict[str, Handler]]] = [
    ("/{AccountSid}/Calls.json", {"GET": calls.index, "POST": calls.create}),
    ("/{AccountSid}/Calls/{Sid}.json", {"GET": calls.fetch, "POST": calls.update, "DELETE": calls.delete}),
    ("/{AccountSid}/Calls/{CallSid}/Recordings.json", {"GET": recordings.index}),
    ("/{AccountSid}/Messages.json", {"GET": messages.index, "POST": messages.create}),
    (
        "/{AccountSid}/Messages/{Sid}.json",
        {"GET": messages.fetch, "POST": messages.update, "DELETE": messages.delete},
    ),
    ("/{AccountSid}/Queues.json", {"GET": queues.index, "POST": queues.create}),
    ("/{AccountSid}/Queues/{Sid}.json", {"GET": queues.fetch, "POST": queues.update, "DELETE": queues.delete}),
    (f"{_MEMBERS}.json", {"GET": queues.index_members}),
    (f"{_MEMBERS}/{{CallSid}}.json", {"GET": queues.fetch_member, "POST": queues.update_member}),
    ("/{AccountSid}/Conferences.json", {"GET": conferences.index}),
    ("/{AccountSid}/Conferences/{Sid}.json", {"GET": conferences.fetch, "POST": conferences.update}),
    (f"{_PARTICIPANTS}.json", {"GET": conferences.index_participants, "POST": conferences.create_participant}),
    (
        f"{_PARTICIPANTS}/{{CallSid}}.json",
        {
            "GET": conferences.fetch_participant,
            "POST": conferences.update_participant,
            "DELETE": conferences.delete_participant,
        },
    ),
    ("/{AccountSid}/Recordings.json", {"GET": recordings.index}),
    ("/{AccountSid}/Recordings/{Sid}.json", {"GET": recordings.fetch, "DELETE": recordings.delete}),
    ("/{AccountSid}/Recordings/{Sid}.mp3", {"GET": recordings.media}),
    ("/{AccountSid}/Recordings/{Sid}.wav", {"GET": recordings.media}),
    ("/{AccountSid}/Recordings/{Sid}", {"GET": recordings.media}),
    ("/{AccountSid}/IncomingPhoneNumbers.json", {"GET": numbers.index}),
    ("/{AccountSid}/IncomingPhoneNumbers/{Sid}.json", {"GET": numbers.fetch, "POST": numbers.update}),
    ("/{AccountSid}.json", {"GET": numbers.fetch_account}),
]
