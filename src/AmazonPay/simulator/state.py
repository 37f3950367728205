"""What a simulator keeps in a folder from run to run, so that trust is set up once.

Only its owner can read the secrets. A file is replaced as a whole, so that a process
that is killed leaves the old one or the new one. One process has the folder at a time.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from typing import TYPE_CHECKING, Final, TypeVar

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ..errors import ConfigurationError
from .certificate import CertificateAuthority, authority_from, new_authority

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path

_SECRET: Final = 0o600
_PUBLIC: Final = 0o644
_LARGEST: Final = 64 * 1024
_LONGEST_TOKEN: Final = 200

_Kept = TypeVar("_Kept")


class State:
    """The files of one folder; see `open_state`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = folder / "world.db"
        """The file of the world."""
        self.certificate = folder / "ca.pem"
        """What clients trust."""
        self.private_key = folder / "private.pem"
        """The private key of the merchant for whom no key was given."""

    def token(self) -> str:
        """Return the token for control calls; the first call makes it."""

        def read(data: bytes) -> str:
            token = data.decode("ascii").strip()
            if not token.isprintable() or not 0 < len(token) <= _LONGEST_TOKEN:
                raise ValueError
            return token

        return self._kept("token", read, f"{secrets.token_urlsafe(16)}\n".encode)

    def merchant_key(self, make: Callable[[], bytes]) -> bytes:
        """Return the merchant's private key; the first call takes it from `make`."""

        def read(data: bytes) -> bytes:
            load_pem_private_key(data, None)
            return data

        return self._kept(self.private_key.name, read, make)

    def authority(self, names: Iterable[str]) -> CertificateAuthority:
        """Return the authority for some hosts; the first call makes it.

        Raises:
            ConfigurationError: the one that is kept cannot vouch for them.
        """
        named = list(names)

        def read(data: bytes) -> CertificateAuthority:
            found = authority_from(data)
            found.check(named)
            return found

        kept = self._kept(
            "authority.pem", read, lambda: new_authority(named).secret_pem
        )
        try:
            self._write(self.certificate, kept.pem, _PUBLIC)
        except OSError as error:
            raise _unusable(self.certificate, error) from None
        return kept

    def _kept(
        self, name: str, read: Callable[[bytes], _Kept], make: Callable[[], bytes]
    ) -> _Kept:
        """Return what a file holds; without one, what was made now and is kept."""
        path = self.folder / name
        try:
            found = path.exists()
            data = _read(path) if found else make()
            if not found:
                self._write(path, data, _SECRET)
            return read(data)
        except OSError as error:
            raise _unusable(path, error) from None
        except ConfigurationError as error:
            problem = str(error)
        except (ValueError, TypeError):
            problem = "it is damaged"
        raise ConfigurationError(
            f"{str(path)!r} cannot be used: {problem}. Delete it, and a new one is made"
            + (
                f"; trust the new {self.certificate.name} then"
                if "auth" in name
                else ""
            )
        )

    def _write(self, path: Path, data: bytes, mode: int) -> None:
        """Replace a file as a whole; after a crash it is the old one or the new one."""
        new = path.with_name(f"{path.name}.new")
        new.unlink(missing_ok=True)
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(file, "wb") as written:
            written.write(data)
            written.flush()
            os.fsync(file)
        new.replace(path)


def _make_private(path: Path) -> None:
    """Leave a file to its owner alone; one that is only linked here is not ours."""
    if not path.is_symlink():
        path.chmod(_SECRET)


def _read(path: Path) -> bytes:
    _make_private(path)
    with path.open("rb") as file:
        return file.read(_LARGEST)


@contextlib.contextmanager
def open_state(folder: Path) -> Generator[State]:
    """Open a folder for this process alone, and make it if it is not there.

    Raises:
        ConfigurationError: another process has it, or it cannot be used.
    """
    state = State(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (folder / "lock", state.world):
            # SQLite gives the files beside one the permissions of that one.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, _SECRET))
            _make_private(path)
    except OSError as error:
        raise _unusable(folder, error) from None
    # SQLite's lock ends with the process, however that ends, on every system.
    lock = sqlite3.connect(folder / "lock", timeout=0, isolation_level=None)
    with contextlib.closing(lock):
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise ConfigurationError(
                    f"another simulator runs on {str(folder)!r}: stop it, or give this"
                    " one a folder of its own by --state"
                ) from None
            raise ConfigurationError(
                f"{str(folder)!r} cannot be locked: {error}"
            ) from None
        except sqlite3.DatabaseError:
            raise ConfigurationError(
                f"{str(folder / 'lock')!r} is no file of a simulator; give --state a"
                " folder of its own"
            ) from None
        yield state


def _unusable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"--state: {str(path)!r} cannot be used: {error.strerror or 'no reason given'}"
    )
