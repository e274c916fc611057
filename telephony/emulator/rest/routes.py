"""Which handler serves which path and method."""

from telephony.emulator.rest import calls
from telephony.emulator.rest.api import Handler

ROUTES: list[tuple[str, dict[str, Handler]]] = [
    ("/{AccountSid}/Calls.json", {"GET": calls.index, "POST": calls.create}),
    ("/{AccountSid}/Calls/{Sid}.json", {"GET": calls.fetch, "POST": calls.update, "DELETE": calls.delete}),
]
