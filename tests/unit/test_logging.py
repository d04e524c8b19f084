"""Logs: one JSON object a line, with ids bound and secrets starred out."""

import logging as stdlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from loguru import logger
from pydantic import ValidationError

from domain.core.trace import tracing
from maoga import logging
from tests.support.cores import test_settings as settings_in

if TYPE_CHECKING:
    from loguru import Record

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"Authorization: Bearer {JWT}", "Authorization: Bearer ***"),
        (f"got {JWT} from a client", "got *** from a client"),
        ("mongodb://maoga:hunter2@db:27017/maoga", "mongodb://maoga:***@db:27017/maoga"),
        ("redis://:hunter2@cache:6379", "redis://:***@cache:6379"),
        (
            "redis+sentinel://ann:hunter2@one:1,two:2/main?sentinel_password=hunter3",
            "redis+sentinel://ann:***@one:1,two:2/main?sentinel_password=***",
        ),
        ('{"password": "hunter2", "username": "ann"}', '{"password": ***, "username": "ann"}'),
        ("{'newPassword': 'it is \"hunter2\"'}", "{'newPassword': ***}"),
        ("refreshToken=abc.1.def&x=1", "refreshToken=***&x=1"),
        ("42 tickets wait", "42 tickets wait"),
    ],
)
def test_secrets_are_starred_out(text: str, redacted: str) -> None:
    assert redacted == logging.redact(text)


@pytest.fixture
def configured(tmp_path: Path) -> None:
    logging.configure(settings_in(tmp_path, log_format="json", instance="i-1"))


@pytest.mark.usefixtures("configured")
def test_a_json_line_carries_level_message_instance_and_bound_ids(capsys: pytest.CaptureFixture[str]) -> None:
    with logger.contextualize(user="u1", socket="s1"):
        logger.info("hello {}", "there")
    line = orjson.loads(capsys.readouterr().err)
    assert tuple(line[key] for key in ("level", "message", "service", "instance", "user", "socket")) == (
        "INFO",
        "hello there",
        "maoga",
        "i-1",
        "u1",
        "s1",
    )


@pytest.mark.usefixtures("configured")
def test_exceptions_and_libraries_stay_on_one_line_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError(f"bad token {JWT}")
    except ValueError:
        stdlib.getLogger("some.library").exception("failed with password=hunter2")
    (text,) = capsys.readouterr().err.splitlines()
    line = orjson.loads(text)
    assert line["logger"] == "some.library"
    assert "Traceback" in line["exception"]
    assert "hunter2" not in text
    assert JWT not in text


def test_a_pretty_line_ends_with_its_ids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure(settings_in(tmp_path, log_format="pretty"))
    logger.bind(user="u1").warning("careful")
    assert capsys.readouterr().err.endswith("careful  user=u1\n")


@pytest.mark.parametrize("log_format", ["pretty", "json"])
def test_tracebacks_name_no_values_of_variables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    logging.configure(settings_in(tmp_path, log_format=log_format))
    innocent_name = "".join(["hunter", "2"])
    try:
        len(innocent_name) / 0
    except ZeroDivisionError:
        logger.exception("failed")
    text = capsys.readouterr().err
    assert "ZeroDivisionError" in text
    assert "hunter2" not in text


@pytest.mark.usefixtures("configured")
def test_every_line_has_the_ids_of_the_work_at_hand(capsys: pytest.CaptureFixture[str]) -> None:
    with tracing(request="r1"), tracing(job="j1", user=None):
        logger.info("at work")
    logger.info("at rest")
    at_work, at_rest = map(orjson.loads, capsys.readouterr().err.splitlines())
    assert (at_work["request"], at_work["job"]) == ("r1", "j1")
    assert not {"request", "job", "user"} & at_rest.keys()
    assert "user" not in at_work


def rename(module: str, record: "Record") -> None:
    record["name"] = module


def test_modules_and_libraries_have_levels_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    levels = ["storage=DEBUG", "storage.redis=ERROR", "some.library=WARNING", "other=DEBUG"]
    logging.configure(settings_in(tmp_path, log_format="json", log_levels=levels))
    modules = ("storage.documents.mongo", "storage.redis.client", "realtime.hub")
    for module in modules:
        for level in ("DEBUG", "INFO", "ERROR"):
            logger.patch(partial(rename, module)).log(level, f"{module} {level}")
    for library in ("some.library.part", "other"):
        stdlib.getLogger(library).debug(f"{library} DEBUG")
        stdlib.getLogger(library).warning(f"{library} WARNING")
    told = [orjson.loads(line)["message"] for line in capsys.readouterr().err.splitlines()]
    assert told == [
        *(f"storage.documents.mongo {level}" for level in ("DEBUG", "INFO", "ERROR")),
        "storage.redis.client ERROR",
        *(f"realtime.hub {level}" for level in ("INFO", "ERROR")),
        "some.library.part WARNING",
        "other DEBUG",
        "other WARNING",
    ]


@pytest.mark.parametrize("pair", ["storage", "storage=LOUD", "=DEBUG", "a b=INFO"])
def test_a_level_of_a_module_must_make_sense(tmp_path: Path, pair: str) -> None:
    with pytest.raises(ValidationError):
        settings_in(tmp_path, log_levels=[pair])


def test_files_have_everything_and_the_errors_apart_and_rotate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "FILE_SIZE", "2 KB")
    logging.configure(settings_in(tmp_path, log_dir=tmp_path / "logs", instance="i-1", log_format="pretty"))
    with tracing(request="r1"):
        logger.info("password=hunter2 {}", "{braces}")
    logger.error("broken")
    combined, errors = tmp_path / "logs/i-1.combined.log", tmp_path / "logs/i-1.error.log"
    first, second = map(orjson.loads, combined.read_text().splitlines())
    assert (first["message"], first["request"], first["instance"]) == ("password=*** {braces}", "r1", "i-1")
    assert second["message"] == orjson.loads(errors.read_text())["message"] == "broken"
    for n in range(30):
        logger.info("line {}", n)
    assert len(list(combined.parent.glob("i-1.combined.*log"))) > 1
    logger.remove()
