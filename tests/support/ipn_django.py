"""Django, set up for the tests of a process: SQLite, and PostgreSQL where it runs."""

from __future__ import annotations

import atexit
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.urls import clear_url_caches, path

from AmazonPay.contrib.django import ipn_view

if TYPE_CHECKING:
    from AmazonPay.contrib.django import DjangoInbox
    from AmazonPay.ipn import Verifier

_FOLDER = tempfile.TemporaryDirectory(prefix="amazonpay-django-")
atexit.register(_FOLDER.cleanup)
if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": Path(_FOLDER.name) / "shop.db",
                # A busy machine must not fail a test.
                "OPTIONS": {"timeout": 60},
            },
            "postgresql": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "postgres",
                "USER": "shop",
            },
        },
        INSTALLED_APPS=["AmazonPay.contrib.django"],
        MIDDLEWARE=[
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
        ],
        ROOT_URLCONF="ipn_django",
        SECRET_KEY="of a test",
        USE_TZ=True,
    )
    django.setup()

MOVES = (
    "CREATE TABLE moves (object_id varchar(64) NOT NULL, state varchar(32) NOT NULL)"
)
urlpatterns: list[Any] = []


def prepare(alias: str) -> None:
    """Create the tables, empty."""
    call_command("migrate", database=alias, verbosity=0)
    with connections[alias].cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS moves")
        cursor.execute(MOVES)
        for name in ("journal", "inbox", "object"):
            cursor.execute(f"DELETE FROM amazonpay_{name}")  # noqa: S608 - our own names


def moves(alias: str) -> list[tuple[str, str]]:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT object_id, state FROM moves")
        return [(row[0], row[1]) for row in cursor.fetchall()]


def move(connection: Any, view: Any, before: Any) -> None:
    """Move an order: the handler of the tests."""
    del before
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO moves VALUES (%s, %s)",
            [view["chargeId"], view["statusDetails"]["state"]],
        )


def serve(verifier: Verifier, inbox: DjangoInbox | Any) -> None:
    """Let the view take notifications at `/ipn/`."""
    urlpatterns[:] = [path("ipn/", ipn_view(verifier, inbox))]
    clear_url_caches()
