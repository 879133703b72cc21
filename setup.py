"""The build: hot modules of the pure core become C where that can be done, and stay Python else.

Everything else about the package is in pyproject.toml. mypyc translates the very source that runs
uncompiled; `COMPILE_CORE` says `auto` (default: if mypy and a C compiler are there), `yes` (fail
where they are not) or `no`. A checkout that is installed in place stays Python, so that what is
edited is what runs.
"""

import os
import sys

from setuptools import setup

HOT = (
    "actors",
    "bounds",
    "calendar",
    "comparison",
    "counts",
    "creator",
    "dedup",
    "detectors/authors",
    "detours",
    "effects",
    "intake",
    "moods",
    "panes",
    "registry",
    "roster",
    "scores",
    "sentiment/analyser",
    "sentiment/chunks",
    "sentiment/flags",
    "sentiment/guess",
    "sentiment/lexicon",
    "sentiment/model",
    "sentiment/reader",
    "sentiment/stock",
    "sentiment/tongue",
    "sentiment/traits",
    "sentiment/verdict",
    "slot",
    "tails",
    "turns",
    "watermark",
)


def extensions(wanted: str) -> list:
    """The compiled modules; none where they are not wanted or cannot be had."""
    in_place = any("editable" in argument or "develop" in argument for argument in sys.argv)
    if wanted == "no" or (in_place and wanted != "yes"):
        return []
    try:
        from mypyc.build import mypycify

        sources = [f"streams/engine/{name}.py" for name in HOT]
        found = mypycify([*sources, "--config-file=pyproject.toml"], opt_level="3", debug_level="0")
    except (ImportError, SystemExit) as error:
        if wanted == "yes":
            raise
        sys.stderr.write(f"the core stays uncompiled: {error!r}\n")
        return []
    for extension in found:
        extension.optional = wanted != "yes"
    return found


setup(ext_modules=extensions(os.environ.get("COMPILE_CORE", "auto")))
