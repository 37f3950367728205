"""Report each call: one log line and one span.

Both contain only the operation, its method and route template, the status, reason code,
request id, attempts and time. They never contain a path, a body, a header or Amazon's
text, because those hold values of the request.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from ..errors import TransportError, shown

if TYPE_CHECKING:
    from ..response import Response
    from .call import Call
    from .config import Endpoint

LOGGER = logging.getLogger("AmazonPay")

_FIRST_ERROR = 400
_NO_SPAN: AbstractContextManager[None] = nullcontext()


def log_call(call: Call, end: Response[Any] | TransportError) -> None:
    """Log one line for a call: WARNING if no answer came or the outcome is unknown."""
    lost = isinstance(end, TransportError)
    level = logging.WARNING if lost or end.outcome_unknown else logging.INFO
    if not LOGGER.isEnabledFor(level):
        return
    facts = _facts(call, end)
    line = "{operation} {method} {route}: {result}, attempts {attempts}"
    if "request_id" in facts:
        line += ", request id {request_id}"
    if "seconds" in facts:
        line += ", {seconds} s"
    if facts["outcome_unknown"]:
        line += ", outcome unknown"
    LOGGER.log(level, line.format_map(facts), extra={"amazonpay": facts})


def _facts(call: Call, end: Response[Any] | TransportError) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "operation": call.operation,
        "method": call.method,
        "route": call.route,
        "attempts": end.attempts,
        "outcome_unknown": end.outcome_unknown,
    }
    if isinstance(end, TransportError):
        return {**facts, "result": type(end).__name__}
    facts["status"] = end.status_code
    facts["result"] = str(end.status_code)
    if end.reason_code is not None:
        facts["reason_code"] = shown(end.reason_code)
        facts["result"] += f" {facts['reason_code']}"
    if end.request_id is not None:
        facts["request_id"] = shown(end.request_id)
    facts["seconds"] = f"{end.elapsed.total_seconds():.3f}"
    return facts


class Tracer:
    """Makes a span for each call, if OpenTelemetry's API is installed.

    Names follow its conventions for HTTP clients, with the route template in place of
    the URL.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        try:
            import opentelemetry.trace
        except ModuleNotFoundError:
            self._tracer: Any = None
            return
        trace = opentelemetry.trace
        self._tracer = trace.get_tracer("AmazonPay")
        self._use_span = trace.use_span
        self._kind = trace.SpanKind.CLIENT
        self._error = trace.StatusCode.ERROR
        self._fixed = {
            "server.address": endpoint.host,
            "server.port": endpoint.port,
            "url.scheme": endpoint.scheme,
        }

    def span(self, call: Call) -> AbstractContextManager[Any]:
        """Return a context manager of a span for a call; give its value to `finish`."""
        if self._tracer is None:
            return _NO_SPAN
        span = self._tracer.start_span(
            f"{call.method} {call.route}",
            kind=self._kind,
            attributes={
                **self._fixed,
                "http.request.method": call.method,
                "url.template": call.route,
                "amazonpay.operation": call.operation,
            },
        )
        if not span.is_recording():
            return _NO_SPAN
        # The text of an exception may hold values of the request.
        opened: AbstractContextManager[Any] = self._use_span(
            span,
            end_on_exit=True,
            record_exception=False,
            set_status_on_exception=False,
        )
        return opened

    def finish(
        self,
        span: Any,  # noqa: ANN401 - a span, or None without the API
        call: Call,
        end: Response[Any] | TransportError,
    ) -> None:
        """Record on a span how its call ended."""
        if span is None:
            return
        facts = _facts(call, end)
        if end.attempts > 1:
            span.set_attribute("http.request.resend_count", end.attempts - 1)
        span.set_attribute("amazonpay.outcome_unknown", facts["outcome_unknown"])
        for name, key in (
            ("http.response.status_code", "status"),
            ("amazonpay.reason_code", "reason_code"),
            ("amazonpay.request_id", "request_id"),
        ):
            if key in facts:
                span.set_attribute(name, facts[key])
        if facts.get("status", _FIRST_ERROR) >= _FIRST_ERROR:
            status = facts.get("status", facts["result"])
            span.set_attribute("error.type", str(status))
            span.set_status(self._error)
