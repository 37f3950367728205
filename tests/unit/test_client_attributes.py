"""What of a client can be read, what can be set, and what a test can replace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx2
import pytest

from AmazonPay import AsyncClient, Client
from keys import KEY

if TYPE_CHECKING:
    from collections.abc import Callable


def answered(request: httpx2.Request) -> httpx2.Response:
    del request
    return httpx2.Response(200, json={})


def client(kind: Callable[..., Any] = Client) -> Any:
    transport = httpx2.MockTransport(answered)
    keys = [("SANDBOX-A", KEY), ("SANDBOX-B", KEY)]
    return kind(keys=keys, region="uk", transport=transport)


def view(kind: Callable[..., Any] = Client) -> Any:
    return client(kind).with_options(timeout=3.0)


kinds = pytest.mark.parametrize("kind", [Client, AsyncClient])
both = pytest.mark.parametrize("made", [client, view])


@kinds
@both
def test_a_client_says_who_it_is_and_where_it_talks_to(kind: Any, made: Any) -> None:
    one = made(kind)
    assert one.public_key_id == "SANDBOX-A"
    assert one.public_key_ids == ("SANDBOX-A", "SANDBOX-B")
    assert one.algorithm == "AMZN-PAY-RSASSA-PSS"
    assert (one.region, one.sandbox) == ("eu", True)


@kinds
def test_a_view_with_another_key_names_that_key(kind: Any) -> None:
    other = client(kind).with_options(public_key_id="SANDBOX-B")
    assert other.public_key_id == "SANDBOX-B"


@kinds
@both
@pytest.mark.parametrize(
    "name", ["timeout", "sandbox", "region", "retry", "no_such_name", "_calls"]
)
def test_an_attribute_that_would_change_nothing_cannot_be_set(
    kind: Any, made: Any, name: str
) -> None:
    with pytest.raises(AttributeError, match=f"{kind.__name__}.{name} cannot be set"):
        setattr(made(kind), name, 5)


@kinds
@both
@pytest.mark.parametrize("name", ["get_charge", "wait_for_charge", "request", "send"])
def test_a_test_can_replace_a_public_method_and_put_it_back(
    kind: Any, made: Any, name: str
) -> None:
    one = made(kind)
    with patch.object(one, name, lambda *_: "patched"):
        assert getattr(one, name)("S01") == "patched"
    assert getattr(one, name) != "patched"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(one, name, lambda *_: "set")
        assert getattr(one, name)("S01") == "set"
    assert getattr(one, name).__name__ == name


@kinds
def test_a_subclass_has_attributes_of_its_own_and_so_have_its_views(kind: Any) -> None:
    class Ours(kind):  # type: ignore[misc] # one of the two clients
        shop = "none"

    one = client(Ours)
    one.shop, one.note = "Bio", "new"
    seen = one.with_options(timeout=3.0)
    assert (seen.shop, seen.note) == ("Bio", "new")
