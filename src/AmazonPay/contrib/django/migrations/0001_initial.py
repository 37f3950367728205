"""The tables of journal and inbox."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Create the three tables."""

    initial = True

    dependencies: ClassVar[list[tuple[str, str]]] = []

    operations: ClassVar = [
        migrations.CreateModel(
            name="JournalEntry",
            fields=[
                (
                    "idempotency_key",
                    models.CharField(max_length=32, primary_key=True, serialize=False),
                ),
                ("namespace", models.TextField()),
                ("shop_order", models.TextField()),
                ("operation", models.CharField(max_length=64)),
                ("attempt", models.IntegerField()),
                ("path", models.TextField()),
                ("body", models.BinaryField(null=True)),
                ("digest", models.CharField(max_length=64)),
                ("confirm_only", models.IntegerField()),
                ("charge_ids", models.TextField(null=True)),
                ("runs", models.IntegerField()),
                ("answers", models.IntegerField()),
                ("outcome", models.CharField(max_length=16, null=True)),
                ("reason", models.CharField(max_length=64, null=True)),
                ("object_id", models.CharField(max_length=64, null=True)),
                ("other_object_ids", models.TextField(null=True)),
                ("environment", models.CharField(max_length=16, null=True)),
                ("region", models.CharField(max_length=16, null=True)),
                ("public_key_id", models.CharField(max_length=128, null=True)),
                ("abandoned", models.TextField(null=True)),
                ("created", models.CharField(max_length=32, null=True)),
                ("changed", models.CharField(max_length=32)),
                ("version", models.IntegerField()),
            ],
            options={
                "verbose_name_plural": "journal entries",
                "db_table": "amazonpay_journal",
                "indexes": [
                    models.Index(
                        fields=["outcome", "changed"], name="ix_amazonpay_journal_open"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="KnownObject",
            fields=[
                (
                    "object_id",
                    models.CharField(max_length=64, primary_key=True, serialize=False),
                ),
                ("object_type", models.CharField(max_length=32)),
                ("view", models.TextField()),
                ("is_open", models.IntegerField()),
                ("checks", models.IntegerField()),
                ("due", models.CharField(max_length=32)),
                ("changed", models.CharField(max_length=32)),
                ("version", models.IntegerField()),
            ],
            options={
                "db_table": "amazonpay_object",
                "indexes": [
                    models.Index(
                        fields=["is_open", "due"], name="ix_amazonpay_object_due"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "message_id",
                    models.CharField(max_length=64, primary_key=True, serialize=False),
                ),
                ("notification_id", models.CharField(max_length=64)),
                ("topic_arn", models.CharField(max_length=512)),
                ("object_type", models.CharField(max_length=32)),
                ("object_id", models.CharField(max_length=64)),
                ("notification_type", models.CharField(max_length=32)),
                ("charge_permission_id", models.CharField(max_length=64, null=True)),
                ("merchant_id", models.CharField(max_length=64)),
                ("sent", models.CharField(max_length=32)),
                ("received", models.CharField(max_length=32)),
                ("state", models.CharField(max_length=16)),
                ("failures", models.IntegerField()),
                ("error", models.CharField(max_length=250, null=True)),
                ("due", models.CharField(max_length=32)),
                ("version", models.IntegerField()),
            ],
            options={
                "db_table": "amazonpay_inbox",
                "indexes": [
                    models.Index(fields=["state", "due"], name="ix_amazonpay_inbox_due")
                ],
            },
        ),
    ]
