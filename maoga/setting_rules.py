"""What a setting must be, and the secrets that development makes for itself."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

from zxcvbn import zxcvbn

WEAK = ("secret", "changeme", "change-me", "password", "example", "maoga", "default", "test")
SECRET_MIN_LENGTH = 32
SECRET_MIN_SCORE = 4


def is_weak(secret: str) -> bool:
    """Whether a secret is too short, guessable (by zxcvbn, on its first 72 characters), or a word people leave in."""
    if len(secret) < SECRET_MIN_LENGTH or secret.lower().startswith(WEAK):
        return True
    return int(zxcvbn(secret[:72])["score"]) < SECRET_MIN_SCORE


def is_http_url(text: str) -> bool:
    """Whether requests can be sent there."""
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0 and not url.fragment
    except ValueError:
        return False


def kept_secret(path: Path) -> str:
    """The secret in `path`, made with owner-only access when missing; processes that start at once agree on one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent) as draft:  # its mode is 0600
            draft.write(secrets.token_urlsafe(48))
            draft.flush()
            with suppress(FileExistsError):
                os.link(draft.name, path)  # the file appears whole, and the first process wins
    return path.read_text().strip()
