"""The app, as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class AmazonPayConfig(AppConfig):
    """Journal and inbox of Amazon Pay."""

    name = "AmazonPay.contrib.django"
    label = "amazonpay"
    verbose_name = "Amazon Pay"
