"""A question that only this installation can answer: `nightbell doctor` asks it at the public URL."""

import re
from typing import Final

from storage.seal import KeyRing
from webhooks.signed import Webhook
from webhooks.site import Site

_NONCE: Final = re.compile(r"[0-9a-f]{32}")


def proofs(ring: KeyRing, nonce: str) -> list[str]:
    """What an installation with this key ring answers to the nonce; one for each key, since one may be new."""
    return [mark.hex() for mark in ring.indexes(f"nightbell ping {nonce}")]


async def ping(site: Site, webhook: Webhook) -> str:
    """Prove to hold the same keys as whoever asks. Signed as any webhook is, and about no call."""
    nonce = webhook.query.get("nonce", "")
    if not _NONCE.fullmatch(nonce):
        return ""
    return f"<Nightbell>{proofs(site.ring, nonce)[0]}</Nightbell>"
