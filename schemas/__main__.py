"""`python -m schemas`: write the published documents of the contract, or check them for drift.

Knows where the documents lie. The only module of the contract that touches files.
"""

import argparse
import json
import sys
from pathlib import Path

from schemas import asyncapi, jsonschema, topics

HERE = Path(__file__).parent


def documents() -> dict[str, str]:
    """Every published document: its text by its path below `schemas/`."""
    texts = {"asyncapi.yaml": asyncapi.to_yaml(asyncapi.document())}
    for topic in topics.ALL:
        schema = json.dumps(jsonschema.for_topic(topic), indent=2, ensure_ascii=False)
        texts[f"json/{topic.name}.schema.json"] = schema + "\n"
    return texts


def drift(root: Path = HERE) -> list[str]:
    """What below `root` differs from the types: `missing`, `outdated` or `unknown` and a path."""
    wanted = documents()
    found = {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in (*root.glob("json/*"), *root.glob("asyncapi.yaml"))
    }
    return [
        *(f"missing {path}" for path in wanted if path not in found),
        *(f"outdated {path}" for path in wanted if found.get(path, wanted[path]) != wanted[path]),
        *(f"unknown {path}" for path in found if path not in wanted),
    ]


def write(root: Path = HERE) -> None:
    """Write every document below `root`; a document of a topic that is gone stays."""
    for path, text in documents().items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def main() -> int:
    """Exit code 0 if all is in step, 1 if `--check` finds drift."""
    parser = argparse.ArgumentParser(prog="python -m schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    if not parser.parse_args().check:
        write()
        return 0
    differences = drift()
    for difference in differences:
        sys.stderr.write(f"{difference} (run `python -m schemas`)\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
