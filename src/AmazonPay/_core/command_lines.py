"""A parser for command lines without an extra: it names near misses, hides secrets."""

from __future__ import annotations

import argparse
import re
from typing import Final, NoReturn

_SECRET: Final = re.compile(
    # PEM, long base64 that is no hash in hex, and the user and password of a URL.
    r"-{2,} ?BEGIN(?:.*?-{2,} ?END[A-Z0-9 ]*-{2,}|.*)|\b(?![0-9a-f]{64}\b)[A-Za-z0-9+/=_-]{64,}|(?<=://)(?!USER:PASSWORD@)[^/@\s]+(?=@)",
    re.DOTALL,
)
_SEPARATORS: Final = 12
"""A path has at least one separator in so many characters, base64 one in 32."""
_HIDDEN: Final = "(not shown: it may be a secret)"


def without_secrets(text: str) -> str:
    """Return the text with whatever may be a key or a URL's password replaced."""
    return _SECRET.sub(_without_secret, text)


def _without_secret(found: re.Match[str]) -> str:
    text = found[0]
    is_path = len(re.findall(r"[/_-]", text)) * _SEPARATORS > len(text)
    return text if is_path and "BEGIN" not in text else _HIDDEN


class Parser(argparse.ArgumentParser):
    """A parser whose errors name the option that was meant, and show no secret."""

    def option_names(self) -> list[str]:
        """Return the long options."""
        return [
            name
            for name in self._option_string_actions  # of the documented base class
            if name.startswith("--")
        ]

    def error(self, message: str) -> NoReturn:
        """End with status 2 and the message, without what may be a secret."""
        head, found, words = message.partition("unrecognized arguments: ")
        if found:
            from difflib import get_close_matches

            # Values are left out: a word behind an option may be anything.
            word = words.partition(" ")[0].partition("=")[0]
            close = get_close_matches(word, self.option_names(), n=3)
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            message = f"{head}{word!r} is not known here.{hint}"
        super().error(without_secrets(message))
