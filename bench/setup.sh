#!/usr/bin/env bash
# Builds the peers of `make bench` into .tools/peers, and nothing that is there already.
#
#   bench/setup.sh PEER...     PEER: kafka-streams | quix
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

QUIX_VERSION=3.28.1

say() { printf '[setup] %s\n' "$*" >&2; }
die() {
    printf '[setup] error: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '[setup]        %s\n' "$line" >&2; done
    exit 1
}

kafka_streams() {
    local home=.tools/peers/kafka-streams project=bench/kafka-streams key
    key=$(cat $project/pom.xml $project/src/main/java/bench/*.java | sha256sum | cut -c1-16)
    [ "$(cat "$home/.set-up" 2>/dev/null)" = "$key" ] && return 0
    command -v mvn >/dev/null && command -v javac >/dev/null || die "Kafka Streams needs Maven and a JDK." \
        "run, as root: apt-get install maven default-jdk-headless"
    say "building the Kafka Streams peer (its jars are 75 MB) ..."
    rm -rf "$home"
    mvn --batch-mode --quiet -f $project/pom.xml -Dbench.out="$PWD/$home" compile \
        dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$PWD/$home/libs" ||
        die "Maven could not build $project (see above)."
    printf '%s' "$key" >"$home/.set-up"
}

# An environment of its own: the product must not depend on a peer, nor agree with its versions.
quix() {
    local home=.tools/peers/quix
    [ "$(cat "$home/.set-up" 2>/dev/null)" = "$QUIX_VERSION $PWD" ] && return 0
    say "installing Quix Streams $QUIX_VERSION ..."
    rm -rf "$home"
    .venv/bin/python -m venv "$home"
    "$home/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        "quixstreams==$QUIX_VERSION" || die "pip could not install quixstreams (see above)."
    printf '%s' "$QUIX_VERSION $PWD" >"$home/.set-up"
}

[ $# -gt 0 ] || die "name at least one peer: kafka-streams or quix."
for peer in "$@"; do
    case $peer in
        kafka-streams) kafka_streams ;;
        quix) quix ;;
        *) die "unknown peer '$peer': kafka-streams or quix." ;;
    esac
done
