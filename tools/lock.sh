#!/usr/bin/env bash
# Writes the lock files again: every package that set-up installs, with its exact version and its hashes,
# for every Python and platform that pyproject.toml admits. Pass --upgrade to move to newer versions.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

UV_VERSION=0.13.9
uv=.tools/uv-$UV_VERSION/bin/uv

if [ ! -x "$uv" ]; then
    "${PYTHON:-python3}" -m venv ".tools/uv-$UV_VERSION"
    ".tools/uv-$UV_VERSION/bin/pip" install --quiet --disable-pip-version-check "uv==$UV_VERSION"
fi

compile() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --custom-compile-command "make lock" "$@"
}

# The build backend belongs to the runtime lock: the project itself is installed without build isolation.
compile pyproject.toml requirements/build.in --output-file requirements/runtime.lock "$@"
compile pyproject.toml requirements/build.in --group dev --constraints requirements/runtime.lock \
    --output-file requirements/dev.lock "$@"
