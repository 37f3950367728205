"""Read the constructor's arguments from environment variables, for `from_env`."""

from __future__ import annotations

import os

from ..errors import ConfigurationError

_TRUTH = {"": None, "true": True, "1": True, "false": False, "0": False}


def arguments_from_env() -> tuple[str, str, str, bool | None]:
    """Return public key id, private key, region and sandbox.

    Raises:
        ConfigurationError: a variable is missing or has no usable value.
    """
    try:
        public_key_id, private_key, region = (
            os.environ[f"AMAZON_PAY_{name}"]
            for name in ("PUBLIC_KEY_ID", "PRIVATE_KEY", "REGION")
        )
    except KeyError as error:
        raise ConfigurationError(
            f"the environment variable {error.args[0]} is not set"
        ) from None
    text = os.environ.get("AMAZON_PAY_SANDBOX", "").strip().lower()
    if text not in _TRUTH:
        raise ConfigurationError("AMAZON_PAY_SANDBOX must be true or false")
    return public_key_id, private_key, region, _TRUTH[text]
