"""Personal fields, encrypted one by one, so that who reads the database, its disk or a backup does not read them.

A sealed value is text: a mark that nobody can type, the name of its key, and AES-256-GCM of the value as JSON, bound to
its collection and field. Two values are never sealed alike, so a sealed field cannot be asked for.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

WORD = "sealed:"
MARK = f"\x1e{WORD}"
"""Texts that people write have no control characters (`domain.core.model.Text`), so none looks so."""
NAME = 8
NONCE = 12


class CannotOpen(Exception):
    """A field was sealed with a key that is not set, or altered."""


class Sealing:
    """Seals and opens fields. key: what seals; empty to seal nothing. accepted: further keys that open."""

    def __init__(self, key: str = "", accepted: Sequence[str] = ()) -> None:
        self._first = _name(key) if key else ""
        self._ciphers = {_name(each): _cipher(each) for each in (key, *accepted) if each}

    def seal(self, place: str, value: Any) -> Any:
        """A value as it is stored. place: collection and field."""
        if not self._first:
            return value
        nonce = secrets.token_bytes(NONCE)
        sealed = nonce + self._ciphers[self._first].encrypt(nonce, orjson.dumps(value), place.encode())
        return f"{MARK}{self._first}:{base64.b64encode(sealed).decode()}"

    def open(self, place: str, stored: Any) -> Any:
        """A stored value as it was, sealed or not; raises `CannotOpen`."""
        if not is_sealed(stored):
            return stored
        name, _, text = stored.removeprefix(MARK).partition(":")
        try:
            sealed = base64.b64decode(text, validate=True)
            return orjson.loads(self._ciphers[name].decrypt(sealed[:NONCE], sealed[NONCE:], place.encode()))
        except KeyError:
            raise CannotOpen(f"{place} was sealed with the key {name}, which MAOGA_FIELD_KEYS_ACCEPTED lacks") from None
        except (InvalidTag, ValueError):
            raise CannotOpen(f"{place} was altered") from None

    def resealed(self, place: str, stored: Any) -> Any:
        """A stored value sealed with the first key, or open when there is none; the same if it is so already."""
        if is_sealed(stored) and stored.startswith(f"{MARK}{self._first}:"):
            return stored
        return self.seal(place, self.open(place, stored))


def is_sealed(stored: Any) -> bool:
    """Whether a stored value is sealed."""
    return isinstance(stored, str) and stored.startswith(MARK)


def _name(key: str) -> str:
    """What a key is called in what it has sealed; it tells nothing of the key."""
    return hashlib.sha256(b"maoga field key " + key.encode()).hexdigest()[:NAME]


def _cipher(key: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, None, b"maoga fields").derive(key.encode()))
