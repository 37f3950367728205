"""Sockets and connection pools: the only code of this package that does I/O."""
