"""`amazonpay doctor`, run without a file of profiles."""

from __future__ import annotations

from typing import Any

from command_line import Done, amazonpay


def doctor(*line: str, offline: bool = True, **more: Any) -> Done:
    env = {"XDG_CONFIG_HOME": "/none"} | (more.pop("env", None) or {})
    mode = ["--offline"] if offline else []
    return amazonpay("doctor", *line, *mode, env=env, **more)


def findings(done: Done, status: str) -> dict[str, str]:
    """Return text and cure by check, for one status."""
    return {
        one["check"]: f"{one['text']} {one['fix']}"
        for one in done.json["findings"]
        if one["status"] == status
    }


def changed(line: list[str], **options: str | None) -> list[str]:
    """Return a command line with other options; None leaves one out."""
    values = dict(zip(line[::2], line[1::2], strict=True))
    for name, value in options.items():
        values[f"--{name.replace('_', '-')}"] = value or ""
    return [word for pair in values.items() if pair[1] for word in pair]
