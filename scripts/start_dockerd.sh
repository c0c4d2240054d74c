#!/usr/bin/env bash
# Start a Docker daemon in the background and wait until it answers; does nothing where one answers already.
#
# usage: start_dockerd.sh [LOG]     LOG defaults to dockerd.log in the temporary directory. Needs root, and the Debian
# packages docker.io and iptables. The daemon stays; `kill $(cat /var/run/docker.pid)` ends it.
set -euo pipefail

log=${1:-${TMPDIR:-/tmp}/dockerd.log}

docker info >/dev/null 2>&1 && exit 0
for program in docker dockerd iptables; do
    if ! command -v "$program" >/dev/null; then
        printf '%s: %s is missing; install the Debian packages docker.io and iptables\n' "${0##*/}" "$program" >&2
        exit 3
    fi
done
((EUID == 0)) || { printf '%s: dockerd needs root; run it with sudo\n' "${0##*/}" >&2; exit 3; }

setsid nohup dockerd >"$log" 2>&1 </dev/null &
for _ in $(seq 120); do
    docker info >/dev/null 2>&1 && exit 0
    sleep 0.5
done
tail -n 20 "$log" >&2
printf '%s: dockerd did not answer within 60 s; its log is %s\n' "${0##*/}" "$log" >&2
exit 3
