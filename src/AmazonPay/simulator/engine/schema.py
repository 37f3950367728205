"""The tables of the store; the table `history` holds the story, as in older files."""

from __future__ import annotations

VERSION = 3
SCHEMA = """
CREATE TABLE object (
    owner TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (owner, kind, id)
) WITHOUT ROWID;
CREATE TABLE due (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, owner TEXT NOT NULL,
    kind TEXT NOT NULL, id TEXT NOT NULL, event TEXT NOT NULL
);
CREATE INDEX due_at ON due (at, number);
CREATE TABLE response (
    owner TEXT NOT NULL, key TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    body TEXT NOT NULL, status INTEGER NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (owner, key)
) WITHOUT ROWID;
CREATE TABLE history (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, owner TEXT NOT NULL,
    "order" TEXT, kind TEXT NOT NULL, facts TEXT NOT NULL
);
CREATE INDEX history_order ON history ("order", number);
"""


TABLES = {
    "object": ("owner, kind, id, record", "owner, kind, id"),
    "due": ("number, at, owner, kind, id, event", "number"),
    "response": ("owner, key, method, path, body, status, content", "owner, key"),
    "history": ('number, at, owner, "order", kind, facts', "number"),
}
"""The columns and the key of each table."""
