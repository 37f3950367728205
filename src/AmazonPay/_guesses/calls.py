"""Guesses that a call alone decides, without a buyer."""

from __future__ import annotations

from typing import Final

from .model import REFUSAL, REFUSED, Guess

CALLS: Final = (
    Guess(
        id="other-headers",
        point="headers that must come",
        says=(
            "date and authorization appear in every sample; no list of mandatory ones"
            " was found"
        ),
        does="only these two are required",
        file="authentication.py",
        question="Which headers beside date and authorization must come?",
        guessed="none",
        form=r"none|[a-z-]{1,64}(,[a-z-]{1,64}){0,9}",
    ),
    Guess(
        id="unknown-algorithm",
        point="an unknown signature algorithm",
        says="nothing",
        does="400 `InvalidHeaderValue`",
        file="authentication.py",
        question="What is a request refused with whose algorithm does not exist?",
        guessed="400 InvalidHeaderValue",
        form=REFUSED,
    ),
    Guess(
        id="old-date",
        point="a date that is old",
        says="a date in the future is refused; no age is named",
        does="none is too old",
        file="authentication.py",
        question="From which age in seconds is an x-amz-pay-date refused?",
        guessed="never",
        form="never|[1-9][0-9]{0,6}",
        also=("the age of a date",),
    ),
    Guess(
        id="missing-key",
        point="a missing idempotency key",
        says="`MissingHeader` and `MissingHeaderValue` both exist",
        does="400 `MissingHeader`",
        file="idempotency.py",
        question=(
            "What is Create Checkout Session without an idempotency key refused with?"
        ),
        guessed="400 MissingHeader",
        form=REFUSAL,
        also=(
            "calls that need an idempotency key",
            "a key that is missing or of another form, where one is required",
        ),
    ),
    Guess(
        id="malformed-key",
        point="an idempotency key of another form",
        says="at most 32 of `A-Z a-z 0-9 - _`",
        does="400 `InvalidHeaderValue`",
        file="idempotency.py",
        question="What is an idempotency key of 33 characters refused with?",
        guessed="400 InvalidHeaderValue",
        form=REFUSAL,
    ),
    Guess(
        id="stored-answers",
        point="which answers a key repeats",
        says="the first answer is stored",
        does="2xx only; `stored_answers` takes `2xx+4xx` and `all`",
        file="settings.py",
        question="Which first answers does an idempotency key repeat?",
        guessed="2xx",
        form="2xx|2xx\\+4xx|all",
    ),
    Guess(
        id="key-scope",
        point="one key for several operations",
        says=(
            "keys are unique per merchant account; a test of an official SDK reuses one"
        ),
        does="400 `DuplicateIdempotencyKey`; `keys_per_operation`",
        file="settings.py",
        question="Is an idempotency key unique for the account, or for each operation?",
        guessed="account",
        form="account|operation",
    ),
    Guess(
        id="code-on-reads",
        point="a simulation code on reads, updates and Cancel Charge",
        says=(
            "a code that does not fit is refused; an official "
            "cartridge sends it there all the same"
        ),
        does="nothing happens",
        file="api_call.py",
        question="What is a GET with a simulation code refused with?",
        guessed="accepted",
        form=REFUSAL,
    ),
    Guess(
        id="unknown-query-member",
        point="queries: an unknown, doubled or malformed member of a query",
        says="nothing",
        does="400 `InvalidParameterValue`, on every call",
        file="queries.py",
        question="What is an unknown member of a query refused with?",
        guessed="400 InvalidParameterValue",
        form=REFUSAL,
    ),
    Guess(
        id="last-page-token",
        point="queries: `nextToken` on the last page",
        says="nothing",
        does="null",
        file="paging.py",
        question="Is `nextToken` null or absent on the last page?",
        guessed="null",
        form="null|absent",
    ),
    Guess(
        id="tokens-in-sandbox",
        point="tokens: Get Authorization Token in sandbox",
        says="nothing",
        does="405 `UnsupportedOperation`; `Simulator.authorize()` gives a token",
        file="authorization_tokens.py",
        question="What is Get Authorization Token refused with in sandbox?",
        guessed="405 UnsupportedOperation",
        form=REFUSED,
    ),
    Guess(
        id="page-size",
        point="disbursements: the greatest `pageSize`",
        says="nothing",
        does="100",
        file="query_types.py",
        question="What is a page of 101 disbursements refused with?",
        guessed="400 InvalidParameterValue",
        form=REFUSAL,
    ),
    Guess(
        id="report-without-times",
        point=(
            "reports: whether `startTime` and `endTime` may be left"
            " out, or be the wrong way round"
        ),
        says="nothing",
        does="both are needed, in order",
        file="reports.py",
        question="What is a report without times refused with?",
        guessed="400 MissingParameterValue",
        form=REFUSAL,
    ),
    Guess(
        id="report-times-reversed",
        point=(
            "reports: whether `startTime` and `endTime` may be left"
            " out, or be the wrong way round"
        ),
        says="nothing",
        does="both are needed, in order",
        file="reports.py",
        question="What is a report refused with whose times are the wrong way round?",
        guessed="400 InvalidParameterValue",
        form=REFUSAL,
    ),
    Guess(
        id="other-report",
        point="reports: asking sandbox for another type than the sandbox settlement",
        says="nothing",
        does="400 `InvalidParameterValue`; `every_report_in_sandbox` takes them all",
        file="reports.py",
        question="What is a report of another type refused with in sandbox?",
        guessed="400 InvalidParameterValue",
        form=REFUSAL,
    ),
    Guess(
        id="tracker-without-id",
        point="both ids, or none, for a tracker",
        says="one of them",
        does="400 `InvalidParameterValue`",
        file="delivery_trackers.py",
        question="What is a delivery tracker without an id refused with?",
        guessed="400 InvalidParameterValue",
        form=REFUSED,
    ),
)
