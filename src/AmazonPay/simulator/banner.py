"""What `amazonpay simulate` prints when it listens: for a person, or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from .server import Address
    from .simulator import Simulator


def banner(  # noqa: PLR0913 - what it shows
    address: Address,
    simulator: Simulator,
    key: Path | None,
    arguments: argparse.Namespace,
    seed: int,
    kept: str,
) -> str:
    """Return what is printed when the simulator listens."""
    if arguments.json:
        return _as_json(address, simulator, key, arguments, seed)
    addresses = simulator.addresses
    lines = [
        "Amazon Pay on this machine: no money moves, and nothing leaves it.",
        f"  API    {address.url}",
        f"  look   {address.url}/?token={quote(simulator.token)}",
        f"  trust  {address.authority or 'plain http: no certificate'}",
    ]
    if addresses.public_url is not None:
        lines.append(f"  pages  {addresses.public_url}, script /checkout.js")
    keys = ", ".join(
        f"{one.public_key_id} ({' and '.join(sorted(one.environments))}"
        f", {one.region or 'any region'})"
        for one in simulator.merchants.values()
    )
    lines.append(f"  keys   {keys}")
    if key is not None:
        lines.append(f"         its private key: {key}")
    lines.append(f"  state  {kept}")
    lines.append(
        f"  ipn    {arguments.ipn_url or 'none is sent; --ipn-url sends them'}"
    )
    topics = simulator.notifications.topics
    lines += [f"         topic {topic}" for topic in topics if arguments.ipn_url]
    needed = "every control call" if addresses.is_open else "control calls of a page"
    lines.append(f"  token  {simulator.token}, for {needed}")
    rules = [
        f"profile {arguments.profile}",
        f"stored answers {arguments.stored_answers}",
    ]
    rules += [f"headroom {arguments.headroom}"] if arguments.headroom > 1 else []
    rules += ["throttling"] if arguments.throttling else []
    rules += [f"observed {arguments.observed}"] if arguments.observed else []
    lines.append(f"  rules  {', '.join(rules)}; --seed {seed} repeats this run")
    return "\n".join([*lines, "Ready. Stop with Ctrl-C."])


def _as_json(
    address: Address,
    simulator: Simulator,
    key: Path | None,
    arguments: argparse.Namespace,
    seed: int,
) -> str:
    keys = [
        {
            "public_key_id": one.public_key_id,
            "environments": sorted(one.environments),
            "region": one.region,
        }
        for one in simulator.merchants.values()
    ]
    return json.dumps(
        {
            "ready": True,
            "url": address.url,
            "authority": address.authority and str(address.authority),
            "keys": keys,
            "private_key": key and str(key),
            "console": f"{address.url}/?token={quote(simulator.token)}",
            "token": simulator.token,
            "profile": arguments.profile,
            "seed": seed,
        }
    )
