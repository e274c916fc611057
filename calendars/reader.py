"""The process that reads one feed for `calendars.apart`: the feed comes in on standard input, and JSON goes out."""

import json
import resource
import sys
from typing import Final

from calendars.errors import ReadError
from calendars.reading import events_in

MEMORY: Final = 1 << 30


def main() -> None:
    """Read the feed from standard input, and tell its events, or what is wrong with it, as JSON."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    zone, start, end, seconds = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    found: object
    try:
        found = events_in(sys.stdin.buffer.read(), zone, int(start), int(end))
    except MemoryError:
        raise
    except ReadError as error:
        found = {"kind": type(error).__name__, "what": error.what, "mend": error.mend}
    except Exception as error:  # noqa: BLE001 - of the libraries; this process ends, and what it was is told
        what = f"it cannot be read ({type(error).__name__})"
        found = {"kind": "ReadError", "what": what, "mend": "Whoever keeps the other calendar has to mend it there."}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
