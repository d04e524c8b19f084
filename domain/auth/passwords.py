"""Passwords: which ones are accepted, and their hashes."""

import asyncio
import os
import threading
import unicodedata
from collections.abc import Sequence

import bcrypt
from zxcvbn import zxcvbn

MIN_BYTES = 8
MAX_BYTES = 72
"""Bcrypt hashes no more."""

GUESSED_CHARACTERS = 24
"""zxcvbn's time explodes with the length (over a second at 72 characters, a tenth at most at 24)."""

LEAST_SCORE = 3
"""Of zxcvbn's 0 to 4: safely unguessable, more than 10^8 guesses."""

_guessing = threading.Lock()  # zxcvbn keeps the user's own words in a global


def normalized(password: str) -> str:
    """The password in Unicode NFC, so that every keyboard types the same one (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password)


def weakness(password: str, own_words: Sequence[str]) -> str | None:
    """Why a new password is refused, or None. Takes milliseconds of computing."""
    size = len(password.encode())
    if size < MIN_BYTES:
        return f"must have at least {MIN_BYTES} bytes"
    if size > MAX_BYTES:
        return f"must have at most {MAX_BYTES} bytes"
    # An address gives away its parts as well.
    words = ["maoga", *own_words, *(part for word in own_words for part in word.split("@"))]
    with _guessing:
        score = zxcvbn(password[:GUESSED_CHARACTERS], user_inputs=words)["score"]
    return None if score >= LEAST_SCORE else "is too easy to guess: use several unrelated words, or more characters"


class Passwords:
    """Hashes passwords with bcrypt at a cost (log2 of its rounds), in threads, no more at once than there are CPUs."""

    def __init__(self, cost: int) -> None:
        self._cost = cost
        self._slots = asyncio.Semaphore(os.cpu_count() or 1)
        # No password matches it, and checking against it takes as long as against a real one.
        self._nobodys_hash = bcrypt.gensalt(cost) + b"." * 31

    async def hash(self, password: str) -> str:
        """The hash to store; `password` has at most 72 bytes."""
        async with self._slots:
            return (await asyncio.to_thread(bcrypt.hashpw, password.encode(), bcrypt.gensalt(self._cost))).decode()

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Whether `hashed` is the hash of the password. Without a hash the answer is no, after the same work."""
        secret, stored = password.encode(), hashed.encode() if hashed else self._nobodys_hash
        async with self._slots:
            same = await asyncio.to_thread(bcrypt.checkpw, secret[:MAX_BYTES], stored)
        return same and hashed is not None and len(secret) <= MAX_BYTES
