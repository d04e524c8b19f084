"""An OpenTelemetry collector for tests: takes spans by OTLP over HTTP, as protobuf."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass(frozen=True, slots=True)
class Seen:
    """A span. instance: of the service that sent it. parent: empty of a root. ms: how long it took."""

    trace: str
    id: str
    parent: str
    name: str
    kind: str
    instance: str
    failed: bool
    ms: float
    attributes: dict[str, Any]


class Collector:
    """env: what a server must be started with to send its spans here; spans: what has come."""

    def __init__(self) -> None:
        self.env: dict[str, str] = {}
        self.spans: list[Seen] = []

    def named(self, name: str, **wanted: Any) -> list[Seen]:
        """The spans of that name whose fields are as wanted."""
        return [
            span for span in self.spans if span.name == name and all(getattr(span, k) == v for k, v in wanted.items())
        ]

    def above(self, span: Seen) -> Iterator[Seen]:
        """Those it is within, up to the root."""
        by_id = {each.id: each for each in self.spans}
        while found := by_id.get(span.parent):
            yield found
            span = found

    async def _take(self, request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for part in sent.resource_spans:
            resource = _plain(part.resource.attributes)
            assert resource["service.name"] == "maoga"
            for scope in part.scope_spans:
                self.spans += [_seen(span, str(resource["service.instance.id"])) for span in scope.spans]
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    """A collector on a free port."""
    found = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", found._take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        found.env = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{host}:{port}", "OTEL_BSP_SCHEDULE_DELAY": "100"}
        yield found
    finally:
        await runner.cleanup()


def _seen(span: Span, instance: str) -> Seen:
    return Seen(
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        instance=instance,
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        ms=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e6,
        attributes=_plain(span.attributes),
    )


def _plain(attributes: Iterable[Any]) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
