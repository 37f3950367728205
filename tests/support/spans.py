"""Spans that tests can look at: OpenTelemetry's own SDK, exporting to memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import opentelemetry.trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXPORTER = InMemorySpanExporter()


def record() -> None:
    """Keep all spans from now on; OpenTelemetry takes one provider a process."""
    if not isinstance(opentelemetry.trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(_EXPORTER))
        opentelemetry.trace.set_tracer_provider(provider)
    _EXPORTER.clear()


def recorded() -> Sequence[ReadableSpan]:
    """Return the spans that ended since `record`."""
    return _EXPORTER.get_finished_spans()
