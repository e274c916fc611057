"""Patient data at rest: sealed with AES-256-GCM, found again through a keyed blind index.

A sealed value is `key id length (1 byte) | key id | nonce (12) | ciphertext and tag`. The name of the field is bound
to it as associated data, so that a value cannot be moved into another column. Keys derive from each ring entry by
HKDF-SHA256, one for sealing and one for the index.
"""

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.errors import SealError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class KeySettingError(ValueError):
    """NIGHTBELL_ENCRYPTION_KEYS cannot be read. The message says where and what it takes, never the key."""


@dataclass(frozen=True, slots=True)
class _Key:
    id: str
    sealing: AESGCM
    indexing: bytes


def new_key_setting() -> str:
    """A fresh ring entry for NIGHTBELL_ENCRYPTION_KEYS: an id and 32 random bytes."""
    return f"k{secrets.token_hex(3)}:{base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


class KeyRing:
    """Seals with its first key, opens with any.

    Rotation, where several processes run: a new key goes behind the others first, until all of them can open it; then
    to the front. The old ones stay behind it.
    """

    def __init__(self, keys: Iterable[tuple[str, bytes]]) -> None:
        self._keys = tuple(_derive(key_id, secret) for key_id, secret in keys)
        ids = [key.id for key in self._keys]
        if len(set(ids)) < len(ids):
            raise KeySettingError("NIGHTBELL_ENCRYPTION_KEYS: two keys have the same id; give the new one its own")
        if not self._keys:
            raise KeySettingError("NIGHTBELL_ENCRYPTION_KEYS: no key given; make one with `nightbell new-key`")

    @classmethod
    def from_setting(cls, setting: str) -> "KeyRing":
        """The ring in `id:base64,id:base64`. Raises KeySettingError."""
        return cls(_read_entry(n, entry) for n, entry in enumerate(filter(None, setting.split(",")), start=1))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of its keys, the one that seals first."""
        return tuple(key.id for key in self._keys)

    def seal(self, field: str, plain: str) -> bytes:
        """The value sealed for the field."""
        key = self._keys[0]
        nonce = secrets.token_bytes(NONCE_BYTES)
        name = key.id.encode()
        return bytes([len(name)]) + name + nonce + key.sealing.encrypt(nonce, plain.encode(), field.encode())

    def open(self, field: str, sealed: bytes) -> str:
        """The value that `seal` was given. Raises SealError."""
        length = sealed[0] if sealed else 0
        key_id = sealed[1 : 1 + length].decode(errors="replace")
        key = next((k for k in self._keys if k.id == key_id), None)
        if key is None:
            raise SealError(f"{field}: sealed with the key {key_id!r}, which is not in NIGHTBELL_ENCRYPTION_KEYS")
        nonce, body = sealed[1 + length : 1 + length + NONCE_BYTES], sealed[1 + length + NONCE_BYTES :]
        try:
            return key.sealing.decrypt(nonce, body, field.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise SealError(f"{field}: the sealed value was changed, or belongs to another field") from error

    def seal_json(self, field: str, value: object) -> bytes:
        """`seal` for what JSON can hold."""
        return self.seal(field, json.dumps(value, separators=(",", ":")))

    def open_json(self, field: str, sealed: bytes) -> object:
        """`open` for what `seal_json` sealed."""
        return json.loads(self.open(field, sealed))

    def index(self, value: str) -> bytes:
        """The blind index to store for the value: equal values give equal indexes, and tell nothing else."""
        return _index(self._keys[0], value)

    def indexes(self, value: str) -> list[bytes]:
        """Every index under which the value may have been stored, the newest key's first."""
        return [_index(key, value) for key in self._keys]


def _index(key: _Key, value: str) -> bytes:
    return hmac.new(key.indexing, value.encode(), sha256).digest()[:16]


def _derive(key_id: str, secret: bytes) -> _Key:
    def derived(purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"nightbell " + purpose).derive(secret)

    return _Key(key_id, AESGCM(derived(b"sealing")), derived(b"indexing"))


def _read_entry(position: int, entry: str) -> tuple[str, bytes]:
    key_id, colon, encoded = entry.strip().partition(":")
    where = f"NIGHTBELL_ENCRYPTION_KEYS, entry {position}"
    if not (colon and key_id and len(key_id) < 64):  # noqa: PLR2004 - one length byte, and ids are short
        raise KeySettingError(f"{where}: expected `id:key`; make one with `nightbell new-key`")
    try:
        secret = base64.urlsafe_b64decode(encoded)
    except (binascii.Error, ValueError) as error:
        raise KeySettingError(f"{where}: the key is not base64; make one with `nightbell new-key`") from error
    if len(secret) != KEY_BYTES:
        raise KeySettingError(f"{where}: the key has {len(secret)} bytes instead of {KEY_BYTES}")
    return key_id, secret
