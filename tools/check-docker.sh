#!/usr/bin/env bash
# Proves on a machine with Docker what cannot be proven without: the image is built and holds what it should,
# docker compose brings everything up, Grafana shows it, alerts fire and end, a frozen worker comes back.
#
#   tools/check-docker.sh [--keep] [OPTION...]     OPTION: of python -m stack.compose, such as --report FILE
#
# Takes a quarter of an hour, and the ports that docker-compose.yml names. Its containers and volumes are a project
# of their own, and are removed at the end, unless --keep says to leave them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PROJECT=creator-pulse-check
IMAGE=creator-pulse:0.1.0

say() { printf '[check] %s\n' "$*" >&2; }
die() {
    printf '[check] error: %s\n' "$*" >&2
    exit 1
}
compose() { docker compose --project-name "$PROJECT" --profile simulator "$@"; }
inside() { docker run --rm --network none --read-only --entrypoint "$1" "$IMAGE" "${@:2}"; }

keep=
if [ "${1:-}" = --keep ]; then
    keep=yes
    shift
fi
docker compose version >/dev/null || die "docker with its compose plugin is needed"
docker info >/dev/null || die "the Docker engine does not answer (see above)"
# Else what is set for other purposes would be part of the proof.
export COMPOSE_ENV_FILES=/dev/null
tools/setup.sh runtime

compose config --quiet || die "docker compose does not take docker-compose.yml"
say "building the image ..."
compose build --quiet

say "looking into it ..."
[ "$(inside id -u)" != 0 ] || die "$IMAGE runs as root"
for program in gcc cc make; do
    if inside sh -c "command -v $program" >/dev/null; then die "$IMAGE has $program in it"; fi
done
for package in pip setuptools mypy; do
    if inside /opt/pulse/bin/python -c "import $package" 2>/dev/null; then die "$IMAGE has $package in it"; fi
done
inside python -c "import streams.engine.panes as m; raise SystemExit(m.__file__.endswith('.py'))" ||
    die "the core in $IMAGE is not compiled"
inside pulse --version

finish() {
    local status=$?
    if [ "$status" -ne 0 ]; then
        compose ps --all || true
        compose logs --tail 30 || true
    fi
    if [ -n "$keep" ]; then
        say "left as it is; docker compose --project-name $PROJECT --profile simulator down --volumes removes it"
    else
        compose down --volumes --timeout 20 || true
    fi
    exit "$status"
}
trap finish EXIT
say "starting everything ..."
compose up --detach
.venv/bin/python -m stack.compose --project "$PROJECT" "$@"
say "all points are met"
