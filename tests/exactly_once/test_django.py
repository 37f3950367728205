"""Journal, inbox and view in Django, on SQLite and a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client as DjangoClient

import AmazonPay.contrib.django as app
import ipn_django
from AmazonPay import JournalFailed
from AmazonPay.contrib.django import DjangoInbox, DjangoJournal
from inbox_shop import CHARGE, InboxShop, OnDjango, answering, charge, notification
from ipn_views import HEADERS, POSTS, Kept, verifier
from journals import NAMES, Ticks, intended
from purchases import HELPERS, prepared
from simulated import Shop

if TYPE_CHECKING:
    from AmazonPay._once.entry import Entry

# Django has no types.
Browser: Any = DjangoClient
atomic: Any = transaction.atomic


# The app ------------------------------------------------------------------------------


def test_the_migrations_are_complete() -> None:
    call_command("makemigrations", "amazonpay", check=True, dry_run=True, verbosity=0)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Inbox'"):
        getattr(app, "Inbox")  # noqa: B009 - a checker knows that it is missing


# The view -----------------------------------------------------------------------------


@pytest.mark.parametrize("post", POSTS)
def test_each_post_has_its_answer(post: str) -> None:
    data, unfetched, unkept, status = POSTS[post]
    kept = Kept(unkept)
    ipn_django.serve(verifier(unfetched), kept)
    browser = Browser(enforce_csrf_checks=True)
    sent = browser.generic("POST", "/ipn/", data, HEADERS["content-type"])
    assert sent.status_code == status
    assert len(kept.notifications) == (status == 200)


def test_only_posts_are_taken() -> None:
    ipn_django.serve(verifier(), Kept())
    assert Browser().get("/ipn/").status_code == 405


def test_what_was_posted_is_acted_on(alias: str) -> None:
    shop = InboxShop(OnDjango(alias))
    ipn_django.serve(verifier(), shop.inbox)
    data = POSTS["genuine"][0]
    for _ in range(2):
        sent = Browser().post("/ipn/", data, content_type="text/plain")
        assert sent.status_code == 200
    assert shop.inbox.process(answering(charge()), shop.handler) == 1
    assert shop.moves == [(CHARGE, "Authorized")]


# The inbox ----------------------------------------------------------------------------


def test_inside_of_a_transaction_nothing_is_kept(alias: str) -> None:
    with atomic(using=alias), pytest.raises(RuntimeError, match="durable"):
        DjangoInbox(alias).receive(notification())


# The journal --------------------------------------------------------------------------


@pytest.fixture
def journal(alias: str) -> DjangoJournal:
    return DjangoJournal(alias, clock=Ticks())


@pytest.mark.parametrize("helper", HELPERS)
def test_every_helper_writes_it(alias: str, helper: str) -> None:
    shop = Shop()
    journal = DjangoJournal(alias)
    arguments = prepared(shop, helper)
    with shop.client() as client:
        first, second = (
            getattr(client, helper)(*arguments, journal=journal, **NAMES)
            for _ in range(2)
        )
    assert first.outcome == second.outcome
    assert first.outcome in {"success", "pending"}
    assert len(journal.open_entries()) == int(first.outcome == "pending")
    if first.outcome == "success":
        assert journal.forget(datetime(2200, 1, 1, tzinfo=UTC)) >= 1


def sent_again(found: Entry | None) -> Entry:
    assert found is not None
    return replace(found, runs=found.runs + 1)


def test_an_entry_is_never_written_inside_of_a_transaction(
    alias: str, journal: DjangoJournal
) -> None:
    with (
        atomic(using=alias),
        pytest.raises(RuntimeError, match="durable"),
    ):
        journal.change("k", lambda found: found or intended())


def test_a_damaged_entry_is_a_failure(alias: str, journal: DjangoJournal) -> None:
    journal.change("k", lambda found: found or intended())
    with connections[alias].cursor() as cursor:
        cursor.execute("UPDATE amazonpay_journal SET charge_ids = '{'")
    with pytest.raises(JournalFailed, match="cannot be read"):
        journal.find("k")


def test_a_journal_that_fails_shows_no_value(
    alias: str, journal: DjangoJournal
) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute("ALTER TABLE amazonpay_journal RENAME TO gone")
    try:
        with pytest.raises(JournalFailed, match="journal's database failed") as failed:
            journal.find("canary")
        assert "canary" not in str(failed.value)
    finally:
        with connections[alias].cursor() as cursor:
            cursor.execute("ALTER TABLE gone RENAME TO amazonpay_journal")


def test_others_that_change_it_all_the_time_do_not_hold_it_for_ever(
    alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("AmazonPay.contrib.django._journal._PATIENCE", 0.0)
    journal, other = DjangoJournal(alias), DjangoJournal(alias)
    journal.change("k", lambda found: found or intended())

    def change(found: Entry | None) -> Entry:
        assert found is not None
        other.change("k", sent_again)
        return sent_again(found)

    with pytest.raises(JournalFailed, match="all the time"):
        journal.change("k", change)
