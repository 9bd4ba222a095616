#!/usr/bin/env bash
# Makes .venv: uv from its own small environment, then the locked packages, then this project.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly UV_VERSION=0.13.8
readonly UV=.bootstrap/bin/uv

say() { printf 'setup: %s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11 or newer is needed and ${PYTHON:-python3} is not:" \
        "install it, or name one with make setup PYTHON=/path/to/python"
    return 1
}

need_venv_module() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    scripts/system_packages.sh python3-venv >/dev/null || true
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    say "$1 has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv)," \
        "or name another Python with make setup PYTHON=/path/to/python"
    return 1
}

install_uv() {
    if [ "$("$UV" --version 2>/dev/null | cut -d' ' -f2)" != "$UV_VERSION" ]; then
        "$1" -m venv --clear .bootstrap
        .bootstrap/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
    fi
}

python=$(find_python)
need_venv_module "$python"
install_uv "$python"
# uv does not read pip's settings (a company's index, a certificate), so they are handed on.
eval "$(.bootstrap/bin/python scripts/pip_settings.py)"
export UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=${UV_LINK_MODE:-copy} VIRTUAL_ENV=$PWD/.venv

if [ "${1:-}" = lock ]; then
    "$UV" pip compile pyproject.toml --extra dev --generate-hashes --universal --quiet \
        --no-header --no-emit-index-url --no-emit-find-links -o requirements.lock
    exit
fi
[ -x .venv/bin/python ] || "$UV" venv --quiet --python "$python" .venv
"$UV" pip sync --quiet --require-hashes requirements.lock
# The build backend is part of uv: nothing more is downloaded here.
"$UV" pip install --quiet --offline --no-deps --editable .
touch .venv/.ready
say "done: .venv/bin/hypertally"
