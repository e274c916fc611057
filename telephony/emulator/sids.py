"""Twilio's identifiers: two letters and 32 hexadecimal digits."""

import re
from secrets import token_hex

SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")


def new_sid(prefix: str) -> str:
    """A fresh identifier. Random, so that two exchanges on one database never collide."""
    return prefix + token_hex(16)
