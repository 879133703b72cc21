"""Build: which release of which parts is running.

Knows package names. Must not know what the parts are used for.
"""

import importlib.metadata
import platform

_PARTS = ("faust-streaming", "mode-streaming", "aiokafka", "msgspec", "uvloop")


def version() -> str:
    """The release of this program, such as "0.1.0"."""
    return _release("creator-pulse")


def parts() -> dict[str, str]:
    """The release of Python and of each package that the worker stands on, by name."""
    return {"python": platform.python_version()} | {name: _release(name) for name in _PARTS}


def _release(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
