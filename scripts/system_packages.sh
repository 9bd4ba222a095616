#!/usr/bin/env bash
# Installs the named system packages where it may (root, apt); otherwise says how, and fails.
set -euo pipefail

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@" </dev/null; then
        exit
    fi
fi >&2
if command -v apt-get >/dev/null; then
    echo "sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
else
    echo "install with this system's package manager: $*"
fi
exit 1
