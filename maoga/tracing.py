"""OpenTelemetry, if it is wanted: without its variables nothing of it is even imported."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.core import trace
from domain.core.watch import StorageMetrics
from maoga.bootstrap import CannotStart
from maoga.settings import Settings

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
OFF = "OTEL_SDK_DISABLED"


@asynccontextmanager
async def traced(settings: Settings, storage: StorageMetrics) -> AsyncIterator[StorageMetrics]:
    """Has spans sent where the variables say, and those of the storage with them; raises `CannotStart`.

    storage: is told of the storage as well. Spans that wait are sent at the end, as far as somebody takes them.
    """
    if not any(map(os.environ.get, ENDPOINTS)) or os.environ.get(OFF, "").lower() == "true":
        yield storage
        return
    try:
        from maoga.otel import OtelTracer, SpannedStorage
    except ImportError as error:
        raise CannotStart(f"{ENDPOINTS[0]} is set, but the extra `otel` is not installed ({error})") from None
    tracer = OtelTracer.sending(settings)
    trace.keep_spans(tracer)
    try:
        yield SpannedStorage(storage, tracer, "sqlite" if settings.sqlite else "mongodb")
    finally:
        trace.keep_spans(None)
        await asyncio.to_thread(tracer.close)
