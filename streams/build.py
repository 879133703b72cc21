"""Build: which release of which parts is running.

Knows package names. Must not know what the parts are used for.
"""

import importlib.metadata
import platform

from streams.engine import panes

_PARTS = ("faust-streaming", "mode-streaming", "aiokafka", "msgspec", "uvloop")


def version() -> str:
    """The release of this program, such as "0.1.0"."""
    return _release("creator-pulse")


def parts() -> dict[str, str]:
    """The release of Python and of each package that the worker stands on, by name.

    `core` is whether the hot modules run as they are written or compiled: see setup.py.
    """
    core = "python" if str(panes.__file__).endswith(".py") else "compiled"
    return {"python": platform.python_version(), "core": core} | {
        name: _release(name) for name in _PARTS
    }


def _release(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
