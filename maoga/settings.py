"""All settings, in one class. Every one is an environment variable with the prefix `MAOGA_` (or a line in `.env`)."""

import os
import socket
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, FilePath, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.matchmaking.cooldowns import CooldownRule
from maoga.setting_rules import kept_secret, problems_of
from storage.media.s3 import S3Url
from storage.outbound.providers import ProviderConfigs

Environment = Literal["development", "test", "staging", "production"]
Role = Literal["all", "gateway", "worker"]
Transport = Literal["websocket", "polling"]


def _instance_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


def _database_in_var_dir(fields: dict[str, Any]) -> SecretStr:
    return SecretStr(f"sqlite:///{fields['var_dir']}/maoga.db")


def _gif_hosts() -> list[str]:
    return ["media.tenor.com", "*.giphy.com"]


LogLevel = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*=(TRACE|DEBUG|INFO|WARNING|ERROR)$")]
"""A module and its least level."""


def _websocket_only() -> list[Transport]:
    return ["websocket"]


def _cooldown_steps() -> list[float]:
    return list(CooldownRule().steps_s)


class Settings(BaseSettings):
    """Maoga's settings. Defaults run one server on one machine with no other servers."""

    model_config = SettingsConfigDict(
        env_prefix="MAOGA_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # the refusal of a weak secret must not print it
    )

    environment: Environment = Field(
        default="development", description="development and test are lenient; staging and production demand secrets"
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port of HTTP and Socket.IO; 0 picks a free one")
    metrics_host: str = Field(
        default="127.0.0.1", description="address of /metrics, which has no log-in: keep it from the public"
    )
    metrics_port: int = Field(default=8001, ge=0, le=65535, description="port of /metrics; 0 picks a free one")
    role: Role = Field(
        default="all", description="gateway holds sockets, worker runs ticks and deadlines, all does both"
    )
    instance: str = Field(
        default_factory=_instance_name,
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9._-]+$",
        description="name of this process, unique among instances; default host and pid",
    )
    var_dir: Path = Field(default=Path("var"), description="folder for the embedded database and development secrets")

    database_url: SecretStr = Field(
        default_factory=_database_in_var_dir,
        description="sqlite:///FILE (default in the folder var_dir), or mongodb://... of a replica set",
    )
    database_timeout_s: float = Field(
        default=4.0, gt=0, le=60, description="seconds a database operation may take with its retries"
    )
    database_pool_size: int = Field(default=50, ge=1, le=1000, description="most connections to MongoDB per process")
    redis_url: SecretStr = Field(
        default=SecretStr("memory://"),
        description="memory://, redis://[user:password@]host:port[/db], "
        "redis+sentinel://[user:password@]host:port,host:port/service[/db], or "
        "redis+cluster://[user:password@]host:port,host:port; rediss instead of redis for TLS",
    )
    redis_timeout_s: float = Field(default=2.0, gt=0, le=60, description="seconds a Redis call may take")
    stream_log_size: int = Field(default=1000, ge=1, le=100_000, description="events of a stream kept for `resume`")
    stream_log_age_s: float = Field(default=600, ge=1, le=86_400, description="seconds for which they are kept")

    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="signs tokens; at least 32 characters; development makes its own in var_dir, others must set it",
    )
    secret_keys_accepted: Annotated[list[SecretStr], NoDecode] = Field(
        default_factory=list,
        description="comma-separated further keys whose tokens are accepted: the next one, or the last "
        "(docs/access.md says how to rotate)",
    )
    access_token_s: int = Field(default=900, ge=10, le=86_400, description="seconds an access token is valid")
    refresh_token_s: int = Field(default=604_800, ge=60, description="seconds a refresh token is valid")
    bcrypt_cost: int = Field(default=12, ge=4, le=16, description="bcrypt work factor (log2 of rounds)")
    login_attempts: int = Field(
        default=5, ge=1, description="failed logins of an account before it must pause, times rate_limit_scale"
    )
    login_address_attempts: int = Field(
        default=50, ge=1, description="the same from one address, whatever the accounts"
    )
    login_pause_s: float = Field(
        default=60, gt=0, description="seconds of the first pause; each further failure doubles it"
    )
    login_window_s: int = Field(
        default=900, ge=1, description="seconds after which failed logins are forgotten, and the longest pause"
    )
    identity_providers: Annotated[ProviderConfigs, NoDecode] = Field(
        default_factory=dict,
        description='JSON of who vouches for players, by name: {"studio": {"kind": "oidc", "issuer": "https://...", '
        '"audience": "..."}} and the like (docs/access.md)',
    )
    guests: bool | None = Field(default=None, description="allow guest accounts; default only outside production")
    account_grace_days: float = Field(
        default=30, ge=0, le=3650, description="days in which a login brings a deleted account back; then it is erased"
    )

    smtp_url: SecretStr = Field(
        default=SecretStr(""),
        description="smtp://[user:password@]host[:port], or smtps:// for TLS from the start; without it mail goes to "
        "files in var_dir/mail. staging and production insist on STARTTLS unless the server is on this machine",
    )
    mail_from: str = Field(default="Maoga <maoga@localhost>", description="sender of mail: address, or name <address>")
    mail_link: str | None = Field(
        default=None,
        description="address of your page that takes #verify-email=CODE and #reset-password=CODE; without it mail has "
        "the code alone",
    )

    cors_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="comma-separated browser origins allowed besides the server's own; * for all"
    )
    trusted_proxies: int = Field(
        default=0, ge=0, le=10, description="reverse proxies in front; so many X-Forwarded-For entries are believed"
    )
    body_limit_bytes: int = Field(default=65_536, ge=1024, description="most bytes of a REST body")
    connections_per_address: int = Field(
        default=1000,
        ge=0,
        description="sockets one address may have on one process, times rate_limit_scale; 0 for any number. Behind a "
        "proxy set trusted_proxies, or all players share its address",
    )
    message_limit_bytes: int = Field(default=65_536, ge=1024, description="most bytes of one Socket.IO packet")
    transports: Annotated[list[Transport], NoDecode] = Field(
        default_factory=_websocket_only,
        min_length=1,
        description="Socket.IO transports: websocket, or websocket,polling",
    )
    ping_interval_s: float = Field(default=25, gt=0, description="seconds between heartbeats of a socket")
    ping_timeout_s: float = Field(default=20, gt=0, description="seconds a socket may take to answer a heartbeat")
    handler_timeout_s: float = Field(default=5, gt=0, description="seconds an event may take before it acks TIMEOUT")
    rate_limit_scale: float = Field(
        default=1, ge=0, le=1000, description="multiplies every rate limit; 0 switches them off (refused in production)"
    )

    connections_per_user: int = Field(
        default=20,
        ge=0,
        le=100_000,
        description="most connections of a user over all instances, times rate_limit_scale; 0 for any number",
    )

    match_tick_ms: int = Field(default=1000, ge=20, description="milliseconds between matchmaking ticks")
    match_accept_s: float = Field(default=15, gt=0, description="seconds to accept a proposed match")
    match_report_s: float = Field(
        default=600, gt=0, description="seconds from the first player's report in which players must agree on a result"
    )
    match_result_max_s: float = Field(
        default=86_400, gt=0, description="seconds after a match was formed in which its result can be reported"
    )
    match_cooldown_s: Annotated[list[Annotated[float, Field(ge=0, le=86_400)]], NoDecode] = Field(
        default_factory=_cooldown_steps,
        min_length=1,
        max_length=20,
        description="comma-separated seconds that a player must wait after refusing a proposed match: for the first "
        "refusal that counts, the second, ...; the last for all further ones",
    )
    match_cooldown_decay_s: float = Field(
        default=3600, gt=0, le=604_800, description="seconds after which one such refusal is forgotten"
    )
    ticket_max_s: float = Field(default=1800, gt=0, description="seconds after which a waiting ticket expires")
    party_max_size: int = Field(default=5, ge=2, le=100, description="most players in a party")
    lobby_countdown_s: float = Field(default=5, ge=0, description="seconds from all ready to the start")
    lobby_ready_check_s: float = Field(default=30, gt=0, description="seconds to be ready once the host asks for it")
    lobby_idle_s: float = Field(
        default=1800, gt=0, description="seconds without a change after which a lobby that has not started closes"
    )
    lobby_active_max_s: float = Field(
        default=14_400, gt=0, description="seconds after its start at which a lobby closes, however the game stands"
    )
    allocator_url: str | None = Field(
        default=None,
        description="http(s) address that is asked for a game server when a lobby starts (docs/game-servers.md); "
        "without it lobbies start at once",
    )
    allocator_secret: SecretStr = Field(
        default=SecretStr(""), description="signs what allocator_url is sent; at least 32 characters, known to both"
    )
    igdb_client_id: str | None = Field(
        default=None,
        description="id of a Twitch application, with which games are imported from IGDB; none are without",
    )
    igdb_client_secret: SecretStr = Field(default=SecretStr(""), description="its secret")
    igdb_url: str = Field(default="https://api.igdb.com/v4", description="address of IGDB")
    igdb_token_url: str = Field(
        default="https://id.twitch.tv/oauth2/token", description="address at which Twitch gives tokens for it"
    )
    grace_s: float = Field(default=30, gt=0, description="seconds a disconnected player keeps ticket and seat")

    media_dir: Path | None = Field(
        default=None, description="folder for images of chat and users, the same for all instances; default in var_dir"
    )
    media_url: S3Url | None = Field(
        default=None,
        description="s3://BUCKET[/PREFIX][?endpoint=URL][&region=NAME]: keeps the images there instead (extra s3); "
        "credentials as Amazon's tools take them, as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    )
    chat_words_file: FilePath | None = Field(
        default=None, description="file of words that messages must not have, one a line: word, beginning*, *anywhere*"
    )
    chat_words_mode: Literal["mask", "refuse", "hold"] = Field(
        default="mask", description="what becomes of such a message: stars, a refusal, or a moderator sees it first"
    )
    chat_retention_days: float = Field(
        default=0, ge=0, le=36_500, description="days messages of direct and group channels are kept; 0 for good"
    )
    chat_closed_days: float = Field(
        default=30, ge=0, le=36_500, description="days the channels of closed lobbies and groups are kept; 0 for good"
    )
    chat_erased_content: Literal["keep", "remove"] = Field(
        default="keep", description="what becomes of what was said by users whose accounts are erased"
    )
    gif_hosts: Annotated[list[str], NoDecode] = Field(
        default_factory=_gif_hosts,
        description="comma-separated hosts from which messages may show gifs; *.name for all below a name",
    )
    media_review: bool = Field(
        default=False, description="show an image of the chat to others only after a moderator has approved it"
    )

    backup_url: str | None = Field(
        default=None,
        description="where backups lie: a folder, or s3://BUCKET[/PREFIX][?endpoint=URL][&region=NAME] (extra s3); "
        "default in var_dir",
    )
    backup_cron: str | None = Field(
        default=None, description="when a worker takes a backup, as in 15 3 * * * (UTC); without it none does"
    )
    backup_keep: int = Field(
        default=14, ge=0, description="backups that are kept when a worker has taken another; 0 for all"
    )
    backup_key: SecretStr = Field(
        default=SecretStr(""), description="encrypts backups; at least 32 characters, kept where backups are not"
    )
    backup_key_file: FilePath | None = Field(default=None, description="file that has this key instead")

    log_level: Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="least level that is logged"
    )
    log_levels: Annotated[list[LogLevel], NoDecode] = Field(
        default_factory=list,
        description="comma-separated levels of single modules and libraries, as in storage=DEBUG,pymongo=INFO",
    )
    log_dir: Path | None = Field(
        default=None,
        description="folder for log files besides: INSTANCE.combined.log with everything and INSTANCE.error.log with "
        "errors, JSON lines, 50 MB each; the last 10 of a kind are kept",
    )
    debug: bool = Field(
        default=False,
        description="for developers: log queries and events with what they say, and put stacks into answers; refused "
        "in production",
    )
    log_format: Literal["pretty", "json"] | None = Field(
        default=None, description="pretty or json; default pretty in development and test, else json"
    )
    bench: bool = Field(default=False, description="open the namespace /bench for benchmarks; refused in production")
    fault_point: str | None = Field(
        default=None, description="test only: kill this process when it reaches the fault point of that name"
    )
    slow_request_ms: int = Field(
        default=1000, ge=0, description="milliseconds from which on a request is logged as slow; 0 for never"
    )
    slow_query_ms: int = Field(
        default=100,
        ge=0,
        description="milliseconds from which on a query of documents is logged as slow; 0 for never",
    )
    drain_s: float = Field(default=10, ge=0, description="seconds a graceful stop may take")

    @field_validator(
        "cors_origins",
        "transports",
        "match_cooldown_s",
        "gif_hosts",
        "secret_keys_accepted",
        "log_levels",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = problems_of(self)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def hardened(self) -> bool:
        """Whether secrets must be set from outside (staging, production)."""
        return self.environment in {"staging", "production"}

    @property
    def sqlite(self) -> bool:
        """Whether documents live in an SQLite file."""
        return self.database_url.get_secret_value().startswith("sqlite:")

    @property
    def redis_in_process(self) -> bool:
        """Whether what is hot lives in this process."""
        return self.redis_url.get_secret_value().startswith("memory:")

    @property
    def embedded(self) -> bool:
        """Whether part of the storage lives in this process, so that no second process may share it."""
        return self.sqlite or self.redis_in_process

    @property
    def sqlite_path(self) -> Path:
        """The file of the embedded database."""
        return Path(self.database_url.get_secret_value().removeprefix("sqlite:///"))

    @property
    def images_path(self) -> Path:
        """The folder for images."""
        return self.media_dir or self.var_dir / "media"

    @property
    def connection_limit(self) -> int:
        """How many connections a user may have over all instances; 0 for any number."""
        scaled = self.connections_per_user * self.rate_limit_scale
        return max(1, round(scaled)) if scaled else 0

    @property
    def guests_allowed(self) -> bool:
        """Whether guests may enter."""
        return self.environment != "production" if self.guests is None else self.guests

    @property
    def json_logs(self) -> bool:
        """Whether logs are JSON lines."""
        return self.hardened if self.log_format is None else self.log_format == "json"

    def backup_secret(self) -> str:
        """The key of backups, or nothing."""
        return self.backup_key_file.read_text().strip() if self.backup_key_file else self.backup_key.get_secret_value()

    def signing_keys(self) -> list[bytes]:
        """The key that signs tokens, and those accepted beside it; development and test make one under `var_dir`."""
        first = self.secret_key.get_secret_value() or kept_secret(self.var_dir / "secret.key")
        return [key.encode() for key in (first, *(key.get_secret_value() for key in self.secret_keys_accepted))]
