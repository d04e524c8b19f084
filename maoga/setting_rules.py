"""What settings must be, each by itself and together, and the secret that development makes for itself."""

import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zxcvbn import zxcvbn

from domain.jobs.cron import moment_after
from storage.media.s3 import S3Address
from storage.outbound.smtp import is_sender, is_smtp_url
from storage.redis.url import parse as parse_redis_url

if TYPE_CHECKING:
    from maoga.settings import Settings

WEAK = ("secret", "changeme", "change-me", "password", "example", "maoga", "default", "test")
SECRET_MIN_LENGTH = 32
SECRET_MIN_SCORE = 4
HARDENED_BCRYPT_COST = 10


def problems_of(settings: "Settings") -> list[str]:
    """What is wrong with the settings, in words for those who set them."""
    problems = [
        *_url_problems(settings),
        *_allocator_problems(settings),
        *_mail_problems(settings),
        *_igdb_problems(settings),
        *_provider_problems(settings),
        *_embedded_problems(settings),
        *_backup_problems(settings),
        *_production_problems(settings),
    ]
    if settings.debug and settings.environment == "production":
        problems.append("MAOGA_DEBUG tells players of the code: unset it in production")
    if settings.fault_point and settings.environment != "test":
        problems.append("MAOGA_FAULT_POINT is for MAOGA_ENVIRONMENT=test only")
    return problems


def _url_problems(settings: "Settings") -> list[str]:
    problems = []
    if not settings.database_url.get_secret_value().startswith(("sqlite:///", "mongodb://", "mongodb+srv://")):
        problems.append("MAOGA_DATABASE_URL must be sqlite:///FILE or mongodb://...")
    try:
        parse_redis_url(settings.redis_url.get_secret_value())
    except ValueError as error:
        problems.append(f"MAOGA_REDIS_URL {error}")
    return problems


def _allocator_problems(settings: "Settings") -> list[str]:
    if settings.allocator_url is None:
        return []
    problems = []
    if not is_http_url(settings.allocator_url):
        problems.append("MAOGA_ALLOCATOR_URL must be http://HOST... or https://HOST..., without a fragment")
    if len(settings.allocator_secret.get_secret_value()) < SECRET_MIN_LENGTH:
        problems.append(
            f"MAOGA_ALLOCATOR_SECRET must have at least {SECRET_MIN_LENGTH} characters with MAOGA_ALLOCATOR_URL"
        )
    elif settings.hardened and is_weak(settings.allocator_secret.get_secret_value()):
        problems.append(f"MAOGA_ALLOCATOR_SECRET is weak: {settings.environment} wants random characters")
    return problems


def _mail_problems(settings: "Settings") -> list[str]:
    problems = []
    if (url := settings.smtp_url.get_secret_value()) and not is_smtp_url(url):
        problems.append("MAOGA_SMTP_URL must be smtp[s]://[user:password@]host[:port]")
    if not is_sender(settings.mail_from):
        problems.append("MAOGA_MAIL_FROM must be an address, or name <address>")
    if settings.mail_link is not None and not is_http_url(settings.mail_link):
        problems.append("MAOGA_MAIL_LINK must be http://HOST... or https://HOST..., without a fragment")
    return problems


def _provider_problems(settings: "Settings") -> list[str]:
    return [
        f"MAOGA_IDENTITY_PROVIDERS: {name} must be asked by https in {settings.environment}"
        for name, config in settings.identity_providers.items()
        if settings.hardened and any(url.startswith("http:") for url in config.urls)
    ]


def _igdb_problems(settings: "Settings") -> list[str]:
    if settings.igdb_client_id is None:
        return []
    problems = []
    if not settings.igdb_client_secret.get_secret_value():
        problems.append("MAOGA_IGDB_CLIENT_SECRET is required with MAOGA_IGDB_CLIENT_ID")
    for name, url in (("MAOGA_IGDB_URL", settings.igdb_url), ("MAOGA_IGDB_TOKEN_URL", settings.igdb_token_url)):
        if not is_http_url(url) or (settings.hardened and not url.startswith("https:")):
            problems.append(f"{name} must be https://HOST..., without a fragment (development takes http, too)")
    return problems


def _backup_problems(settings: "Settings") -> list[str]:
    problems = []
    if settings.backup_url and settings.backup_url.startswith("s3:"):
        try:
            S3Address.parse(settings.backup_url)
        except ValueError as error:
            problems.append(f"MAOGA_BACKUP_URL {error}")
    if settings.backup_cron:
        try:
            moment_after(settings.backup_cron, datetime.now(UTC))
        except ValueError as error:
            problems.append(f"MAOGA_BACKUP_CRON: {error}")
    if settings.backup_key.get_secret_value() and settings.backup_key_file:
        problems.append("MAOGA_BACKUP_KEY and MAOGA_BACKUP_KEY_FILE: set one of them")
    if 0 < len(settings.backup_secret()) < SECRET_MIN_LENGTH:
        problems.append(f"MAOGA_BACKUP_KEY must have at least {SECRET_MIN_LENGTH} characters")
    elif settings.backup_key_file and not settings.backup_secret():
        problems.append("MAOGA_BACKUP_KEY_FILE is empty")
    return problems


def _embedded_problems(settings: "Settings") -> list[str]:
    if settings.role != "all" and settings.embedded:
        return [
            f"role {settings.role} needs data shared by several processes: set MAOGA_DATABASE_URL to mongodb://... and "
            "MAOGA_REDIS_URL to redis://... (the embedded default serves one process)"
        ]
    if not settings.sqlite and settings.embedded:
        return [
            "MAOGA_DATABASE_URL=mongodb://... needs MAOGA_REDIS_URL=redis://...: processes that share a database "
            "must share what is hot, too"
        ]
    return []


def _production_problems(settings: "Settings") -> list[str]:
    if not settings.hardened:
        return []
    problems = []
    if settings.bcrypt_cost < HARDENED_BCRYPT_COST:
        problems.append(f"MAOGA_BCRYPT_COST below {HARDENED_BCRYPT_COST} is refused in {settings.environment}")
    secret = settings.secret_key.get_secret_value()
    if not secret:
        problems.append(f"MAOGA_SECRET_KEY is required in {settings.environment}")
    elif is_weak(secret):
        problems.append(
            f"MAOGA_SECRET_KEY is weak: use at least {SECRET_MIN_LENGTH} random characters "
            "(python -c 'import secrets; print(secrets.token_urlsafe(48))')"
        )
    if any(is_weak(key.get_secret_value()) for key in settings.secret_keys_accepted):
        problems.append(f"MAOGA_SECRET_KEYS_ACCEPTED has a weak key: {settings.environment} wants random characters")
    if settings.environment == "production":
        if settings.rate_limit_scale == 0:
            problems.append("MAOGA_RATE_LIMIT_SCALE=0 is refused in production")
        if settings.bench:
            problems.append("MAOGA_BENCH=1 is refused in production")
        if "*" in settings.cors_origins:
            problems.append("MAOGA_CORS_ORIGINS=* is refused in production")
    return problems


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
