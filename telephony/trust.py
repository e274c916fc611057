"""Whose certificates are believed: httpx's own choice, or that of SSL_CERT_FILE and SSL_CERT_DIR."""

import ssl
from functools import cache

import httpx


@cache
def certificates() -> ssl.SSLContext:
    """For all clients of a process: to load them takes longer than a whole call."""
    return httpx.create_ssl_context()
