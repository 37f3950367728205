"""Django, set up for the tests of a process: SQLite, and PostgreSQL where it runs."""

from __future__ import annotations

import atexit
import os
import shutil
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

FOLDER = Path(tempfile.mkdtemp(prefix="amazonpay-django-"))
_OWNER = os.getpid()


def remove() -> None:
    """Delete the files, unless this process is a fork of the one that has them."""
    if os.getpid() == _OWNER:
        shutil.rmtree(FOLDER, ignore_errors=True)


atexit.register(remove)
if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": FOLDER / "shop.db",
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

MOVE = "INSERT INTO moves (object_id, state) VALUES (%s, %s)"
urlpatterns: list[Any] = []


def prepare(alias: str) -> None:
    """Create the tables of a database, and empty those that exist."""
    call_command("migrate", database=alias, verbosity=0)
    with connections[alias].cursor() as cursor:
        number = "integer" if alias == "default" else "serial"
        cursor.execute("DROP TABLE IF EXISTS moves")
        cursor.execute(
            f"CREATE TABLE moves (number {number} PRIMARY KEY,"
            " object_id varchar(64) NOT NULL, state varchar(32) NOT NULL)"
        )
        for name in ("journal", "inbox", "object"):
            cursor.execute(f"DELETE FROM amazonpay_{name}")  # noqa: S608 - our own names


def serve(verifier: Verifier, inbox: DjangoInbox | Any) -> None:
    """Put the view for notifications at `/ipn/`."""
    urlpatterns[:] = [path("ipn/", ipn_view(verifier, inbox))]
    clear_url_caches()
