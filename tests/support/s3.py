"""A small S3: keeps objects in memory and believes no request whose signature is wrong (AWS Signature Version 4)."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from aiohttp import web

KEY_ID, SECRET, REGION = "AKIAMAOGATESTS", "a-secret-of-the-tests/with+signs", "eu-central-1"
ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_S = 900
PAGE = 10


class SmallS3:
    """One bucket. objects: by key. answers: statuses of the next requests, instead of doing them."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        self.objects: dict[str, bytes] = {}
        self.answers: list[int] = []
        self.refused = 0
        self.endpoint = ""

    @property
    def url(self) -> str:
        """As the setting has it."""
        return f"s3://{self.bucket}/pictures?endpoint={self.endpoint}&region={REGION}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One request, if it is signed."""
        body = await request.read()
        if not is_signed(request, body):
            self.refused += 1
            return _error(403, "SignatureDoesNotMatch")
        if self.answers:
            return _error(self.answers.pop(0), "SlowDown")
        bucket, _, key = request.path.removeprefix("/").partition("/")
        if bucket != self.bucket:
            return _error(404, "NoSuchBucket")
        match request.method:
            case "PUT":
                self.objects[key] = body
                return web.Response(headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"'})
            case "GET" if key in self.objects:
                return web.Response(body=self.objects[key])
            case "HEAD" if not key:
                return web.Response()
            case "GET" if not key:
                return self._listing(request)
            case "DELETE":
                self.objects.pop(key, None)
                return web.Response(status=204)
            case _:
                return _error(404, "NoSuchKey")

    def _listing(self, request: web.Request) -> web.Response:
        """The keys with a prefix, in pages of a few."""
        prefix, after = request.query.get("prefix", ""), request.query.get("continuation-token", "")
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        page = keys[:PAGE]
        more = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if len(keys) > PAGE else ""
        found = "".join(f"<Contents><Key>{_escaped(key)}</Key></Contents>" for key in page)
        text = (
            f"<?xml version='1.0'?><ListBucketResult><IsTruncated>{str(bool(more)).lower()}</IsTruncated>"
            f"{more}{found}</ListBucketResult>"
        )
        return web.Response(text=text, content_type="application/xml")


def _escaped(key: str) -> str:
    return key.replace("&", "&amp;").replace("<", "&lt;")


def is_signed(request: web.Request, body: bytes) -> bool:
    """Whether the request was signed with our key, of late, just as it came in."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    moment = request.headers.get("X-Amz-Date", "")
    payload = request.headers.get("X-Amz-Content-Sha256", "")
    scope = fields.get("Credential", "").split("/")
    signed_at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if moment else None
    if scheme != ALGORITHM or scope != [KEY_ID, moment[:8], REGION, "s3", "aws4_request"] or signed_at is None:
        return False
    if abs((datetime.now(UTC) - signed_at).total_seconds()) > SKEW_S or payload != hashlib.sha256(body).hexdigest():
        return False
    names = fields["SignedHeaders"].split(";")
    if not {"host", "x-amz-content-sha256", "x-amz-date"} <= set(names):
        return False
    canonical = "\n".join(
        [
            request.method,
            request.rel_url.raw_path,
            "&".join(
                sorted(
                    f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in parse_qsl(request.query_string, True)
                )
            ),
            *(f"{name}:{' '.join(request.headers[name].split())}" for name in names),
            "",
            ";".join(names),
            payload,
        ]
    )
    to_sign = "\n".join([ALGORITHM, moment, "/".join(scope[1:]), hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + SECRET.encode()
    for part in scope[1:]:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256").hex(), fields["Signature"])


def _error(status: int, code: str) -> web.Response:
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return web.Response(text=text, status=status, content_type="application/xml")


@asynccontextmanager
async def small_s3(bucket: str = "maoga-media") -> AsyncIterator[SmallS3]:
    """A running one."""
    server = SmallS3(bucket)
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", server.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
