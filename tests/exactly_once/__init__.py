"""Doing it once: journals, helpers, decisions, inboxes and crashes."""
