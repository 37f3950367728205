"""A journal that fails at any step: what is known of the money is not lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from AmazonPay import AmazonPayError, ConnectionFailed, JournalFailed, TimedOut
from AmazonPay._core.call import Call
from AmazonPay.procedures.once import Once
from interruptions import TimeLimit, interrupting
from journals import NAMES, MemoryJournal, Player, Reply, answer, refusal
from losing_wire import Wire
from purchases import HELPERS, prepared
from simulated import Shop

if TYPE_CHECKING:
    from AmazonPay.journal import Entry

MONEY = {"amount": "10.00", "currencyCode": "USD"}
BODY = {"chargePermissionId": "S01", "chargeAmount": MONEY}
CHARGE = {"chargeId": "S01-C1", **BODY, "statusDetails": {"state": "Authorized"}}
LOST = TimedOut("x", outcome_unknown=True)


class OwnError(Exception):
    """What a journal of the caller's may raise."""


class Failing(MemoryJournal):
    """Fails from the given use on."""

    def __init__(self, fails_at: int, error: BaseException) -> None:
        super().__init__()
        self.left = fails_at
        self.error = error

    def _use(self) -> None:
        if self.left == 0:
            raise self.error
        self.left -= 1

    def change(self, key: str, change: Any, /) -> Entry:
        self._use()
        return super().change(key, change)

    def find(self, key: str, /) -> Entry | None:
        self._use()
        return super().find(key)


class Watching(Player):
    """Notices whether something has left."""

    acted = False

    def perform(self, step: Any, /) -> object:
        self.acted = self.acted or (isinstance(step, Call) and step.method != "GET")
        return super().perform(step)


def create(journal: MemoryJournal, **more: Any) -> Any:
    return Once.create_charge_or_get.begin(
        None, BODY, journal=journal, **{**NAMES, **more}
    )


ERRORS: list[Exception] = [
    OwnError("the table is locked"),
    OSError("no space left"),
    ValueError("x"),
    JournalFailed("gone"),
    AmazonPayError("of ours"),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
]


def attempted(helper: str, fails_at: int) -> tuple[Wire, JournalFailed | None]:
    """Call a helper whose journal fails at its so-manyth use."""
    shop = Shop()
    arguments = prepared(shop, helper)
    wire = Wire(shop)
    journal = Failing(fails_at, OwnError("the table is locked"))
    try:
        getattr(wire.client(), helper)(*arguments, journal=journal, **NAMES)
    except JournalFailed as error:
        return wire, error
    return wire, None


@pytest.mark.parametrize("helper", HELPERS)
def test_a_journal_that_fails_at_any_step_says_what_is_known(helper: str) -> None:
    told: list[bool] = []
    while (found := attempted(helper, len(told)))[1] is not None:
        wire, error = found
        acted = len(wire.acted) == 1
        assert error is not None
        assert error.outcome_unknown is acted
        assert (error.response is not None) is acted
        assert (error.object_id is not None) is acted
        assert isinstance(error.__cause__, OwnError)
        told.append(acted)
    # Begun before it is sent; answered, claimed and concluded after it.
    assert told == sorted(told)
    assert told.count(False) >= 1
    assert told.count(True) >= 2


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_a_journal_raises_is_a_failure_of_the_journal(
    error: Exception,
) -> None:
    for fails_at in range(4):
        shown = [answer(CHARGE)] if fails_at > 1 else []
        made = [answer(CHARGE, 201)] if fails_at > 0 else []
        raised = failed(Failing(fails_at, error), *made, *shown)
        assert raised.outcome_unknown is (fails_at > 0)
        assert raised is error or raised.__cause__ is error


@pytest.mark.parametrize("use", [0, 1, 2, 3])
def test_a_time_limit_passes_unchanged_and_tells_of_the_doubt(use: int) -> None:
    class Slow(Failing):
        def _use(self) -> None:
            if self.left == 0:
                interrupt()
            self.left -= 1

    script = [answer(CHARGE, 201), answer(CHARGE)][:use]
    with interrupting(TimeLimit()) as interrupt, pytest.raises(TimeLimit) as raised:
        Watching(*script).play(create(Slow(use, OwnError())))
    notes = getattr(raised.value, "__notes__", [])
    assert any("outcome is unknown" in note for note in notes) is (use > 0)


def failed(journal: MemoryJournal, *script: Reply, **more: Any) -> JournalFailed:
    player = Watching(*script)
    with pytest.raises(JournalFailed) as raised:
        player.play(create(journal, **more))
    return raised.value


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_the_answer_is_kept(fails_at: int) -> None:
    shown = [answer(CHARGE)] if fails_at > 1 else []
    error = failed(Failing(fails_at, OwnError()), answer(CHARGE, 201), *shown)
    assert error.outcome_unknown
    assert error.response is not None
    assert error.response.json() == CHARGE
    assert error.object_id == "S01-C1"


def test_a_lost_answer_is_unknown_without_one() -> None:
    error = failed(Failing(1, OwnError()), LOST)
    assert (error.outcome_unknown, error.response, error.object_id) == (
        True,
        None,
        None,
    )


@pytest.mark.parametrize(
    "reply", [ConnectionFailed("x"), refusal(429, "TooManyRequests")]
)
def test_what_was_not_carried_out_is_known(reply: Reply) -> None:
    assert failed(Failing(1, OwnError()), reply).outcome_unknown is False


def test_a_doubt_of_an_earlier_run_is_not_forgotten() -> None:
    journal = Failing(100, OwnError())
    Player(LOST).play(create(journal))
    journal.left = 1
    assert failed(journal, ConnectionFailed("x")).outcome_unknown is True


def test_a_failure_before_this_send_tells_of_an_earlier_one() -> None:
    journal = Failing(100, OwnError())
    arguments = ("S01-C1", {"captureAmount": MONEY})

    def capture() -> Any:
        begin: Any = Once.capture_or_get_charge.begin
        return begin(None, *arguments, journal=journal, **NAMES)

    Player(answer(CHARGE), LOST, answer(CHARGE)).play(capture())
    journal.left = 2
    with pytest.raises(JournalFailed) as raised:
        Player(answer(CHARGE)).play(capture())
    assert raised.value.outcome_unknown is True
    assert (raised.value.response, raised.value.object_id) == (None, None)


def test_before_anything_is_sent_nothing_is_unknown() -> None:
    journal = Failing(0, OwnError("locked"))
    error = failed(journal)
    assert error.outcome_unknown is False
    assert isinstance(error.__cause__, OwnError)
    for attempt_fails_at in (0, 1):
        later = failed(Failing(attempt_fails_at, OwnError()), attempt=2)
        assert later.outcome_unknown is False


def test_an_entry_that_is_lost_while_its_request_is_under_way_is_no_conflict() -> None:
    """A conflict would say that nothing was sent."""

    class Losing(MemoryJournal):
        def change(self, key: str, change: Any, /) -> Entry:
            entry = super().change(key, change)
            if entry.in_doubt:
                del self.entries[key]
            return entry

    error = failed(Losing(), answer(CHARGE, 201))
    assert error.outcome_unknown is True
    assert error.object_id == "S01-C1"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), GeneratorExit()])
def test_what_is_no_failure_of_the_journal_passes_unchanged(
    error: BaseException,
) -> None:
    with pytest.raises(type(error)) as raised:
        Player(answer(CHARGE, 201)).play(create(Failing(1, error)))
    assert raised.value is error


def test_the_journal_is_mended_and_the_same_call_finds_out() -> None:
    journal = Failing(1, OwnError())
    error = failed(journal, answer(CHARGE, 201))
    assert error.outcome_unknown
    journal.left = 100
    player = Player(answer(CHARGE, 201), answer(CHARGE))
    assert player.play(create(journal)).ok
    assert len(player.sent) == 1
