"""What a view allows, and two views of one object made into one."""

from __future__ import annotations

import copy
import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from AmazonPay import AsyncClient, Client, InvalidRequest, allowed_actions, merge
from AmazonPay.lifecycles import LIFE_CYCLES
from AmazonPay.objects import kind_of, rank, state_of
from reference.actions import ALLOWED, CLOSED_ONE_TIME
from simulated import Shop

IDS = {
    "checkoutSession": {
        "checkoutSessionId": "1",
        "chargePermissionId": "S01",
        "chargeId": "S01-C1",
    },
    "chargePermission": {"chargePermissionId": "S01"},
    "charge": {"chargeId": "S01-C1", "chargePermissionId": "S01"},
    "refund": {"refundId": "S01-R1", "chargeId": "S01-C1"},
}


def view(kind: str, state: str, time: str = "1", **more: Any) -> dict[str, Any]:
    details = {"state": state, "reasonCode": None, "lastUpdatedTimestamp": time}
    return {**IDS[kind], "statusDetails": details, **more}


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currencyCode": "USD"}


# What a state allows ------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "state"), list(ALLOWED))
def test_a_state_allows_what_the_reference_says(kind: str, state: str) -> None:
    assert allowed_actions(view(kind, state)) == set(ALLOWED[kind, state])


def test_the_reference_names_every_state() -> None:
    kinds = {kind for kind, _ in ALLOWED}
    known = {
        (k, arrow.to) for k in LIFE_CYCLES if k in kinds for arrow in LIFE_CYCLES[k]
    }
    assert known == set(ALLOWED)


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_every_action_is_a_method_of_both_clients(client: type) -> None:
    names = set(itertools.chain(*ALLOWED.values()))
    assert all(callable(getattr(client, name)) for name in names)


@pytest.mark.parametrize("state", ["Teleported", ""])
@pytest.mark.parametrize("kind", list(IDS))
def test_an_unknown_state_allows_only_to_look(kind: str, state: str) -> None:
    (action,) = allowed_actions(view(kind, state))
    assert action.startswith("get_")


def test_a_view_without_a_state_allows_only_to_look() -> None:
    for details in (None, {}, {"state": None}, "Captured"):
        charge = {**IDS["charge"], "statusDetails": details}
        assert allowed_actions(charge) == {"get_charge"}


@pytest.mark.parametrize(("type_", "metadata", "updates"), CLOSED_ONE_TIME)
def test_a_closed_permission_takes_what_is_still_empty(
    type_: str, metadata: dict[str, Any] | None, updates: bool
) -> None:
    permission = view(
        "chargePermission",
        "Closed",
        chargePermissionType=type_,
        merchantMetadata=metadata,
    )
    assert ("update_charge_permission" in allowed_actions(permission)) is updates


def test_what_is_no_object_of_these_is_refused() -> None:
    for other in ({}, {"disputeId": "1"}, {"chargeId": None}):
        with pytest.raises(InvalidRequest, match="no Checkout Session"):
            allowed_actions(other)


# The answers of a whole purchase ------------------------------------------------------


def test_the_simulators_objects_are_told_apart() -> None:
    shop = Shop()
    purchase = shop.buy("50", "AuthorizeWithCapture")
    paths = {
        f"/checkoutSessions/{purchase.session}": "checkoutSession",
        f"/chargePermissions/{purchase.permission}": "chargePermission",
        f"/charges/{purchase.charge}": "charge",
    }
    assert {kind_of(shop.get(path).json): kind for path, kind in paths.items()} == {
        kind: kind for kind in paths.values()
    }
    assert kind_of(shop.refund(purchase.charge, "1").json) == "refund"


def test_completes_answer_takes_nothing_away_from_the_session() -> None:
    shop = Shop()
    session = shop.paid()
    before = shop.get(f"/checkoutSessions/{session}").json
    after = shop.complete(session).json
    merged = merge(before, after)
    assert merged["chargeId"] == after["chargeId"]
    assert merged["statusDetails"] == after["statusDetails"]
    kept = {"buyer", "shippingAddress", "paymentDetails", "paymentPreferences"}
    assert all(merged[name] == before[name] for name in kept)


def test_buyer_data_that_turned_null_stays() -> None:
    shop = Shop()
    path = f"/chargePermissions/{shop.buy().permission}"
    before = shop.get(path).json
    shop.clock.move(days=31)
    after = shop.get(path).json
    assert after["shippingAddress"] is None
    merged = merge(before, after)
    kept = {"buyer", "shippingAddress", "paymentPreferences"}
    assert all(merged[name] == before[name] for name in kept)
    assert merged["statusDetails"] == after["statusDetails"]


# Which view is newer ------------------------------------------------------------------


def test_the_later_time_counts_whatever_came_last() -> None:
    held, taken = view("charge", "Authorized", "1"), view("charge", "Captured", "2")
    assert state_of(merge(held, taken)) == state_of(merge(taken, held)) == "Captured"


def test_at_equal_times_a_charge_is_where_it_is_further() -> None:
    states = ["AuthorizationInitiated", "Authorized", "CaptureInitiated"]
    for early, late in itertools.combinations([*states, "Captured"], 2):
        a, b = view("charge", early), view("charge", late)
        assert state_of(merge(a, b)) == state_of(merge(b, a)) == late


def test_a_final_state_is_further_than_any_other() -> None:
    for last in ("Captured", "Canceled", "Declined"):
        assert rank("charge", last) > rank("charge", "CaptureInitiated")
    assert rank("refund", "Declined") > rank("refund", "RefundInitiated")
    assert rank("charge", "Teleported") > rank("charge", "Captured")


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        ("charge", ["AuthorizationInitiated", "Authorized", "CaptureInitiated"]),
        ("refund", ["RefundInitiated", "Refunded"]),
        ("checkoutSession", ["Open", "Completed"]),
    ],
)
def test_a_life_is_ranked_step_by_step(kind: Any, states: list[str]) -> None:
    ranks = [rank(kind, state) for state in (*states, "StateOfTheFuture")]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)


@pytest.mark.parametrize("value", ["", "0", "a", "z"])
def test_of_two_open_sessions_the_later_fetched_counts(value: str) -> None:
    old = view("checkoutSession", "Open", storeId="m")
    new = view("checkoutSession", "Open", storeId=value)
    assert merge(old, new)["storeId"] == value


def test_nothing_tells_which_of_two_charges_is_newer() -> None:
    one = view("charge", "Authorized", softDescriptor=Decimal("1.5"))
    other = view("charge", "Authorized", softDescriptor="B")
    assert merge(one, other) == merge(other, one)


def test_equal_sums_of_refunds_are_the_newer_views() -> None:
    old = view("charge", "Captured", "1", refundedAmount=usd("1.00"))
    new = view("charge", "Captured", "2", refundedAmount=usd("1.0"))
    for merged in (merge(old, new), merge(new, old)):
        assert merged["refundedAmount"] == usd("1.0")


def test_a_session_does_not_open_again() -> None:
    done, stale = view("checkoutSession", "Completed"), view("checkoutSession", "Open")
    assert state_of(merge(done, stale)) == "Completed"


def test_an_update_within_the_same_second_counts() -> None:
    first = view("checkoutSession", "Open", paymentDetails={"chargeAmount": usd("1")})
    later = view("checkoutSession", "Open", paymentDetails={"chargeAmount": usd("2")})
    assert merge(first, later)["paymentDetails"]["chargeAmount"] == usd("2")


def test_a_permission_goes_back_to_chargeable_within_the_same_second() -> None:
    busy = view("chargePermission", "NonChargeable")
    busy["statusDetails"]["reasons"] = [{"reasonCode": "ChargeInProgress"}]
    free = view("chargePermission", "Chargeable")
    free["statusDetails"]["reasons"] = None
    assert merge(busy, free)["statusDetails"] == free["statusDetails"]
    assert merge(free, busy)["statusDetails"] == busy["statusDetails"]


def test_a_view_without_a_time_is_the_older_one() -> None:
    bare = {**IDS["charge"], "statusDetails": {"state": "Captured"}}
    held = view("charge", "Authorized")
    assert state_of(merge(held, bare)) == "Authorized"


# Member by member ---------------------------------------------------------------------


def test_a_null_never_overwrites() -> None:
    old = view("charge", "Captured", "1", softDescriptor="AMZ*Shop", channel=None)
    new = view("charge", "Captured", "2", softDescriptor=None, channel="Web")
    merged = merge(old, new)
    assert (merged["softDescriptor"], merged["channel"]) == ("AMZ*Shop", "Web")


def test_a_member_that_only_one_view_has_stays() -> None:
    old = view("charge", "Captured", "1", paymentMethod="x")
    new = view("charge", "Captured", "2", disbursementDetails="y")
    assert merge(old, new)["paymentMethod"] == "x"
    assert merge(old, new)["disbursementDetails"] == "y"


def test_nested_members_are_merged_one_by_one() -> None:
    old = view("charge", "Captured", "1", merchantMetadata={"a": "1", "b": "1"})
    new = view("charge", "Captured", "2", merchantMetadata={"a": None, "b": "2"})
    assert merge(old, new)["merchantMetadata"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize("name", ["shippingAddress", "billingAddress", "buyer"])
def test_a_new_address_keeps_no_line_of_the_old_one(name: str) -> None:
    old = view(
        "checkoutSession", "Open", "1", **{name: {"one": "A 1", "two": "Flat 4"}}
    )
    new = view("checkoutSession", "Open", "2", **{name: {"one": "B 2", "two": None}})
    assert merge(old, new)[name] == {"one": "B 2", "two": None}
    thinned = view("checkoutSession", "Open", "3", **{name: {"one": None, "two": None}})
    assert merge(old, thinned)[name] == {"one": "A 1", "two": "Flat 4"}


def test_lists_are_merged_element_by_element_if_they_can_be() -> None:
    def preferences(*texts: str | None) -> dict[str, Any]:
        found = [None if text is None else {"text": text} for text in texts]
        return view("chargePermission", "Chargeable", paymentPreferences=found)

    def merged(old: dict[str, Any], new: dict[str, Any]) -> list[Any]:
        found: list[Any] = merge(old, new)["paymentPreferences"]
        return found

    assert merged(preferences("a"), preferences(None)) == [{"text": "a"}]
    assert merged(preferences("a"), preferences("b")) == [{"text": "b"}]
    assert merged(preferences("a"), preferences("a", "b")) == [
        {"text": "a"},
        {"text": "b"},
    ]
    assert merged(preferences("a"), preferences()) == []


def test_addresses_of_a_list_are_one_value_each() -> None:
    old = view("checkoutSession", "Open", "1", list=[{"id": "a", "lines": ["1", "2"]}])
    other = view("checkoutSession", "Open", "2", list=[{"id": "a", "lines": ["1"]}])
    assert merge(old, other)["list"] == other["list"]
    same = view(
        "checkoutSession", "Open", "2", list=[{"id": "a", "lines": [None, "2"]}]
    )
    assert merge(old, same)["list"] == old["list"]


def test_a_charge_that_is_further_is_newer_in_all_its_members() -> None:
    old = view("charge", "Authorized", softDescriptor="b")
    new = view("charge", "Captured", softDescriptor="a")
    for merged in (merge(old, new), merge(new, old)):
        assert (state_of(merged), merged["softDescriptor"]) == ("Captured", "a")


def test_elements_of_a_list_are_not_mixed() -> None:
    old = view("charge", "Captured", "1", parts=[{"a": 1, "b": 2}])
    new = view("charge", "Captured", "2", parts=[{"a": 9, "c": 3}])
    assert merge(old, new)["parts"] == [{"a": 9, "c": 3}]
    # What contradicts nothing is completed.
    new = view("charge", "Captured", "2", parts=[{"a": 1, "c": 3}])
    assert merge(old, new)["parts"] == [{"a": 1, "b": 2, "c": 3}]


def test_an_address_with_another_list_in_it_is_another_address() -> None:
    old = view("charge", "Captured", "1", buyer={"lines": ["A", "B"], "city": "C"})
    new = view("charge", "Captured", "2", buyer={"lines": ["A", "X"], "city": None})
    assert merge(old, new)["buyer"] == {"lines": ["A", "X"], "city": None}
    new = view("charge", "Captured", "2", buyer={"lines": ["A", None], "city": None})
    assert merge(old, new)["buyer"] == {"lines": ["A", "B"], "city": "C"}


@pytest.mark.parametrize("other", ["ab", {"a": 1, "b": 2}, ["a"], ["a", "b", "c"]])
def test_a_list_is_not_mixed_with_anything_else(other: object) -> None:
    old = view("charge", "Captured", "1", parts=other)
    new = view("charge", "Captured", "2", parts=[None, "y"])
    assert merge(old, new)["parts"] == [None, "y"]
    older = view("charge", "Captured", "0", parts=[None, "y"])
    assert merge(older, old)["parts"] == other


def test_a_price_is_one_value() -> None:
    old = view("charge", "Captured", "1", captureAmount=usd("1.00"))
    yen = {"amount": None, "currencyCode": "JPY"}
    new = view("charge", "Captured", "2", captureAmount=yen)
    assert merge(old, new)["captureAmount"] == yen


@pytest.mark.parametrize("times", [("1", "2"), ("1", "1")])
def test_the_greater_sum_of_refunds_counts(times: tuple[str, str]) -> None:
    more = view("charge", "Captured", times[0], refundedAmount=usd("10.00"))
    less = view("charge", "Captured", times[1], refundedAmount=usd("9.00"))
    assert merge(more, less)["refundedAmount"] == usd("10.00")
    assert merge(less, more)["refundedAmount"] == usd("10.00")
    none = view("charge", "Captured", times[1], refundedAmount=None)
    assert merge(more, none)["refundedAmount"] == usd("10.00")


def test_sums_of_two_currencies_are_not_compared() -> None:
    old = view("charge", "Captured", "1", refundedAmount=usd("10.00"))
    yen = {"amount": "1", "currencyCode": "JPY"}
    new = view("charge", "Captured", "2", refundedAmount=yen)
    assert merge(old, new)["refundedAmount"] == yen


def test_views_of_two_objects_are_not_merged() -> None:
    charge = view("charge", "Captured")
    for other in (view("refund", "Refunded"), {**charge, "chargeId": "S01-C2"}):
        with pytest.raises(InvalidRequest, match="one object"):
            merge(charge, other)


# Properties ---------------------------------------------------------------------------

STATES = {
    kind: [*sorted({arrow.to for arrow in LIFE_CYCLES[kind]}), "Teleported"]
    for kind in ("charge", "refund", "checkoutSession", "chargePermission")
}

leaves = st.none() | st.integers(0, 3) | st.text("ab", max_size=2)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from("pqr"), inner, max_size=3)
    ),
    max_leaves=5,
)
prices = st.none() | st.builds(
    lambda cents: usd(str(Decimal(cents) / 100)), st.integers(0, 3)
)


@st.composite
def views(draw: st.DrawFn, *kinds: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(kinds))
    more = draw(st.dictionaries(st.sampled_from(["buyer", "x", "y"]), values))
    if kind == "charge":
        more["refundedAmount"] = draw(prices)
    state = draw(st.sampled_from(STATES[kind]))
    return view(kind, state, draw(st.sampled_from("12")), **more)


def pairs(*kinds: str) -> st.SearchStrategy[tuple[dict[str, Any], dict[str, Any]]]:
    return st.sampled_from(kinds).flatmap(lambda k: st.tuples(views(k), views(k)))


@given(views(*STATES))
def test_a_view_merged_with_itself_is_itself(one: dict[str, Any]) -> None:
    assert merge(one, copy.deepcopy(one)) == one


@given(pairs(*STATES))
def test_neither_view_is_changed(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    before = copy.deepcopy(both)
    merge(*both)
    assert both == before


@given(pairs("charge", "refund"))
def test_the_order_of_two_views_makes_no_difference(
    both: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    old, new = both
    assert merge(old, new) == merge(new, old)


@given(pairs(*STATES))
def test_a_repeated_view_changes_nothing_more(
    both: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    old, new = both
    merged = merge(old, new)
    assert merge(merged, new) == merged


def non_null(value: object, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """List where something stands, outside of what is one value."""
    if value is None:
        return set()
    if isinstance(value, dict) and path[-1:] not in {("statusDetails",), ("buyer",)}:
        return {path} | {
            place
            for name, member in value.items()
            for place in non_null(member, (*path, str(name)))
        }
    return {path}


def at(view: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(view, dict):
            return ...  # something else stands where the member was
        view = view.get(name)
    return view


@given(pairs(*STATES))
def test_no_value_is_ever_lost(
    both: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    merged = merge(*both)
    for one in both:
        for path in non_null(one):
            assert at(merged, path) is not None, path


@given(pairs("charge", "refund", "checkoutSession"))
def test_at_equal_times_no_life_goes_back(
    both: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    for one in both:
        one["statusDetails"]["lastUpdatedTimestamp"] = "1"
    kind = kind_of(both[0])
    ranks = [rank(kind, state_of(one)) for one in both]
    assert rank(kind, state_of(merge(*both))) == max(ranks)


# A life as it is lived: each step later or in the same second, nulls filled on the way.
LIFE = ["AuthorizationInitiated", "Authorized", "CaptureInitiated", "Captured"]


@st.composite
def lives(draw: st.DrawFn) -> list[dict[str, Any]]:
    seconds = sorted(draw(st.lists(st.sampled_from("123"), min_size=4, max_size=4)))
    seen = []
    for state, second in zip(LIFE, seconds, strict=True):
        taken = usd("5.00") if state == "Captured" else None
        one = view("charge", state, second, captureAmount=taken, channel="Web")
        sums = st.sampled_from(["0.00", "2.00", "5.00"])
        one["refundedAmount"] = usd(draw(sums)) if taken else None
        if draw(st.booleans()):
            one["channel"] = None
        seen.append(one)
    return draw(st.permutations(seen))


@given(lives())
def test_a_life_is_the_same_in_whatever_order_its_views_come(
    seen: list[dict[str, Any]],
) -> None:
    merged = seen[0]
    reached = rank("charge", state_of(merged))
    for one in seen[1:]:
        merged = merge(merged, one)
        assert rank("charge", state_of(merged)) >= reached
        reached = rank("charge", state_of(merged))
    assert state_of(merged) == "Captured"
    assert merged["captureAmount"] == usd("5.00")
    assert merged["refundedAmount"] == max(
        (one["refundedAmount"] for one in seen if one["refundedAmount"]),
        key=lambda price: Decimal(price["amount"]),
    )
    if any(one["channel"] for one in seen):
        assert merged["channel"] == "Web"


# Strange views ------------------------------------------------------------------------

STRANGE: list[Any] = [
    None,
    5,
    "text",
    [],
    ["chargeId"],
    {},
    {"chargeId": None},
    {"chargeId": 5},
    {"chargeId": ["C"]},
]


@pytest.mark.parametrize("strange", STRANGE)
def test_what_is_no_view_is_refused(strange: Any) -> None:
    good = view("charge", "Authorized")
    assert state_of(strange) == "Unknown"
    for refused in (
        lambda: allowed_actions(strange),
        lambda: merge(strange, good),
        lambda: merge(good, strange),
        lambda: merge(strange, strange),
    ):
        with pytest.raises(InvalidRequest):
            refused()


@pytest.mark.parametrize(
    "changes",
    [
        {"statusDetails": None},
        {"statusDetails": []},
        {"statusDetails": "Authorized"},
        {"statusDetails": {"state": []}},
        {"statusDetails": {"state": {}}},
        {"statusDetails": {"state": 5}},
        {"statusDetails": {"state": "\ud800", "lastUpdatedTimestamp": 10**4000}},
        {"statusDetails": {"state": "Authorized", "lastUpdatedTimestamp": [[]]}},
        {"refundedAmount": {"amount": "1", "currencyCode": []}},
        {"refundedAmount": {"amount": {}, "currencyCode": "USD"}},
        {"refundedAmount": [1]},
        {"refundedAmount": "1.00"},
        {"merchantMetadata": [1], "chargePermissionType": {}},
        {"buyer": [[], None, {}], "x": float("nan")},
    ],
)
@pytest.mark.parametrize("kind", ["charge", "chargePermission", "checkoutSession"])
def test_strange_members_are_merged_and_looked_at(
    kind: str, changes: dict[str, Any]
) -> None:
    good = view(kind, "Authorized", refundedAmount=usd("2.00"))
    strange = {**good, **changes}
    assert isinstance(allowed_actions(strange), frozenset)
    for one, other in ((good, strange), (strange, good), (strange, strange)):
        assert isinstance(merge(one, other), dict)


@pytest.mark.parametrize("depth", [5000, 20_000])
@pytest.mark.parametrize("wrap", [lambda x: {"a": x}, lambda x: [x]])
def test_views_that_are_nested_too_deeply_are_refused(wrap: Any, depth: int) -> None:
    def nested(leaf: object) -> object:
        for _ in range(depth):
            leaf = wrap(leaf)
        return leaf

    one = {**view("charge", "Authorized"), "x": nested("1")}
    other = {**view("charge", "Authorized"), "x": nested("2")}
    with pytest.raises(InvalidRequest, match="too deeply"):
        merge(one, other)
