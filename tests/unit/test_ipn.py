"""What a verifier accepts, what it asks Amazon for, and what it tells of refusals."""

from __future__ import annotations

import json
import logging
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from AmazonPay import ConfigurationError, InvalidRequest
from AmazonPay.ipn import (
    NotificationForged,
    NotificationRefused,
    NotificationUnverifiable,
    Verifier,
)
from AmazonPay.ipn._fetch import Certificates
from AmazonPay.testing import Authority, verifier_for
from callers import on_both_loops
from forgeries import (
    CERTIFICATE_URL,
    GENUINE,
    LEAF,
    MERCHANT,
    NOW,
    TOKEN,
    TOPIC,
    body,
    certificate,
    confirmation,
    envelope,
    message,
    sealed,
)
from interruptions import TimeLimit, interrupting

if TYPE_CHECKING:
    from collections.abc import Iterator

CHARGE = "S01-0000000-0000000-C000000"
ELSEWHERE = TOPIC.replace("us-east-1", "eu-west-1")
OTHER_TOPIC = TOPIC + "X"


class Wire:
    """Answers fetches from a script, the last answer again and again."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers or (LEAF,))
        self.asked: list[str] = []

    def __call__(self, url: str) -> bytes:
        """Answer a fetch."""
        self.asked.append(url)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def verifier(wire: Wire | None = None, **options: Any) -> Verifier:
    return Verifier([TOPIC], fetch=wire or Wire(), clock=lambda: NOW, **options)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def renamed(members: dict[str, Any], *names: str) -> dict[str, Any]:
    return {
        name.replace("URL", "Url") if name in names else name: value
        for name, value in members.items()
    }


# What is accepted ---------------------------------------------------------------------


def test_a_notification_has_what_amazon_sent() -> None:
    found = verifier(merchant_id=MERCHANT).verify(body(GENUINE))
    assert (found.object_type, found.object_id) == ("CHARGE", CHARGE)
    assert found.notification_type == "STATE_CHANGE"
    assert found.charge_permission_id == "S01-0000000-0000000"
    assert (found.merchant_id, found.topic_arn) == (MERCHANT, TOPIC)
    assert found.message_id == GENUINE["MessageId"]
    assert found.notification_id == message()["NotificationId"]
    assert found.timestamp == NOW - timedelta(minutes=1)
    assert found.members == message()


@pytest.mark.parametrize(
    "members",
    [
        pytest.param(sealed(envelope(SignatureVersion="2")), id="version 2"),
        pytest.param(sealed(envelope(Subject="Order")), id="a subject"),
        pytest.param(sealed(envelope(Subject="")), id="an empty subject"),
        pytest.param({**GENUINE, "Subject": None}, id="a null subject"),
        pytest.param(renamed(GENUINE, "SigningCertURL"), id="SigningCertUrl"),
        pytest.param(renamed(GENUINE, "UnsubscribeURL"), id="UnsubscribeUrl"),
        pytest.param(dict(reversed(GENUINE.items())), id="another order"),
        pytest.param({**GENUINE, "UnsubscribeURL": "gone"}, id="what is not signed"),
        pytest.param({**GENUINE, "MessageAttributes": {}}, id="attributes"),
        pytest.param(sealed(envelope(message(Later="member"))), id="a later member"),
        pytest.param(sealed(envelope(message(ObjectType="LATER"))), id="a later type"),
        pytest.param(sealed(envelope(message(ChargePermissionId=""))), id="no parent"),
        pytest.param(
            sealed(envelope(json.dumps(message(), indent=1))), id="line feeds inside"
        ),
        pytest.param(
            sealed(envelope(message(Note="\u00e9\u2028\U0001f600"))), id="any letters"
        ),
        pytest.param(
            sealed(envelope({name[0].lower() + name[1:].replace("ID", "Id"): value
                             for name, value in message().items()})),
            id="early names",
        ),
        pytest.param(
            sealed(envelope(Timestamp="2026-02-14T12:00:00.000Z")), id="15 days old"
        ),
    ],
)  # fmt: skip
def test_whatever_amazon_may_send_is_accepted(members: dict[str, Any]) -> None:
    assert verifier().verify(body(members)).merchant_id == MERCHANT


@pytest.mark.parametrize(
    "served",
    [
        pytest.param(certificate(names=None), id="a common name alone"),
        pytest.param(certificate(ca=None), id="without basic constraints"),
        pytest.param(certificate(usage="digital_signature"), id="for signatures"),
        pytest.param(
            certificate(names=("sns-signing.us-east-1.amazonaws.com",)), id="opt-in"
        ),
        pytest.param(b"Amazon\n" + LEAF, id="a text before"),
    ],
)
def test_whatever_certificate_amazon_may_serve_is_accepted(served: bytes) -> None:
    assert verifier(Wire(served)).verify(body(GENUINE))


def test_bytes_are_taken_in_every_form() -> None:
    for form in (bytes, bytearray, memoryview):
        data: Any = form(body(GENUINE))
        assert verifier().verify(data)


@pytest.mark.parametrize("given", ["{}", None, {}, 1])
def test_what_is_no_bytes_is_the_callers_mistake(given: Any) -> None:
    with pytest.raises(InvalidRequest, match="pass the bytes"):
        verifier().verify(given)


@on_both_loops
async def test_it_awaits() -> None:
    found = await verifier().averify(body(GENUINE))
    assert found.object_id == CHARGE


# Refusals -----------------------------------------------------------------------------


def test_the_errors_carry_their_status() -> None:
    assert (NotificationForged.status, NotificationUnverifiable.status) == (403, 503)
    again = pickle.loads(pickle.dumps(NotificationForged("text")))  # noqa: S301 - our own
    assert (type(again), again.status, str(again)) == (NotificationForged, 403, "text")


def test_raw_delivery_is_refused_with_a_word_why() -> None:
    with pytest.raises(NotificationForged, match="raw message delivery"):
        verifier().verify(body(message()))


def test_a_number_beyond_all_floats_is_strange_json() -> None:
    text = json.dumps({**message(), "Note": 0}).replace('"Note": 0', '"Note": 1e999')
    with pytest.raises(NotificationForged, match="strange JSON"):
        verifier().verify(body(sealed(envelope(text))))


def test_another_merchants_notification_is_refused() -> None:
    with pytest.raises(NotificationForged, match="another merchant"):
        verifier(merchant_id="A2EXAMPLE").verify(body(GENUINE))


def test_the_age_limit_can_be_set() -> None:
    short = verifier(max_age=timedelta(seconds=59))
    with pytest.raises(NotificationForged, match="too old"):
        short.verify(body(GENUINE))


def test_a_refusal_shows_no_value() -> None:
    secret = "s3cret"
    bodies = [
        {**GENUINE, "Message": secret},
        {**GENUINE, secret: secret},
        {**GENUINE, "SigningCertURL": secret},
        {**GENUINE, "Type": secret},
        sealed(envelope(message(MerchantID="/" + secret))),
    ]
    for one in bodies:
        with pytest.raises(NotificationForged) as refused:
            verifier().verify(body(one))
        assert secret not in str(refused.value)
        assert refused.value.__context__ is None or refused.value.__suppress_context__


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"allowed_topics": []}, "empty"),
        ({"allowed_topics": TOPIC}, "not one text"),
        ({"allowed_topics": ["*"]}, "whole ARNs"),
        ({"allowed_topics": [TOPIC + "*"]}, "whole ARNs"),
        ({"allowed_topics": [None]}, "whole ARNs"),
        ({"allowed_topics": [TOPIC], "merchant_id": ""}, "merchant_id"),
        ({"allowed_topics": [TOPIC], "max_age": timedelta(0)}, "max_age"),
        ({"allowed_topics": [TOPIC], "max_age": 3600}, "max_age"),
        ({"allowed_topics": [TOPIC], "roots": ["x"]}, "PEM"),
        ({"allowed_topics": [TOPIC], "roots": [1]}, "PEM"),
        ({"allowed_topics": [TOPIC], "intermediates": LEAF}, "need roots"),
    ],
)
def test_a_verifier_that_could_not_work_is_refused(
    options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Verifier(**options)


# Foreign topics -----------------------------------------------------------------------


def foreign(topic: str, **changes: Any) -> bytes:
    return body(sealed(envelope(TopicArn=topic, **changes)))


def refuse(chosen: Verifier, forged: bytes) -> None:
    with pytest.raises(NotificationForged, match="topic"):
        chosen.verify(forged)


def test_an_authentic_foreign_topic_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chosen = verifier()
    for _ in range(3):
        refuse(chosen, foreign(OTHER_TOPIC))
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert OTHER_TOPIC in record.getMessage()
    assert "authentic" in record.getMessage()


def test_a_foreign_topic_that_is_forged_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    forged = json.loads(foreign(OTHER_TOPIC))
    refuse(verifier(), body({**forged, "Message": "{}"}))
    refuse(verifier(Wire(OSError())), foreign(OTHER_TOPIC))
    assert caplog.records == []


def test_a_topic_of_another_region_is_not_called_authentic(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wire = Wire()
    refuse(verifier(wire), foreign(ELSEWHERE))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert ELSEWHERE in record.getMessage()
    assert "authentic" not in record.getMessage()
    assert wire.asked == []


def test_no_sender_can_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    chosen = verifier()
    for number in range(150):
        refuse(chosen, foreign(f"{ELSEWHERE}{number}"))
    assert len(caplog.records) == 100


def test_foreign_topics_use_up_no_fetch_of_ours() -> None:
    wire = Wire()
    chosen = verifier(wire)
    for number in range(50):
        url = CERTIFICATE_URL.replace("0123", f"{number:04d}")
        refuse(chosen, foreign(f"{OTHER_TOPIC}{number}", SigningCertURL=url))
    assert len(wire.asked) == 10
    assert chosen.verify(body(GENUINE))


# Fetches ------------------------------------------------------------------------------


@pytest.mark.parametrize("served", [0, 1], ids=["certificate", "confirmation"])
def test_a_time_limit_in_a_fetch_passes_unchanged(served: int) -> None:
    left = [LEAF] * served
    with interrupting(TimeLimit()) as interrupt:

        def fetch(url: str) -> bytes:
            del url
            if not left:
                interrupt()
            return left.pop()

        slow = Verifier([TOPIC], fetch=fetch, clock=lambda: NOW)
        with pytest.raises(TimeLimit):
            slow.confirm_subscription(body(sealed(confirmation())))


class Clock:
    """A monotonic clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def url_of(number: int) -> str:
    return CERTIFICATE_URL.replace("0123", f"{number:04d}")


def test_a_certificate_is_fetched_once_a_day() -> None:
    wire, clock = Wire(), Clock()
    kept = Certificates(wire, clock)
    for _ in range(3):
        kept.get(CERTIFICATE_URL, "us-east-1")
    assert wire.asked == [CERTIFICATE_URL]
    clock.now += 24 * 3600
    kept.get(CERTIFICATE_URL, "us-east-1")
    assert len(wire.asked) == 2


def test_a_certificate_of_yesterday_does_while_amazon_fails() -> None:
    wire, clock = Wire(LEAF, OSError()), Clock()
    kept = Certificates(wire, clock)
    first = kept.get(CERTIFICATE_URL, "us-east-1")
    clock.now += 30 * 3600
    assert kept.get(CERTIFICATE_URL, "us-east-1") is first
    assert len(wire.asked) == 2


def test_fetches_are_limited_in_rate() -> None:
    wire, clock = Wire(), Clock()
    kept = Certificates(wire, clock)
    for number in range(10):
        kept.get(url_of(number), "us-east-1")
    with pytest.raises(NotificationUnverifiable, match="more than 10"):
        kept.get(url_of(10), "us-east-1")
    kept.get(url_of(9), "us-east-1")  # which is known
    clock.now += 60
    kept.get(url_of(10), "us-east-1")
    assert len(wire.asked) == 11


def test_only_so_many_certificates_are_kept() -> None:
    wire, clock = Wire(), Clock()
    kept = Certificates(wire, clock)
    for number in range(40):
        kept.get(url_of(number), "us-east-1")
        clock.now += 60
    assert kept.known(url_of(0)) is None
    assert kept.known(url_of(39)) is not None


def test_a_refused_certificate_is_not_kept() -> None:
    chosen = verifier(Wire(certificate(names=("evil.example",)), LEAF))
    with pytest.raises(NotificationForged):
        chosen.verify(body(GENUINE))
    assert chosen.verify(body(GENUINE))


def test_a_kept_certificate_expires_all_the_same() -> None:
    moments = [NOW]
    chosen = Verifier(
        [TOPIC],
        fetch=Wire(certificate(until=NOW + timedelta(hours=1))),
        clock=lambda: moments[-1],
    )
    assert chosen.verify(body(GENUINE))
    moments.append(NOW + timedelta(hours=2))
    with pytest.raises(NotificationForged, match="in date"):
        chosen.verify(body(GENUINE))


@pytest.mark.parametrize(
    "failure", [OSError("x"), TimeoutError(), ValueError("x"), RuntimeError("x")]
)
def test_a_failed_fetch_is_unverifiable_and_tried_again(failure: Exception) -> None:
    chosen = verifier(Wire(failure, LEAF))
    with pytest.raises(NotificationUnverifiable, match=type(failure).__name__):
        chosen.verify(body(GENUINE))
    assert chosen.verify(body(GENUINE))


def test_what_the_fetch_says_itself_stands() -> None:
    with pytest.raises(NotificationUnverifiable, match="so said"):
        verifier(Wire(NotificationUnverifiable("so said"))).verify(body(GENUINE))


def test_threads_share_one_fetch() -> None:
    begun, go = threading.Event(), threading.Event()
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        begun.set()
        assert go.wait(10)
        return LEAF

    chosen = Verifier([TOPIC], fetch=fetch, clock=lambda: NOW)
    with ThreadPoolExecutor(8) as pool:
        ends = [pool.submit(chosen.verify, body(GENUINE))]
        assert begun.wait(10)
        ends += [pool.submit(chosen.verify, body(GENUINE)) for _ in range(7)]
        go.set()
    assert [end.result().object_id for end in ends] == [CHARGE] * 8
    assert len(asked) == 1


class Stuck:
    """A first fetch that ends when a test lets it; those after it do not wait."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.asked = 0

    def __call__(self, url: str) -> bytes:
        """Answer a fetch."""
        del url
        self.asked += 1
        if self.asked == 1:
            self.begun.set()
            assert self.go.wait(10)
        return LEAF


@pytest.fixture
def stuck() -> Iterator[tuple[Stuck, Certificates]]:
    """Begin a fetch in another thread."""
    fetch = Stuck()
    kept = Certificates(fetch)
    thread = threading.Thread(target=kept.get, args=(CERTIFICATE_URL, "us-east-1"))
    thread.start()
    assert fetch.begun.wait(10)
    yield fetch, kept
    fetch.go.set()
    thread.join()


def test_a_thread_waits_for_another_fetch_no_longer_than_for_its_own(
    monkeypatch: pytest.MonkeyPatch, stuck: tuple[Stuck, Certificates]
) -> None:
    monkeypatch.setattr("AmazonPay.ipn._fetch.SECONDS", 0.01)
    with pytest.raises(NotificationUnverifiable, match="takes long"):
        stuck[1].get(CERTIFICATE_URL, "us-east-1")


def test_a_child_does_not_wait_for_a_fetch_of_its_parent(
    monkeypatch: pytest.MonkeyPatch, stuck: tuple[Stuck, Certificates]
) -> None:
    monkeypatch.setattr("AmazonPay.ipn._fetch.os.getpid", lambda: -1)
    assert stuck[1].get(CERTIFICATE_URL, "us-east-1")


# Confirmations ------------------------------------------------------------------------


def test_a_subscription_is_confirmed_on_request_only(authority: Authority) -> None:
    wire = Wire(authority.leaf, b"<ConfirmSubscriptionResponse/>")
    asks = authority.subscription_confirmation(topic=TOPIC)
    with pytest.raises(NotificationForged, match="confirm_subscription"):
        Verifier([TOPIC], fetch=wire).verify(asks)
    assert wire.asked == []
    assert Verifier([TOPIC], fetch=wire).confirm_subscription(asks) == TOPIC
    certificate_url, confirmation = wire.asked
    assert certificate_url.endswith(".pem")
    assert confirmation == json.loads(asks)["SubscribeURL"]


async def test_a_subscription_is_confirmed_awaiting(authority: Authority) -> None:
    asks = authority.subscription_confirmation(topic=TOPIC, signature_version="2")
    confirm = authority.verifier([TOPIC]).aconfirm_subscription
    assert await confirm(asks) == TOPIC


HOST = "https://sns.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "{host}/?Action=ConfirmSubscription&TopicArn={topic}",
        "{host}/?Action=Subscribe&TopicArn={topic}&Token={token}",
        "{host}/?Action=ConfirmSubscription&TopicArn={topic}x&Token={token}",
        "{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}0",
        "{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}&x=1",
        "{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}#x",
        "{host}:8443/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        "{host}.evil.example/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        "https://evil.example/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        "http://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        "{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}\u00e9",
    ],
)
def test_no_other_address_is_opened_for_a_confirmation(address: str) -> None:
    told = address.format(host=HOST, topic=TOPIC, token=TOKEN)
    asks = body(sealed(confirmation(SubscribeURL=told)))
    wire = Wire()
    with pytest.raises(NotificationForged, match="SubscribeURL"):
        verifier(wire).confirm_subscription(asks)
    assert wire.asked == [CERTIFICATE_URL]


def test_what_others_sealed_is_confirmed() -> None:
    wire = Wire()
    assert verifier(wire).confirm_subscription(body(sealed(confirmation()))) == TOPIC
    assert wire.asked == [CERTIFICATE_URL, confirmation()["SubscribeURL"]]


@pytest.mark.parametrize("failure", [OSError("x"), NotificationUnverifiable("x")])
def test_a_confirmation_that_cannot_be_sent_is_unverifiable(
    authority: Authority, failure: Exception
) -> None:
    asks = authority.subscription_confirmation(topic=TOPIC)
    with pytest.raises(NotificationUnverifiable):
        Verifier([TOPIC], fetch=Wire(authority.leaf, failure)).confirm_subscription(
            asks
        )


def test_a_notification_is_no_confirmation(authority: Authority) -> None:
    with pytest.raises(NotificationForged, match="no SubscriptionConfirmation"):
        authority.verifier([TOPIC]).confirm_subscription(body(GENUINE))


# Authorities for tests ----------------------------------------------------------------


def signed(authority: Authority, **more: Any) -> bytes:
    names: dict[str, Any] = {"topic": TOPIC, "merchant_id": MERCHANT, **more}
    object_id = names.pop("object_id", CHARGE)
    return authority.notification("CHARGE", object_id, **names)


@pytest.mark.parametrize("version", ["1", "2"])
def test_an_authority_signs_what_its_verifier_takes(
    authority: Authority, version: Any
) -> None:
    chosen = authority.verifier(allowed_topics=[TOPIC], merchant_id=MERCHANT)
    made = signed(authority, signature_version=version, subject="x", message_id=None)
    found = chosen.verify(made)
    assert (found.object_id, found.charge_permission_id) == (CHARGE, CHARGE[:19])
    assert chosen.verify(made) == found


def test_every_member_of_a_notification_can_be_chosen(authority: Authority) -> None:
    uuid = "33333333-3333-3333-3333-33333333333c"
    moment = NOW.replace(year=2026)
    made = signed(
        authority,
        charge_permission_id="S01-1111111-1111111",
        message_id=uuid,
        notification_id="n1",
        timestamp=moment,
    )
    found = authority.verifier([TOPIC], max_age=timedelta(days=9999)).verify(made)
    assert found.charge_permission_id == "S01-1111111-1111111"
    assert (found.message_id, found.notification_id) == (uuid, "n1")
    assert found.timestamp == moment


@pytest.mark.parametrize(
    "ids",
    [
        {"object_id": "P01-0000000-0000000-C000000"},
        {"object_id": "B01-0000000-0000000-C000000"},
        {"charge_permission_id": "P01-0000000-0000000"},
    ],
)
def test_a_verifier_for_tests_refuses_live_ids(
    authority: Authority, ids: dict[str, str]
) -> None:
    with pytest.raises(NotificationForged, match="sandbox only"):
        authority.verifier([TOPIC]).verify(signed(authority, **ids))


def test_authorities_do_not_trust_each_other(authority: Authority) -> None:
    chosen = Authority().verifier([TOPIC])
    with pytest.raises(NotificationRefused):
        chosen.verify(signed(authority))


def test_given_roots_are_asked_for_the_certificate(authority: Authority) -> None:
    def chosen(served: bytes, *roots: bytes) -> Verifier:
        between = [authority.intermediate.decode()]
        return Verifier([TOPIC], fetch=Wire(served), intermediates=between, roots=roots)

    made = signed(authority)
    assert chosen(authority.leaf, authority.root).verify(made)
    loaded = [x509.load_pem_x509_certificate(authority.root)]
    assert Verifier(
        [TOPIC],
        fetch=Wire(authority.leaf),
        intermediates=[authority.intermediate],
        roots=loaded,
    ).verify(made)
    with pytest.raises(NotificationForged, match="none of the given roots"):
        chosen(authority.leaf, Authority().root).verify(made)


def test_an_authority_signs_for_whole_topics_only(authority: Authority) -> None:
    with pytest.raises(InvalidRequest, match="ARN"):
        signed(authority, topic="shop")


@pytest.mark.parametrize(
    "address",
    [
        *("", "localhost:8421", "https://pay-api.amazon.com", "ftp://localhost"),
        *("https://localhost.evil.example", "https://0.0.0.0:8421", "https://[::1"),
        *("https://localhost:99999", "https://evil.example@127.0.0.1.x", None),
    ],
)
def test_only_a_simulator_on_this_machine_is_trusted(address: Any) -> None:
    with pytest.raises(ConfigurationError, match="this machine"):
        verifier_for(address, allowed_topics=[TOPIC])
