"""Free ports on the loopback interface.

They lie below the ephemeral range: a client that keeps dialling a stopped server's port could
otherwise be given that very port as its own, and the restarted server would find it taken.
"""

import random
import socket

_LOWEST = 15_000
_HIGHEST = 31_999


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on now."""
    for _ in range(200):
        port = random.SystemRandom().randint(_LOWEST, _HIGHEST)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free port between {_LOWEST} and {_HIGHEST}")
