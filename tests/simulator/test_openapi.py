"""The served document: complete, valid, and what the simulator really answers."""

from __future__ import annotations

import json
import os
import re
import tomllib
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx2
import pytest
import schemathesis
from httpx2 import MockTransport
from hypothesis import HealthCheck, settings
from requests import PreparedRequest, Request, Response
from requests.adapters import HTTPAdapter
from schemathesis import checks
from schemathesis.config import SchemathesisConfig
from urllib3 import HTTPResponse

from AmazonPay import Client, _signing
from AmazonPay._core.operation import operations_of
from AmazonPay.resources import Operations
from AmazonPay.simulator import Request as Came
from AmazonPay.simulator import Settings, Simulator, merchant
from AmazonPay.simulator.actors.control_api import ACTIONS
from AmazonPay.simulator.actors.world_api import ROUTES
from AmazonPay.simulator.wire.openapi import document
from keys import KEY
from reference.operations import OPERATIONS
from signing import authorization

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
SIMULATOR = Simulator(
    [merchant("SANDBOX-A", KEY.public_key())],
    settings=Settings(every_report_in_sandbox=True, report_settles_after=timedelta(0)),
)
ORIGIN = "https://localhost"
KEY_HEADER = "x-amz-pay-idempotency-key"
NUMBERS = count()

ALL_CHECKS: Any = list(HealthCheck)
CONFORMANCE: Any = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]

# A request is made anew by this test and signed; these are not the generator's to say.
OURS = {"authorization", "x-amz-pay-date", "host"}


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _body(prepared: PreparedRequest) -> bytes:
    body: Any = prepared.body or b""
    return body.encode() if isinstance(body, str) else bytes(body)


def handled(prepared: PreparedRequest) -> Response:
    """Let the simulator answer a prepared request."""
    headers = tuple((name, _text(value)) for name, value in prepared.headers.items())
    given = SIMULATOR.handle(
        Came(str(prepared.method), prepared.path_url, headers, _body(prepared))
    )
    raw_answer = HTTPResponse(
        BytesIO(given.body),
        headers=dict(given.headers),
        status=given.status,
        preload_content=False,
    )
    return HTTPAdapter().build_response(prepared, raw_answer)


def signed(prepared: PreparedRequest) -> PreparedRequest:
    """Sign a generated request, as a client would."""
    for name in OURS & {name.lower() for name in prepared.headers}:
        del prepared.headers[name]
    date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    prepared.headers["x-amz-pay-date"] = date
    path, _, query = prepared.path_url.partition("?")
    prepared.headers["authorization"] = authorization(
        _signing.rsa_signer(KEY, _signing.V2),
        _signing.V2,
        "SANDBOX-A",
        str(prepared.method),
        _signing.canonical_path(path),
        _signing.canonical_query_of(query),
        [("x-amz-pay-date", date)],
        _body(prepared),
    )
    return prepared


def fresh() -> str:
    """Make a key, or a reference, that nobody has used."""
    return f"n{next(NUMBERS)}"


def post(path: str, body: object, **headers: str) -> dict[str, Any]:
    """Make an object that generated requests can name."""
    request = Request(
        "POST",
        f"{ORIGIN}/v2{path}",
        headers={KEY_HEADER: fresh(), **headers},
        data=json.dumps(body),
    )
    response = handled(signed(request.prepare()))
    assert response.ok, response.text
    answered: dict[str, Any] = response.json()
    return answered


AMOUNT = {"amount": "10.00", "currencyCode": "USD"}
WEB = dict.fromkeys(
    ("checkoutReviewReturnUrl", "checkoutResultReturnUrl"), "https://localhost/r"
)
REPORT = "_GET_FLAT_FILE_OFFAMAZONPAYMENTS_ORDER_REFERENCE_DATA_"
IN_JAPAN = {"x-amz-pay-region": "jp"}


def session(intent: str = "Authorize") -> str:
    details = {"paymentIntent": intent, "chargeAmount": AMOUNT}
    body = {
        "webCheckoutDetails": WEB,
        "storeId": "amzn1.application-oa2-client.0123",
        "paymentDetails": details,
    }
    return str(post("/checkoutSessions", body)["checkoutSessionId"])


def paid_session(intent: str = "Authorize") -> str:
    id_ = session(intent)
    SIMULATOR.choose(id_)
    SIMULATOR.pay(id_)
    return id_


def bought(what: str, intent: str = "Authorize") -> str:
    path = f"/checkoutSessions/{paid_session(intent)}/complete"
    return str(post(path, {"chargeAmount": AMOUNT})[what])


def captured() -> str:
    charge = bought("chargeId")
    post(f"/charges/{charge}/capture", {"captureAmount": AMOUNT})
    return charge


def refund() -> str:
    body = {"chargeId": captured(), "refundAmount": AMOUNT}
    return str(post("/refunds", body)["refundId"])


def report() -> str:
    bought("chargeId")
    return str(post("/reports", {"reportType": REPORT, **TIMES})["reportId"])


def document_of_a_report() -> str:
    with Client("SANDBOX-A", KEY, "us", transport=MockTransport(answered)) as client:
        return str(client.get_report(report()).json()["reportDocumentId"])


def answered(sent: httpx2.Request) -> httpx2.Response:
    headers = tuple(sent.headers.multi_items())
    target = sent.url.raw_path.decode()
    given = SIMULATOR.handle(Came(sent.method, target, headers, sent.content))
    return httpx2.Response(given.status, content=given.body)


def schedule() -> str:
    body = {
        "reportType": REPORT,
        "scheduleFrequency": "P1D",
        "deleteExistingSchedule": True,
    }
    return str(post("/report-schedules", body)["reportScheduleId"])


def dispute() -> str:
    return str(SIMULATOR.file_chargeback(captured())["disputeId"])


def account() -> str:
    reference = fresh()
    body = {
        "uniqueReferenceId": reference,
        "ledgerCurrency": "JPY",
        "businessInfo": {},
    }
    id_ = str(post("/merchantAccounts", body, **IN_JAPAN)["merchantAccountId"])
    EXISTING["claimed_reference"] = reference
    return id_


def token() -> dict[str, str]:
    id_ = existing("merchant_account_id")
    return IN_JAPAN | {"x-amz-pay-authtoken": SIMULATOR.authorize("SANDBOX-A", id_)}


def store() -> str:
    path = f"/merchantAccounts/{existing('merchant_account_id')}/stores"
    return str(post(path, {}, **token())["storeId"])


def scanned() -> str:
    body = {
        "scanData": "x",
        "scanReferenceId": fresh(),
        "merchantCOE": "US",
        "ledgerCurrency": "USD",
    }
    return str(post("/in-store/merchantScan", body)["chargePermissionId"])


def charged_at_the_till() -> str:
    body = {
        "chargePermissionId": scanned(),
        "chargeReferenceId": fresh(),
        "chargeTotal": AMOUNT,
    }
    return str(post("/in-store/charge", body)["chargeId"])


def uploaded() -> str:
    file = post("/files", {"type": "png", "purpose": "disputeEvidence"})
    target = file["url"].removeprefix(ORIGIN)
    sent = Came("PUT", target, (("content-type", "image/png"),), b"\x89PNG")
    assert SIMULATOR.handle(sent).status == 200
    return str(file["id"])


# How to make what a path names, and a body.
MAKERS: dict[str, Callable[[], str]] = {
    "checkout_session_id": session,
    "paid_session_id": paid_session,
    "charge_permission_id": lambda: bought("chargePermissionId"),
    "chargeable_permission": lambda: bought("chargePermissionId", "Confirm"),
    "charge_id": lambda: bought("chargeId"),
    "captured_charge": captured,
    "refund_id": refund,
    "buyer_token": lambda: quote(SIMULATOR.sign_in("SANDBOX-A"), safe=""),
    "report_id": report,
    "report_document_id": document_of_a_report,
    "report_schedule_id": schedule,
    "dispute_id": dispute,
    "merchant_account_id": account,
    "store_id": store,
    "scanned_permission": scanned,
    "charge_at_the_till": charged_at_the_till,
    "fileId": uploaded,
    "trackingNumber": fresh,
    "uniqueReferenceId": fresh,
    "scanReferenceId": fresh,
    "chargeReferenceId": fresh,
    "refundReferenceId": fresh,
}
EXISTING: dict[str, str] = {}

# Where a name means something else: the end of the path, the name, and what is meant.
MEANT = {
    ("/complete", "checkout_session_id"): "paid_session_id",
    ("/finalize", "checkout_session_id"): "paid_session_id",
    ("/in-store/charge", "chargePermissionId"): "scanned_permission",
    ("/in-store/refund", "chargeId"): "charge_at_the_till",
    ("/charges", "chargePermissionId"): "chargeable_permission",
    ("/deliveryTrackers", "chargePermissionId"): "charge_permission_id",
    ("/refunds", "chargeId"): "captured_charge",
    ("/disputes", "chargeId"): "captured_charge",
    ("/claim", "uniqueReferenceId"): "claimed_reference",
}

# What goes in the place of any well-formed value, and what else would never be taken.
TIMES = {"startTime": "20260101T000000Z", "endTime": "21000101T000000Z"}
FIT = {
    **TIMES,
    "carrierCode": "UPS",
    "merchantAccounts ledgerCurrency": "JPY",
    "merchantScan ledgerCurrency": "USD",
}
TOO_MUCH = {
    "/deliveryTrackers": "amazonOrderReferenceId",
    "/complete": "totalOrderAmount",
    "/reports": "nextToken",
    "/disbursements": "nextToken",
}


def existing(name: str) -> str:
    """Find an object of that name, or make one."""
    if name not in EXISTING:
        EXISTING[name] = MAKERS[name]()
    return EXISTING[name]


def meant(path: str, name: str) -> str:
    for (end, of), kept in MEANT.items():
        if of == name and path.endswith(end):
            return kept
    return name


def filled(path: str, name: str, value: Any) -> Any:
    """Put what exists in the place of a well-formed value, however deep it stands."""
    kept = meant(path, name)
    if isinstance(value, str) and value and kept in MAKERS.keys() | EXISTING.keys():
        return existing(kept)
    fit = FIT.get(f"{path.rpartition('/')[2]} {name}") or FIT.get(name)
    if fit and isinstance(value, str) and re.fullmatch("[A-Z0-9_]+", value):
        return fit
    if isinstance(value, list):
        return [filled(path, name, item) for item in value]
    if isinstance(value, dict):
        if re.fullmatch("[A-Z]{3}", str(value.get("currencyCode"))):
            return AMOUNT
        return {n: filled(path, n, item) for n, item in value.items()}
    return value


def placed(case: Any) -> dict[str, str]:
    """Let a generated request name what exists; give the headers that it needs."""
    case.path_parameters = filled(case.path, "", case.path_parameters or {})
    case.body = filled(case.path, "", case.body)
    case.query = filled(case.path, "", case.query or {})
    for end, name in TOO_MUCH.items():
        for part in (case.body, case.query):
            if case.path.endswith(end) and isinstance(part, dict) and len(part) > 1:
                part.pop(name, None)
    key = (case.headers or {}).get(KEY_HEADER, "")
    if re.fullmatch("[A-Za-z0-9_-]{1,32}", key):
        case.headers[KEY_HEADER] = fresh()  # a good key would soon be a used one
    if not case.path.startswith("/merchantAccounts"):
        return {}
    own = case.path == "/merchantAccounts" or case.method == "DELETE"
    return IN_JAPAN if own else token()


def used(case: Any) -> set[str]:
    """Tell what a request named."""
    body = case.body if isinstance(case.body, dict) else {}
    names = {*(case.path_parameters or {}), *body}
    return {meant(case.path, name) for name in names}


# The long version also asks with every edge case of each member: `make soak`.
SOAK = int(os.environ.get("HYPOTHESIS_EXAMPLES", "0"))
SCHEMA = schemathesis.openapi.from_dict(
    document(),
    config=SchemathesisConfig.from_dict(
        {"phases": {"coverage": {"enabled": SOAK > 0}}}
    ),
)


@pytest.fixture(scope="module")
def names() -> set[str]:
    return set(operations_of(Operations))


def test_every_operation_has_an_endpoint(names: set[str]) -> None:
    endpoints = [
        e for methods in document()["paths"].values() for e in methods.values()
    ]
    ids = [endpoint["operationId"] for endpoint in endpoints]
    assert len(ids) == len({(row.method, row.path) for row in OPERATIONS})
    assert {name for one in ids for name in one.split("_or_")} == names


def test_two_names_of_one_path_share_it_by_any_of() -> None:
    endpoint = document()["paths"]["/merchantAccounts"]["post"]
    assert endpoint["operationId"] == (
        "register_amazon_pay_account_or_create_merchant_account"
    )


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(document())
    known = {f"#/components/schemas/{n}" for n in document()["components"]["schemas"]}
    assert set(re.findall(r'"\$ref": "([^"]+)"', text)) <= known


def test_the_simulator_serves_it() -> None:
    given = SIMULATOR.handle(Came("GET", "/openapi.json"))
    assert given.status == 200
    served = json.loads(given.body)
    assert served["paths"].items() >= document()["paths"].items()
    assert served["components"]["schemas"] == document()["components"]["schemas"]


def test_the_served_document_has_every_control_call() -> None:
    served = json.loads(SIMULATOR.handle(Came("GET", "/openapi.json")).body)
    listed = {
        (method.upper(), path)
        for path, item in served["paths"].items()
        for method in item.keys() & {"get", "post", "put", "patch", "delete"}
        if path.startswith("/_simulator/")
    }
    assert listed == {
        *((method, f"/_simulator/{noun}") for method, noun in ROUTES),
        *(
            (
                "POST",
                f"/_simulator/{noun}/{{id}}/{act}" if act else f"/_simulator/{noun}",
            )
            for noun, act in ACTIONS
        ),
    }
    names = [
        call["operationId"]
        for item in served["paths"].values()
        for call in item.values()
        if isinstance(call, dict)
    ]
    assert len(names) == len(set(names))
    schemathesis.openapi.from_dict(served)


def test_its_version_is_the_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert document()["info"]["version"] == project["version"]


@pytest.mark.exhaustive
@pytest.mark.slow
@SCHEMA.parametrize()  # pyright: ignore[reportUntypedFunctionDecorator] # theirs
@settings(max_examples=SOAK or 5, deadline=None, suppress_health_check=ALL_CHECKS)
def test_no_answer_is_undocumented(case: Any) -> None:
    headers = placed(case)
    arguments = case.as_transport_kwargs(base_url=f"{ORIGIN}/v2", headers=headers)
    arguments.pop("cookies", None)
    response = handled(signed(Request(**arguments).prepare()))
    assert response.status_code < 500, response.text
    if response.ok and case.method != "GET":
        for name in used(case):  # it may be used up
            EXISTING.pop(name, None)
    case.validate_response(response, checks=CONFORMANCE)
