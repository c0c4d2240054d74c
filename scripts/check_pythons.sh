#!/usr/bin/env bash
# Run the README's demo command, and with --test its test command, in a fresh clone with each Python given.
#
# usage: check_pythons.sh [--test] PYTHON...     e.g. check_pythons.sh python3.10 python3.13
set -euo pipefail

test=false
if [ "${1:-}" = --test ]; then test=true; shift; fi
[ $# -gt 0 ] || { printf 'usage: %s [--test] PYTHON...\n' "${0##*/}" >&2; exit 2; }

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
for python in "$@"; do
    version=$("$python" -c 'import platform; print(platform.python_version())')
    clone="$work/$version"
    cd "$root"
    git clone -q "$root" "$clone"
    cd "$clone"
    commands=$(grep -F "pip install '.[local]'" README.md | head -n 1)
    if $test; then commands+=$'\n'$(grep -F "pip install '.[dev]'" README.md | head -n 1); fi
    while IFS= read -r command; do
        printf '\n== Python %s: %s\n' "$version" "$command"
        rm -rf .venv
        # The interpreter itself, not a link to it, makes the environment: a link would hide where its library is.
        if ! bash -ec "${command/python3 -m venv/\"$python\" -m venv}"; then
            printf '== Python %s FAILED\n' "$version"
            failed=1
        fi
    done <<<"$commands"
    rm -rf "$clone"
done
exit $failed
