"""What `amazonpay simulate` prints when it listens: for a person, or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .plan import Plan


def banner(plan: Plan, topics: Mapping[str, str]) -> str:
    """Return what is printed when the simulator listens.

    `topics` are the ARNs to which it publishes, and the region of each.
    """
    arguments, addresses, address = plan.arguments, plan.addresses, plan.address
    if arguments.json:
        return _as_json(plan)
    lines = [
        "Amazon Pay on this machine: no money moves, and nothing leaves it.",
        f"  API    {address.url}",
        f"  look   {address.url}/?token={quote(plan.token)}",
        f"  trust  {address.authority or 'plain http: no certificate'}",
    ]
    if addresses.public_url is not None:
        lines.append(f"  pages  {addresses.public_url}, script /checkout.js")
    keys = ", ".join(
        f"{one.public_key_id} ({' and '.join(sorted(one.environments))}"
        f", {one.region or 'any region'}, merchant {one.merchant_id})"
        for one in plan.merchants
    )
    lines.append(f"  keys   {keys}")
    if plan.private_key is not None:
        lines.append(f"         its private key: {plan.private_key}")
    kept = plan.state.folder if plan.state else arguments.db
    kept = kept or "in memory, gone when you stop; --state DIR keeps it"
    lines.append(f"  state  {kept}")
    lines.append(
        f"  ipn    {arguments.ipn_url or 'none is sent; --ipn-url sends them'}"
    )
    lines += [f"         topic {arn} ({topics[arn]})" for arn in sorted(topics)]
    needed = "every control call" if addresses.is_open else "control calls of a page"
    lines.append(f"  token  {plan.token}, for {needed}")
    rules = [
        f"profile {arguments.profile}",
        f"stored answers {arguments.stored_answers}",
    ]
    rules += [f"headroom {arguments.headroom}"] if arguments.headroom > 1 else []
    rules += ["throttling"] if arguments.throttling else []
    rules += [f"observed {arguments.observed}"] if arguments.observed else []
    lines.append(f"  rules  {', '.join(rules)}; --seed {plan.seed} repeats this run")
    return "\n".join([*lines, "Ready. Stop with Ctrl-C."])


def _as_json(plan: Plan) -> str:
    address, key = plan.address, plan.private_key
    keys = [
        {
            "public_key_id": one.public_key_id,
            "environments": sorted(one.environments),
            "region": one.region,
        }
        for one in plan.merchants
    ]
    return json.dumps(
        {
            "ready": True,
            "url": address.url,
            "authority": address.authority and str(address.authority),
            "keys": keys,
            "private_key": key and str(key),
            "console": f"{address.url}/?token={quote(plan.token)}",
            "token": plan.token,
            "profile": plan.arguments.profile,
            "seed": plan.seed,
        }
    )
