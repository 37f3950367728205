"""`python examples/store`: the shop beside a simulator, as the environment says.

`make store` starts both. For Amazon's own sandbox and for live, `docs/store.md` tells
what takes the place of `verifier_for` here.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import sqlalchemy as sa
import uvicorn
from books import Shop
from pages import Pages

from AmazonPay import Client
from AmazonPay.testing import verifier_for


def main() -> None:
    """Serve until stopped."""
    url, file = os.environ["STORE_URL"], os.environ["STORE_DB"]
    simulator = os.environ["AMAZON_PAY_ENDPOINT_URL"]
    topic = os.environ["STORE_TOPIC"]
    engine = sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": 30})
    with Client.from_env() as client:
        shop = Shop(client, engine, os.environ["STORE_MERCHANT_ID"])
        pages = Pages(shop, url, os.environ["STORE_OFFICE_KEY"], simulator)
        app = pages.app(verifier_for(simulator, allowed_topics=[topic]))
        port = urlsplit(url).port or 80
        uvicorn.run(
            *(app,),
            port=port,
            log_level="warning",
            timeout_graceful_shutdown=2,
            proxy_headers=False,
        )


if __name__ == "__main__":
    main()
