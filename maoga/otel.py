"""The adapter to OpenTelemetry's SDK. Only `maoga/tracing.py` imports it, for it needs the extra `otel`."""

import time
from collections.abc import Mapping
from importlib.metadata import version
from threading import Thread
from types import TracebackType
from typing import Self

from opentelemetry import trace as api
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from domain.core.trace import Attributes, Span, Tracer, request_id
from domain.core.trace import SpanKind as Kind
from domain.core.watch import Lane, StorageMetrics
from maoga.settings import Settings

KINDS: Mapping[Kind, SpanKind] = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER}
CLOSE_S = 3.0

W3C = TraceContextTextMapPropagator()


class OtelSpan(Span):
    """A span that is kept, and that is the present one inside."""

    def __init__(self, span: api.Span) -> None:
        self._span = span
        self._scope = api.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False)

    def __enter__(self) -> Self:
        self._scope.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.fail(kind.__qualname__)
        self._scope.__exit__(None, None, None)

    def set(self, name: str, value: str | int) -> None:
        self._span.set_attribute(name, value)

    def fail(self, code: str) -> None:
        _fail(self._span, code)


class OtelTracer(Tracer):
    """Sends spans by OTLP over HTTP, in batches, from a thread of its own."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("maoga", version("maoga"))

    @classmethod
    def sending(cls, settings: Settings) -> Self:
        """One that the variables of OpenTelemetry (OTEL_...) tell where to send, how much, and of what service."""
        ours = {
            "service.name": "maoga",
            "service.version": version("maoga"),
            "service.instance.id": settings.instance,
            "deployment.environment.name": settings.environment,
        }
        resource = Resource.create(ours).merge(OTELResourceDetector().detect())  # what the variables say wins
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def close(self) -> None:
        """Sends what waits, if somebody takes it within `CLOSE_S`. Blocks."""
        # The SDK's own limit is half a minute, which a stop has not: hence a thread that nobody has to wait for.
        sending = Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        sending.start()
        sending.join(CLOSE_S)

    def span(self, name: str, kind: Kind, parent: str | None, attributes: Attributes) -> Span:
        context = W3C.extract({"traceparent": parent}, Context()) if parent else None
        span = self._tracer.start_span(name, context, KINDS[kind], attributes)
        if request := request_id():
            span.set_attribute("maoga.request", request)  # as in the logs
        return OtelSpan(span)

    def parent(self) -> str | None:
        carrier: dict[str, str] = {}
        W3C.inject(carrier)
        return carrier.get("traceparent")

    def was(self, name: str, seconds: float, attributes: Attributes, failure: BaseException | None) -> None:
        """A call to another server took so long until now. It is a span only within another one.

        Else the many looks of the worker for something to do would be traces of their own.
        """
        if not api.get_current_span().is_recording():
            return
        now = time.time_ns()
        began = now - int(seconds * 1e9)
        span = self._tracer.start_span(name, None, SpanKind.CLIENT, attributes, start_time=began)
        if failure:
            _fail(span, type(failure).__qualname__)
        span.end(now)


class SpannedStorage(StorageMetrics):
    """Makes spans of what the storage tells, and passes it on. documents: where they are, sqlite or mongodb."""

    def __init__(self, metrics: StorageMetrics, tracer: OtelTracer, documents: str) -> None:
        self._metrics, self._tracer, self._documents = metrics, tracer, documents

    def queried(
        self, collection: str, operation: str, seconds: float, question: object, failure: BaseException | None
    ) -> None:
        self._metrics.queried(collection, operation, seconds, question, failure)
        attributes = {
            "db.system.name": self._documents,
            "db.collection.name": collection,
            "db.operation.name": operation,
        }
        self._tracer.was(f"{operation} {collection}", seconds, attributes, failure)

    def commanded(self, command: str, seconds: float, failure: BaseException | None) -> None:
        self._metrics.commanded(command, seconds, failure)
        self._tracer.was(command, seconds, {"db.system.name": "redis", "db.operation.name": command}, failure)

    def shares(self, storage: str, lane: Lane) -> None:
        self._metrics.shares(storage, lane)


def _fail(span: api.Span, code: str) -> None:
    span.set_attribute("error.type", code)
    span.set_status(Status(StatusCode.ERROR))
