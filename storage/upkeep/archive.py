"""What a backup is: compressed parts of JSON lines, and a manifest that names each part with its digest.

With a key every part is encrypted (AES-256-GCM, bound to the backup and to its name), and the manifest is signed. The
manifest is written last: what has none was broken off. Without a key digests show damage, but not who did it.
"""

import base64
import gzip
import hashlib
import hmac
import secrets
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field, ValidationError

from domain.core.model import Kept, Timestamp
from storage.upkeep.extended_json import decoded, encoded
from storage.upkeep.store import Stored

MANIFEST = "manifest.json"
FORMAT: Literal["maoga-backup-1"] = "maoga-backup-1"
SEALED = b"MAOGA\x01"
"""Begins an encrypted part, as it begins no compressed one."""
NONCE = 12
LEVEL = 6


class BadBackup(Exception):
    """A backup that cannot be read; the text says why."""


class Part(Kept):
    """A file of a backup. size: in bytes, as it lies there. sha256: of these."""

    name: str
    documents: int
    size: int
    sha256: str


class Manifest(Kept):
    """What a backup holds.

    taken_at: the moment of what it holds. migrations: the notes of those the database had had. salt: of the key, if it
    is encrypted. seal: a digest of all else in here, signed if there is a key.
    """

    format: Literal["maoga-backup-1"] = FORMAT
    id: str
    taken_at: Timestamp
    finished_at: Timestamp
    version: str
    source: str
    migrations: dict[str, dict[str, Any]]
    collections: dict[str, list[Part]]
    salt: str | None = None
    seal: str = Field(default="", repr=False)

    def count(self, collection: str) -> int:
        """How many documents of a collection it holds."""
        return sum(part.documents for part in self.collections[collection])

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for parts in self.collections.values() for part in parts)


class Cipher:
    """Encrypts the parts of one backup and signs its manifest. secret: at least 32 characters nobody can guess."""

    def __init__(self, secret: str, salt: bytes, backup: str) -> None:
        both = HKDF(SHA256(), 64, salt, b"maoga backup").derive(secret.encode())
        self._aead, self._signing, self._backup = AESGCM(both[:32]), both[32:], backup

    def seal(self, name: str, data: bytes) -> bytes:
        """A part, encrypted."""
        nonce = secrets.token_bytes(NONCE)
        return SEALED + nonce + self._aead.encrypt(nonce, data, self._bound_to(name))

    def open(self, name: str, data: bytes) -> bytes:
        """A part, decrypted; raises `BadBackup`."""
        start = len(SEALED) + NONCE
        try:
            return self._aead.decrypt(data[len(SEALED) : start], data[start:], self._bound_to(name))
        except InvalidTag:
            raise BadBackup(f"{name} was altered, or is of another backup") from None

    def sign(self, data: bytes) -> str:
        """The signature of a manifest."""
        return hmac.digest(self._signing, data, "sha256").hex()

    def _bound_to(self, name: str) -> bytes:
        return f"{self._backup}/{name}".encode()


def new_salt() -> str:
    """A salt for a key."""
    return base64.b64encode(secrets.token_bytes(16)).decode()


def cipher_of(manifest: Manifest, secret: str) -> Cipher | None:
    """What the parts were encrypted with; raises `BadBackup` without the secret they need."""
    if manifest.salt is None and not secret:
        return None
    if manifest.salt is None:
        raise BadBackup(f"{manifest.id} is not encrypted: anybody may have made it. Unset the key if you trust it")
    if not secret:
        raise BadBackup(f"{manifest.id} is encrypted: set MAOGA_BACKUP_KEY or MAOGA_BACKUP_KEY_FILE to its key")
    return Cipher(secret, base64.b64decode(manifest.salt), manifest.id)


def pack(name: str, lines: Iterable[bytes], cipher: Cipher | None) -> bytes:
    """The bytes of a part."""
    data = gzip.compress(b"".join(lines), LEVEL, mtime=0)
    return cipher.seal(name, data) if cipher else data


def unpack(part: Part, data: bytes | None, cipher: Cipher | None) -> Iterator[Stored]:
    """The documents of a part; raises `BadBackup` for a part that is missing, truncated or altered."""
    check(part, data)
    data = cipher.open(part.name, data or b"") if cipher else data
    try:
        lines = gzip.decompress(data or b"").splitlines()
        documents = [decoded(line) for line in lines]
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise BadBackup(f"{part.name} cannot be read: {error}") from None
    if len(documents) != part.documents:
        raise BadBackup(f"{part.name} holds {len(documents)} documents instead of {part.documents}")
    yield from documents


def check(part: Part, data: bytes | None) -> None:
    """Raises `BadBackup` unless the part is as it was written."""
    if data is None:
        raise BadBackup(f"{part.name} is missing")
    if len(data) != part.size:
        raise BadBackup(f"{part.name} has {len(data):,} bytes instead of {part.size:,}: it was truncated or altered")
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise BadBackup(f"{part.name} was altered: its digest is another one")


def line_of(document: Stored) -> bytes:
    """A document as a line of a part."""
    return encoded(document) + b"\n"


def write_manifest(manifest: Manifest, cipher: Cipher | None) -> bytes:
    """The manifest as a file, with its seal."""
    return orjson.dumps({**manifest.wire(), "seal": _seal(manifest, cipher)}, option=orjson.OPT_INDENT_2)


def read_manifest(backup: str, data: bytes) -> Manifest:
    """The manifest of a backup, its seal unread; raises `BadBackup` for what is none of ours."""
    try:
        manifest = Manifest.model_validate(orjson.loads(data))
    except (ValidationError, orjson.JSONDecodeError):
        raise BadBackup(f"{backup}/{MANIFEST} is no manifest of a backup of Maoga, or was truncated") from None
    if manifest.id != backup:
        raise BadBackup(f"{backup}/{MANIFEST} is the manifest of {manifest.id}")
    return manifest


def check_seal(manifest: Manifest, cipher: Cipher | None) -> None:
    """Raises `BadBackup` for a manifest that was altered, or signed with another key."""
    if not hmac.compare_digest(manifest.seal, _seal(manifest, cipher)):
        raise BadBackup(
            f"the manifest of {manifest.id} was altered" + (", or the key is another one" if cipher else "")
        )


def part_of(name: str, documents: int, data: bytes) -> Part:
    """How the manifest names a part."""
    return Part(name=name, documents=documents, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def backup_name(moment: datetime) -> str:
    """A name for a backup that begins now; names are in the order of their moments."""
    return f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03}Z-{secrets.token_hex(3)}"


def _seal(manifest: Manifest, cipher: Cipher | None) -> str:
    fields = {name: value for name, value in manifest.wire().items() if name != "seal"}
    data = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    return cipher.sign(data) if cipher else hashlib.sha256(data).hexdigest()
