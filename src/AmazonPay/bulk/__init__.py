"""Bulk work: one operation for each row of a CSV file, each row exactly once.

A row is named by its `reference`. Namespace, reference and operation make the key of
its request, so the number of a row and its content never do. Every row is carried out
by the helper of `AmazonPay.procedures.once`, and the journal keeps how far it has come:
a run that was killed is continued by the same command. See `docs/bulk.md`.

This package is what `amazonpay bulk` does without a command line; the command is its
only documented interface.
"""
