"""Settings refuse what would be unsafe or cannot work, and say so without repeating a secret."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from maoga.setting_rules import SECRET_MIN_LENGTH, is_weak
from maoga.settings import Settings

STRONG = "k7Qz-2hV9xLm4Tn0RbYc8WsJd5GfPa1E"
SHARED = {"database_url": "mongodb://db/maoga?replicaSet=rs", "redis_url": "redis://cache"}


@pytest.fixture(autouse=True)
def _no_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `.env` in the working folder reaches none of these tests."""
    monkeypatch.chdir(tmp_path)


def settings(**values: object) -> Settings:
    return Settings.model_validate(values)


def refusal(**values: object) -> str:
    with pytest.raises(ValidationError) as refused:
        settings(**values)
    return str(refused.value)


def test_defaults_run_one_embedded_development_server() -> None:
    plain = Settings()
    assert plain.environment == "development"
    assert plain.role == "all"
    assert plain.embedded
    assert plain.sqlite_path == Path("var/maoga.db")


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_hardened_environments_demand_a_secret(environment: str) -> None:
    assert f"MAOGA_SECRET_KEY is required in {environment}" in refusal(environment=environment)


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(STRONG[: SECRET_MIN_LENGTH - 1], id="one character short"),
        pytest.param("ab" * SECRET_MIN_LENGTH, id="repetitive"),
        pytest.param("ChangeMe" + STRONG, id="a word people leave in"),
        pytest.param("1234567890" * 4, id="repeated digits"),
        pytest.param("abcdefghijklmnopqrstuvwxyzabcdefghi", id="the alphabet"),
    ],
)
def test_hardened_environments_refuse_weak_secrets_without_printing_them(environment: str, secret: str) -> None:
    message = refusal(environment=environment, secret_key=secret)
    assert "MAOGA_SECRET_KEY is weak" in message
    assert secret not in message


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_hardened_environments_take_a_strong_secret_as_it_is(environment: str) -> None:
    assert settings(environment=environment, secret_key=STRONG).signing_keys() == [STRONG.encode()]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_hardened_environments_refuse_cheap_password_hashes(environment: str) -> None:
    assert "MAOGA_BCRYPT_COST" in refusal(environment=environment, secret_key=STRONG, bcrypt_cost=9)


def test_every_problem_is_named_at_once() -> None:
    message = refusal(environment="production", rate_limit_scale=0, cors_origins="*", redis_url="http://cache")
    for name in ("MAOGA_SECRET_KEY", "MAOGA_RATE_LIMIT_SCALE", "MAOGA_CORS_ORIGINS", "MAOGA_REDIS_URL"):
        assert name in message


def test_debugging_is_refused_in_production_alone() -> None:
    assert "MAOGA_DEBUG" in refusal(environment="production", secret_key=STRONG, debug=True)
    assert settings(environment="staging", secret_key=STRONG, debug=True).debug


def test_limits_may_be_off_outside_production() -> None:
    assert settings(environment="staging", secret_key=STRONG, rate_limit_scale=0).rate_limit_scale == 0


def test_development_makes_a_secret_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    var_dir = tmp_path / "not" / "there"
    first = settings(var_dir=var_dir).signing_keys()
    again = settings(var_dir=var_dir).signing_keys()
    elsewhere = settings(var_dir=tmp_path / "elsewhere").signing_keys()
    assert first == again != elsewhere
    assert not is_weak(first[0].decode())
    assert [path.name for path in var_dir.iterdir()] == ["secret.key"]
    assert stat.S_IMODE((var_dir / "secret.key").stat().st_mode) == 0o600


def test_further_keys_are_accepted_behind_the_one_that_signs() -> None:
    chosen = settings(secret_key=STRONG, secret_keys_accepted=f"{STRONG}-next, {STRONG}-last")
    assert [key.decode() for key in chosen.signing_keys()] == [STRONG, f"{STRONG}-next", f"{STRONG}-last"]
    assert STRONG not in repr(chosen)


def test_a_weak_further_key_is_refused_in_production() -> None:
    message = refusal(environment="production", secret_key=STRONG, secret_keys_accepted="changeme-changeme-changeme-ch")
    assert "MAOGA_SECRET_KEYS_ACCEPTED" in message
    assert "changeme" not in message


STUDIO = '{"studio": {"kind": "oidc", "issuer": "%s", "audience": "game"}}'
STEAM = '{"steam": {"kind": "steam", "appId": 480, "key": "the-publishers-key", "identity": "maoga", "url": "%s"}}'


@pytest.mark.parametrize("providers", [STUDIO, STEAM])
def test_identity_providers_are_json_and_asked_by_https_in_production(providers: str) -> None:
    fields: dict[str, Any] = {"secret_key": STRONG, "identity_providers": providers % "https://id.example.test"}
    chosen = settings(environment="production", **fields)
    assert len(chosen.identity_providers) == 1
    assert "the-publishers-key" not in repr(chosen)
    fields["identity_providers"] = providers % "http://id.example.test"
    assert settings(environment="test", **fields).identity_providers
    assert "https" in refusal(environment="production", **fields)


@pytest.mark.parametrize("wrong", ["{", "[]", '{"A b": {}}', '{"x": {"kind": "magic"}}', STUDIO % "ftp://x", "7"])
def test_identity_providers_that_make_no_sense_are_refused(wrong: str) -> None:
    assert "identity_providers" in refusal(identity_providers=wrong)


def test_processes_that_start_at_once_agree_on_the_secret(tmp_path: Path) -> None:
    """Whoever loses the race to make the file reads the winner's secret, whole."""
    for round_ in range(20):
        shared = settings(var_dir=tmp_path / str(round_))
        with ThreadPoolExecutor(8) as starters:
            keys = {call.result()[0] for call in [starters.submit(shared.signing_keys) for _ in range(8)]}
        assert len(keys) == 1
        assert not is_weak(keys.pop().decode())


@pytest.mark.parametrize("role", ["gateway", "worker"])
@pytest.mark.parametrize("embedded", [{"database_url": "sqlite:///x.db"}, {"redis_url": "memory://"}])
def test_one_of_several_processes_refuses_embedded_storage(role: str, embedded: dict[str, str]) -> None:
    assert f"role {role} needs data shared by several processes" in refusal(role=role, **(SHARED | embedded))


@pytest.mark.parametrize("role", ["gateway", "worker"])
def test_one_of_several_processes_takes_shared_storage(role: str) -> None:
    assert not settings(role=role, **SHARED).embedded


@pytest.mark.parametrize("url", ["postgres://db", "sqlite:relative.db", "sqlite://two-slashes.db", ""])
def test_unknown_database_urls_are_refused(url: str) -> None:
    assert "MAOGA_DATABASE_URL must be" in refusal(database_url=url)


def test_a_refused_url_is_not_printed() -> None:
    assert "hunter2" not in refusal(database_url="postgres://me:hunter2@db")


def test_the_embedded_database_lives_in_var_dir_unless_told_otherwise(tmp_path: Path) -> None:
    assert settings(var_dir=tmp_path).sqlite_path == tmp_path / "maoga.db"
    assert settings(var_dir=tmp_path, database_url="sqlite:///else.db").sqlite_path == Path("else.db")


def test_environment_variables_are_read_with_their_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAOGA_PORT", "9000")
    monkeypatch.setenv("MAOGA_TRANSPORTS", "websocket, polling")
    monkeypatch.setenv("MAOGA_CORS_ORIGINS", "https://a.example,https://b.example,")
    monkeypatch.setenv("MAOGA_GUESTS", "")
    read = Settings()
    assert read.port == 9000
    assert read.transports == ["websocket", "polling"]
    assert read.cors_origins == ["https://a.example", "https://b.example"]
    assert read.guests is None


def test_a_file_sets_what_the_environment_leaves_open(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("MAOGA_PORT=9000\nMAOGA_METRICS_PORT=9001\n")
    monkeypatch.setenv("MAOGA_PORT", "9002")
    assert (Settings().port, Settings().metrics_port) == (9002, 9001)


@pytest.mark.parametrize(
    "value", [{"port": 70_000}, {"transports": ","}, {"transports": "carrier-pigeon"}, {"role": "king"}]
)
def test_values_that_cannot_work_are_refused_by_name(value: dict[str, object]) -> None:
    assert next(iter(value)) in refusal(**value)


@pytest.mark.parametrize(
    ("environment", "guests", "json_logs"),
    [
        ("development", True, False),
        ("test", True, False),
        ("staging", True, True),
        ("production", False, True),
    ],
)
def test_environment_decides_about_guests_and_logs(environment: str, guests: bool, json_logs: bool) -> None:
    chosen = settings(environment=environment, secret_key=STRONG)
    assert (chosen.guests_allowed, chosen.json_logs) == (guests, json_logs)


def test_what_is_set_wins_over_the_environment() -> None:
    chosen = settings(environment="production", secret_key=STRONG, guests=True, log_format="pretty")
    assert (chosen.guests_allowed, chosen.json_logs) == (True, False)


def test_an_allocator_needs_an_address_that_can_be_asked_and_a_secret() -> None:
    assert settings(allocator_url="https://fleet.example.org/maoga", allocator_secret=STRONG).allocator_url
    for url in ("fleet.example.org", "ftp://fleet", "http://", "http://[x", "https://fleet/#top", "http://fleet:99999"):
        assert "MAOGA_ALLOCATOR_URL must be" in refusal(allocator_url=url, allocator_secret=STRONG)
    for secret in ("", STRONG[:-1]):
        assert "MAOGA_ALLOCATOR_SECRET must have" in refusal(allocator_url="http://fleet/", allocator_secret=secret)
    weak = "ab" * SECRET_MIN_LENGTH
    message = refusal(environment="staging", allocator_url="http://fleet/", allocator_secret=weak)
    assert "MAOGA_ALLOCATOR_SECRET is weak" in message
    assert weak not in message


def test_mail_needs_a_server_a_sender_and_a_page_that_can_be_reached() -> None:
    assert settings(smtp_url="smtps://user:pass%40word@mail.example.org:465", mail_from="game@example.org")
    for url in ("mail.example.org", "http://mail", "smtp://", "smtp://mail/inbox", "smtp://mail:99999"):
        message = refusal(smtp_url=url)
        assert "MAOGA_SMTP_URL must be" in message
        assert url not in message
    for sender in ("", "The Game", "game@", "Game <game>", "a@b.test\nBcc: c@d.test"):
        assert "MAOGA_MAIL_FROM must be" in refusal(mail_from=sender)
    for page in ("game.example", "ftp://game.example", "https://game.example/#top"):
        assert "MAOGA_MAIL_LINK must be" in refusal(mail_link=page)
