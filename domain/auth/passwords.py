"""Passwords: which ones are accepted, and their hashes."""

import asyncio
import os
import sys
import threading
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

import bcrypt
from zxcvbn import zxcvbn

from domain.core.errors import Unavailable, ValidationFailed

P = ParamSpec("P")
R = TypeVar("R")

MIN_BYTES = 8
MAX_BYTES = 72
"""Bcrypt hashes no more."""

GUESSED_CHARACTERS = 24
"""zxcvbn's time explodes with the length (over a second at 72 characters, a tenth at most at 24)."""

LEAST_SCORE = 3
"""Of zxcvbn's 0 to 4: safely unguessable, more than 10^8 guesses."""

MOST_WAITING = 128
"""Passwords that may wait to be judged or hashed at once: some twenty seconds of work."""

NICENESS = 10
"""Of the threads: a tenth of the processor time that others of the same need get."""

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
    """Judges passwords, and hashes them with bcrypt at a cost (log2 of its rounds).

    It does so in threads that leave a processor to the sockets. Each method raises `Unavailable` when too many wait.
    """

    def __init__(self, cost: int) -> None:
        self._cost = cost
        self._threads = ThreadPoolExecutor(max(1, _processors() - 1), "bcrypt", _step_back)
        self._waiting = 0
        # No password matches it, and checking against it takes as long as against a real one.
        self._nobodys_hash = bcrypt.gensalt(cost) + b"." * 31

    async def weakness(self, password: str, own_words: Sequence[str]) -> str | None:
        """As the function of that name."""
        return await self._computed(weakness, password, own_words)

    async def first(self, password: str, own_words: Sequence[str]) -> str:
        """The hash of the first password of an account; raises `ValidationFailed` when it is weak."""
        if problem := await self.weakness(password, own_words):
            raise ValidationFailed([{"field": "password", "message": problem}])
        return await self.hash(password)

    async def hash(self, password: str) -> str:
        """The hash to store; `password` has at most 72 bytes."""
        return (await self._computed(bcrypt.hashpw, password.encode(), bcrypt.gensalt(self._cost))).decode()

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Whether `hashed` is the hash of the password. Without a hash the answer is no, after the same work."""
        secret, stored = password.encode(), hashed.encode() if hashed else self._nobodys_hash
        same = await self._computed(bcrypt.checkpw, secret[:MAX_BYTES], stored)
        return same and hashed is not None and len(secret) <= MAX_BYTES

    def outdated(self, hashed: str) -> bool:
        """Whether the hash was made at another cost than new ones are."""
        return hashed.split("$")[2] != f"{self._cost:02}"

    async def _computed(self, work: Callable[P, R], *of: P.args, **options: P.kwargs) -> R:
        if self._waiting >= MOST_WAITING:
            raise Unavailable("Too many passwords wait to be checked.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *of, **options))
        finally:
            self._waiting -= 1


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _step_back() -> None:
    """This thread computes only while the event loop has nothing to do, where the system can tell threads apart."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
