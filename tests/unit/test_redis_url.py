"""What MAOGA_REDIS_URL may say, and what is told when it says something else."""

import pytest

from storage.redis.url import RedisUrl, parse


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("memory://", RedisUrl("memory")),
        ("redis://cache", RedisUrl("single", (("cache", 6379),), "", "redis://cache:6379/0?")),
        (
            "rediss://ann:s%40crt@[::1]:7000/3?ssl_ca_certs=/etc/ca.pem",
            RedisUrl("single", (("::1", 7000),), "", "rediss://ann:s%40crt@[::1]:7000/3?ssl_ca_certs=%2Fetc%2Fca.pem"),
        ),
        (
            "redis+sentinel://:pw@one,two:26380/main/2?sentinel_username=ann&sentinel_password=a%26b",
            RedisUrl(
                "sentinel",
                (("one", 26379), ("two", 26380)),
                "main",
                "redis://:pw@one:26379/2?",
                (("username", "ann"), ("password", "a&b")),
            ),
        ),
        (
            "REDISS+Cluster://one:7001,two:7002,[fe80::1]:7003/",
            RedisUrl("cluster", (("one", 7001), ("two", 7002), ("fe80::1", 7003)), "", "rediss://one:7001/0?"),
        ),
    ],
)
def test_what_each_form_names(url: str, parts: RedisUrl) -> None:
    assert parts == parse(url)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://cache", "must be memory://"),
        ("redis", "must be memory://"),
        ("sentinel://cache/main", "must be memory://"),
        ("redis://", "names no host"),
        ("redis+cluster://one,,two", "names no host"),
        ("redis://cache:port", "host or port"),
        ("redis://cache:99999", "host or port"),
        ("redis://:hunter2/b@cache:6379", "host or port"),
        ("redis://:hunter2#b@cache:6379", "host or port"),
        ("redis://:hunter2?b@cache:6379", "host or port"),
        ("redis://cache/main", "database that is no number"),
        ("redis://one,two", "names several servers"),
        ("redis+sentinel://one,two", "names no service"),
        ("redis+sentinel://one/main/x", "database that is no number"),
        ("redis+cluster://one/1", "only number 0"),
    ],
)
def test_what_is_no_form_is_told_without_repeating_any_of_it(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as refused:
        parse(url)
    assert "hunter2" not in str(refused.value)
