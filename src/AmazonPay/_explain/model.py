"""The parts of a string to sign, and the type of a mistake in one of them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from .._signing.canonical import canonical_path, canonical_query_of, sha256_hex
from .json_text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LARGEST = 64 * 1024
"""The bytes of a body up to which its text is rewritten; that takes time."""

Part: TypeAlias = Literal[
    "method", "path", "query", "headers", "body", "canonical", "string", "signature"
]
"""Where a mistake is. `canonical` is the canonical request as a whole, `string` the
string to sign as a whole, `signature` the signature itself."""

Pairs: TypeAlias = tuple[tuple[str, str], ...]


class SignedHeaders(NamedTuple):
    """The lines of headers in a canonical request, and the line of their names."""

    lines: Pairs
    names: tuple[str, ...] | None
    """None leaves the line out."""
    colon: str = ":"
    separator: str = ";"
    end: str = ""
    blank: str = "\n"

    def rendered(self) -> bytes:
        """Return the lines as they stand in a canonical request."""
        lines_, names, colon, separator, end, blank = self
        lines = "".join([f"{name}{colon}{value}\n" for name, value in lines_])
        if names is None:
            return f"{lines}{blank}".removesuffix("\n").encode()
        return f"{lines}{blank}{separator.join(names)}{end}".encode()


@dataclass(frozen=True, slots=True)
class Came:
    """A request as a server received it. A button has only a `body`: its payload."""

    algorithm: str
    body: bytes = field(repr=False)
    method: str = ""
    raw_path: str = field(default="", repr=False)
    raw_query: str = field(default="", repr=False)
    all_headers: Pairs = field(default=(), repr=False)
    listed: tuple[str, ...] = ()
    """The names in `SignedHeaders`, as they were written."""
    is_button: bool = False
    _texts: dict[bytes, Text | None] = field(
        default_factory=dict[bytes, "Text | None"],
        init=False,
        repr=False,
        compare=False,
    )

    _last_hash: dict[str, bytes | str] = field(
        default_factory=dict[str, "bytes | str"],
        init=False,
        repr=False,
        compare=False,
    )

    def text(self, value: object) -> Text | None:
        """Return a body as text, read once; None if it is too large, or no UTF-8."""
        if not isinstance(value, bytes) or len(value) > _LARGEST:
            return None
        if value not in self._texts:
            try:
                self._texts[value] = Text(value.decode())
            except UnicodeDecodeError:
                self._texts[value] = None
        return self._texts[value]

    @property
    def headers(self) -> SignedHeaders:
        """The signed headers, in canonical form."""
        names = sorted({name.lower() for name in self.listed})
        lines = tuple((name, self.value(name)) for name in names)
        return SignedHeaders(lines, tuple(names))

    def value(self, name: str, joined: str = ",") -> str:
        """Return the canonical value of a header; empty for one that did not come."""
        return joined.join(
            [" ".join(value.split()) for key, value in self.all_headers if key == name]
        )

    def parts(self) -> dict[Part, Any]:
        """Return each part of the canonical request, made by Amazon's rules."""
        if self.is_button:
            return {"body": self.body}
        return {
            "method": self.method.upper(),
            "path": canonical_path(self.raw_path),
            "query": canonical_query_of(self.raw_query),
            "headers": self.headers,
            "body": self.body,
        }

    def rendered(self, part: Part, value: Any) -> bytes:  # noqa: ANN401 - see `parts`
        """Return a part's bytes in the canonical request."""
        if part == "headers":
            return bytes(value.rendered())
        if part == "body" and not self.is_button:
            return (value if isinstance(value, str) else sha256_hex(value)).encode()
        return value.encode(errors="surrogatepass") if isinstance(value, str) else value

    def hashed(self, canonical: bytes) -> str:
        """Return the hash of a canonical request; many rows ask for the same one."""
        if self._last_hash.get("of") != canonical:
            self._last_hash["of"] = canonical
            self._last_hash["is"] = sha256_hex(canonical)
        return str(self._last_hash["is"])

    def message(self, canonical: bytes) -> bytes:
        """Return the string to sign, by the rules."""
        return f"{self.algorithm}\n{self.hashed(canonical)}".encode()


BASIC, EXTENDED = "%Y%m%dT%H%M%SZ", "%Y-%m-%dT%H:%M:%SZ"
"""The two forms of a date that Amazon takes."""


@lru_cache(maxsize=64)
def parse_date(date: str) -> datetime | None:
    """Return the time of an `x-amz-pay-date`; None for any other text."""
    for form in (BASIC, EXTENDED):
        with suppress(ValueError):
            return datetime.strptime(date, form).replace(tzinfo=UTC)
    return None


@dataclass(frozen=True, slots=True)
class Mistake:
    """One likely mistake: a row of a table."""

    name: str
    headline: str
    cause: str
    """How people usually come to make it."""
    fix: str
    variants: Callable[[Came, Any], Iterable[Any]] = field(repr=False)
    """Return what may have been signed in place of a part that arrived.

    Of a `canonical` or `string` row, the second argument is the canonical request, and
    each variant is the canonical request or the string to sign.
    """
    part: Part = field(kw_only=True)
    paired: int = field(default=1, kw_only=True)
    """How many of the first variants are also sought together with a second mistake."""
