"""The models of journal and inbox: their tables are those of SQLAlchemy's classes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class JournalEntry(models.Model):
    """One intended request: see `AmazonPay.journal.Entry`."""

    idempotency_key = models.CharField(max_length=32, primary_key=True)
    namespace = models.TextField()
    shop_order = models.TextField()
    operation = models.CharField(max_length=64)
    attempt = models.IntegerField()
    path = models.TextField()
    body = models.BinaryField(null=True)
    digest = models.CharField(max_length=64)
    confirm_only = models.IntegerField()
    charge_ids = models.TextField(null=True)
    runs = models.IntegerField()
    answers = models.IntegerField()
    outcome = models.CharField(max_length=16, null=True)
    reason = models.CharField(max_length=64, null=True)
    object_id = models.CharField(max_length=64, null=True)
    other_object_ids = models.TextField(null=True)
    environment = models.CharField(max_length=16, null=True)
    region = models.CharField(max_length=16, null=True)
    public_key_id = models.CharField(max_length=128, null=True)
    abandoned = models.TextField(null=True)
    created = models.CharField(max_length=32, null=True)
    # Text of fixed length in UTC, which sorts by time in every database.
    changed = models.CharField(max_length=32)
    # An optimistic lock: each change writes a new number.
    version = models.IntegerField()

    class Meta:
        """The table of this model, and its index."""

        db_table = "amazonpay_journal"
        verbose_name_plural = "journal entries"
        indexes: ClassVar = [
            models.Index(
                fields=["outcome", "changed"], name="ix_amazonpay_journal_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.idempotency_key}"


class Notification(models.Model):
    """One notification that was received: see `AmazonPay.ipn.Inbox`."""

    message_id = models.CharField(max_length=64, primary_key=True)
    notification_id = models.CharField(max_length=64)
    topic_arn = models.CharField(max_length=512)
    object_type = models.CharField(max_length=32)
    object_id = models.CharField(max_length=64)
    notification_type = models.CharField(max_length=32)
    charge_permission_id = models.CharField(max_length=64, null=True)
    merchant_id = models.CharField(max_length=64)
    sent = models.CharField(max_length=32)
    received = models.CharField(max_length=32)
    state = models.CharField(max_length=16)
    failures = models.IntegerField()
    error = models.CharField(max_length=250, null=True)
    due = models.CharField(max_length=32)
    version = models.IntegerField()

    class Meta:
        """The table of this model, and its index."""

        db_table = "amazonpay_inbox"
        indexes: ClassVar = [
            models.Index(fields=["state", "due"], name="ix_amazonpay_inbox_due")
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id}"


class KnownObject(models.Model):
    """What is kept of an object that a notification has named."""

    object_id = models.CharField(max_length=64, primary_key=True)
    object_type = models.CharField(max_length=32)
    view = models.TextField()
    is_open = models.IntegerField()
    checks = models.IntegerField()
    due = models.CharField(max_length=32)
    changed = models.CharField(max_length=32)
    version = models.IntegerField()

    class Meta:
        """The table of this model, and its index."""

        db_table = "amazonpay_object"
        indexes: ClassVar = [
            models.Index(fields=["is_open", "due"], name="ix_amazonpay_object_due")
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id}"
