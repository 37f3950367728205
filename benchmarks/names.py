"""The names of what is measured, as the page shows them."""

from __future__ import annotations

OURS = ("Client", "AsyncClient")
FLOORS = ("floor", "async floor")
PEER = "AmazonPayClient 2.0.1"
PEER_AS_USED = "AmazonPayClient 2.0.1 with its own authorities"
NODE = "Node.js SDK"
COMPARED = (*FLOORS, *OURS, PEER, PEER_AS_USED, NODE)

LIBRARIES = "httpx2 and cryptography"
"""The least that any client over these libraries imports before its first call."""

BARE_PYTHON = "click and uvicorn: a bare Python that imports them"
HELP = "amazonpay --help"
SIMULATE = "amazonpay simulate"

BOUGHT = "a purchase"
FIRST_BOUGHT = "the first purchase of a process"
