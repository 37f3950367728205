"""Sockets, servers, processes and browsers."""
