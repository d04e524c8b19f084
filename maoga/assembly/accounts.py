"""Puts the use cases of accounts together."""

from dataclasses import dataclass

from loguru import logger

from domain.accounts.me import OwnAccounts
from domain.audit.audit import Audit
from domain.auth.api_keys import ApiKeys
from domain.auth.auth import Auth, AuthConfig
from domain.auth.credentials import Credentials
from domain.auth.external import External
from domain.auth.links import LINK_JOB, Links
from domain.auth.passwords import Passwords
from domain.auth.proofs import Proofs
from domain.auth.roles import Roles
from domain.auth.throttle import LoginThrottle, Pauses, ThrottleConfig
from domain.auth.tokens import Tokens
from domain.auth.trail import AuthTrail
from domain.core.cache import Cache
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.events import Publisher
from domain.core.limits import RateLimits
from domain.jobs.jobs import Jobs
from domain.jobs.runner import JobRunner
from domain.mail.mail import ATTEMPT_S, ATTEMPTS, MAIL_JOB, Mail, Mailer
from domain.users.users import Users
from maoga.settings import Settings
from storage.outbound.mail_folder import PURGE_JOB, FolderMailer
from storage.outbound.providers import identity_providers
from storage.outbound.smtp import SmtpMailer, parse_smtp_url
from storage.redis.client import Client
from storage.redis.failures import RedisFailures

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class AccountCases:
    """All that has to do with who somebody is."""

    tokens: Tokens
    auth: Auth
    credentials: Credentials
    links: Links
    keys: ApiKeys
    roles: Roles
    external: External


def build_accounts(
    settings: Settings,
    *,
    database: Database,
    redis: Client,
    users: Users,
    own_accounts: OwnAccounts,
    cache: Cache,
    limits: RateLimits,
    publisher: Publisher,
    jobs: Jobs,
    runner: JobRunner,
    audit: Audit,
    clock: Clock,
) -> AccountCases:
    """The use cases of accounts on open storage; their jobs are known to the runner."""
    tokens = Tokens(settings.signing_keys(), clock, access_s=settings.access_token_s)
    passwords = Passwords(settings.bcrypt_cost)
    throttle = LoginThrottle(RedisFailures(redis), _pauses(settings))
    trail = AuthTrail(audit, clock)
    mailer = _mailer(settings)
    mail = Mail(mailer, jobs, link=settings.mail_link)
    links = Links(database, users, mail=mail, jobs=jobs, trail=trail, clock=clock)
    runner.handle(MAIL_JOB, mail.deliver, max_attempts=ATTEMPTS, timeout_s=ATTEMPT_S)
    runner.handle(LINK_JOB, links.send, max_attempts=ATTEMPTS, timeout_s=ATTEMPT_S)
    if isinstance(mailer, FolderMailer):
        runner.handle(PURGE_JOB, mailer.purge)
        runner.cron("old mail in files", "17 * * * *", PURGE_JOB)
    auth = Auth(
        database,
        users,
        own_accounts,
        tokens=tokens,
        passwords=passwords,
        throttle=throttle,
        links=links,
        trail=trail,
        publisher=publisher,
        clock=clock,
        config=AuthConfig(
            guests=settings.guests_allowed,
            refresh_s=settings.refresh_token_s,
            session_s=settings.session_days * DAY_S,
        ),
    )
    proofs = Proofs(database, auth, passwords=passwords, throttle=throttle, trail=trail, clock=clock)
    credentials = Credentials(
        database,
        users,
        own_accounts,
        auth,
        proofs=proofs,
        passwords=passwords,
        throttle=throttle,
        limits=limits,
        links=links,
        mail=mail,
        cache=cache,
        trail=trail,
        clock=clock,
    )
    keys, roles = ApiKeys(database, audit, clock), Roles(database, users, auth, audit)
    providers = identity_providers(settings.identity_providers, clock, private=not settings.hardened)
    external = External(
        database,
        users=users,
        auth=auth,
        proofs=proofs,
        limits=limits,
        mail=mail,
        trail=trail,
        providers=providers,
        clock=clock,
    )
    return AccountCases(tokens, auth, credentials, links, keys, roles, external)


def _pauses(settings: Settings) -> ThrottleConfig:
    """The pauses after failed logins, with their counts scaled as all limits are."""

    def after(failures: int) -> Pauses | None:
        scaled = round(failures * settings.rate_limit_scale)
        if not settings.rate_limit_scale:
            return None
        return Pauses(max(1, scaled), settings.login_pause_s, settings.login_window_s)

    return ThrottleConfig(account=after(settings.login_attempts), address=after(settings.login_address_attempts))


def _mailer(settings: Settings) -> Mailer:
    if url := settings.smtp_url.get_secret_value():
        return SmtpMailer(parse_smtp_url(url), settings.mail_from, encrypted=settings.hardened)
    if settings.hardened:
        logger.warning("MAOGA_SMTP_URL is not set: mail goes to files in {}", settings.var_dir / "mail")
    return FolderMailer(settings.var_dir / "mail", settings.mail_from)
