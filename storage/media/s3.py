"""Images as objects of a bucket, on Amazon S3 or whatever speaks its protocol."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

from loguru import logger
from pydantic import AfterValidator

from domain.core.errors import Unavailable
from domain.core.images import FileName
from storage.media.naming import checked

T = TypeVar("T")

CONNECT_S, READ_S, ATTEMPTS = 2, 10, 3
REGION = "us-east-1"
MISSING = frozenset({"NoSuchKey", "404"})


@dataclass(frozen=True, slots=True)
class S3Address:
    """Where the objects are: `s3://BUCKET[/PREFIX][?endpoint=URL][&region=NAME]`.

    endpoint: of another service than Amazon's. prefix: with a slash at its end, or empty.
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = REGION

    @classmethod
    def parse(cls, url: str) -> Self:
        """The address in a URL; raises ValueError that says what is wrong with it."""
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.scheme != "s3" or not parts.hostname or not options.keys() <= {"endpoint", "region"}:
            raise ValueError("must be s3://BUCKET[/PREFIX][?endpoint=URL][&region=NAME]")
        endpoint = options.get("endpoint")
        if endpoint and not endpoint.startswith(("http://", "https://")):
            raise ValueError("must have an http(s) address as its endpoint")
        prefix = parts.path.strip("/")
        return cls(
            bucket=parts.hostname,
            prefix=f"{prefix}/" if prefix else "",
            endpoint=endpoint,
            region=options.get("region", REGION),
        )


def _checked(url: str) -> str:
    S3Address.parse(url)
    return url


S3Url = Annotated[str, AfterValidator(_checked)]


class S3Store:
    """One object each. Who may do what to them is the bucket's business; Maoga alone needs to read it."""

    def __init__(self, client: Any, address: S3Address) -> None:
        self._client, self._address = client, address

    async def put(self, name: FileName, data: bytes) -> None:
        await self._done(self._client.put_object(**self._object(name), Body=data))

    async def get(self, name: FileName) -> bytes | None:
        return await self._done(read_object(self._client, self._object(name)))

    async def delete(self, name: FileName) -> None:
        await self._done(self._client.delete_object(**self._object(name)))

    async def _done(self, work: Awaitable[T]) -> T:
        with told_as("The images cannot be reached."):
            return await work

    def _object(self, name: FileName) -> dict[str, str]:
        return {"Bucket": self._address.bucket, "Key": self._address.prefix + checked(name)}


async def read_object(client: Any, where: dict[str, str]) -> bytes | None:
    """What the object holds, if there is one."""
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]

    try:
        found = await client.get_object(**where)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in MISSING:
            return None
        raise
    async with found["Body"] as body:
        return bytes(await body.read())


@contextmanager
def told_as(words: str) -> Iterator[None]:
    """Raises `Unavailable` in these words for whatever stands between us and the bucket."""
    from aiohttp import ClientError as ConnectionLost
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, ConnectionLost, TimeoutError, OSError) as error:
        logger.error("{} {}", words, error)
        raise Unavailable(words) from error


@asynccontextmanager
async def open_s3(address: S3Address) -> AsyncIterator[S3Store]:
    """The store at that address, once the bucket has answered."""
    async with open_client(address) as client:
        yield S3Store(client, address)


@asynccontextmanager
async def open_client(address: S3Address) -> AsyncIterator[Any]:
    """A client for the bucket at that address, once it has answered. Credentials are found as Amazon's own tools find
    them.

    Raises ImportError without the extra `s3`, and what botocore raises when the bucket is out of reach.
    """
    from aiobotocore.config import AioConfig  # type: ignore[import-untyped]
    from aiobotocore.session import get_session  # type: ignore[import-untyped]

    config = AioConfig(
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        s3={"addressing_style": "path" if address.endpoint else "auto"},
        # What others who speak S3 do not all know.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    options = {"region_name": address.region, "endpoint_url": address.endpoint, "config": config}
    async with get_session().create_client("s3", **options) as client:
        await client.head_bucket(Bucket=address.bucket)
        yield client
