"""Sockets and connection pools: the only code of the SDK that uses the network."""
