#!/usr/bin/env bash
# Make a local Triton image out of parts that can be fetched without NVIDIA's registry, for tests of the Docker path.
#
# What is inside: Debian 12 with its Python 3.11, the tritonserver 2.51.0 (container 24.10) that ships in the
# nvidia-pytriton wheel, the python backend with its stub for Python 3.11, and triton-kit's Python-based onnxruntime
# backend. Paths, entrypoint and environment follow the official image, so that
# `docker run IMAGE tritonserver --model-repository=/models` means the same for both.
#
# usage: make_triton_image.sh [--tag IMAGE:TAG] [--cache DIR] [--engine docker|podman] [--force]
#   TK_SERVER_WHEEL   a nvidia-pytriton wheel to use instead of fetching it
#   TK_DEBIAN_MIRROR  the Debian mirror to use instead of the default one of debootstrap
#   PYTHON            the Python whose pip fetches the wheels (default: python3)
#
# Does nothing when an image with this tag was made from the same inputs. Needs root (debootstrap), and the Debian
# packages debootstrap, docker.io, iptables and unzip.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tag=triton-kit/tritonserver:24.10-local
cache=${XDG_CACHE_HOME:-$HOME/.cache}/triton-kit/image
engine=docker
force=
python=${PYTHON:-python3}
suite=bookworm
wheel_requirement=nvidia-pytriton==0.7.0
python_requirements=(numpy==1.26.4 onnxruntime==1.19.2 pillow==10.4.0)
label=triton-kit.inputs

fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 3; }
say() { printf '%s\n' "$*" >&2; }

while (($#)); do
    case $1 in
        --tag) tag=${2:?--tag needs a value}; shift 2 ;;
        --cache) cache=${2:?--cache needs a value}; shift 2 ;;
        --engine) engine=${2:?--engine needs a value}; shift 2 ;;
        --force) force=1; shift ;;
        -h | --help) sed -n '2,/^set -/{/^set -/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        *) say "${0##*/}: unknown argument $1"; exit 2 ;;
    esac
done

for program in debootstrap unzip tar sha256sum "$engine" "$python"; do
    command -v "$program" >/dev/null || fail "$program is missing; install the Debian packages debootstrap, docker.io, iptables and unzip"
done
((EUID == 0)) || fail "debootstrap needs root; run it with sudo"
"$engine" info >/dev/null 2>&1 || fail "$engine does not answer; start it (scripts/start_dockerd.sh)"
[[ $(uname -m) == x86_64 ]] || fail "only x86-64 is supported by this script"

backend=$here/triton_kit/runtime/embedded/onnxruntime_backend
[[ -f $backend/model.py ]] || fail "$backend/model.py is missing"

inputs=$({
    cat "${BASH_SOURCE[0]}"
    find "$backend" -name '*.py' -type f | LC_ALL=C sort | xargs -d '\n' cat
    printf '%s\n' "${TK_SERVER_WHEEL:-}"
} | sha256sum | cut -c1-16)
if [[ -z $force ]]; then
    have=$("$engine" image inspect --format "{{index .Config.Labels \"$label\"}}" "$tag" 2>/dev/null || true)
    if [[ $have == "$inputs" ]]; then
        say "$tag is up to date"
        exit 0
    fi
fi

mkdir -p "$cache"
stage=$(mktemp -d "$cache/stage.XXXXXX")
trap 'rm -rf --one-file-system "$stage"' EXIT

# Each cached part is written under another name and moved, so that an interrupted run leaves nothing half.
base=$cache/base-$suite-python3.11.tar
if [[ ! -f $base ]]; then
    say "making the base system"
    mkdir "$stage/root"
    debootstrap --variant=minbase --include=python3,libpython3.11,libgomp1 "$suite" "$stage/root" \
        ${TK_DEBIAN_MIRROR:+"$TK_DEBIAN_MIRROR"} >"$stage/debootstrap.log" 2>&1 ||
        { tail -n 20 "$stage/debootstrap.log" >&2; fail "debootstrap failed"; }
    rm -rf "$stage/root"/var/cache/apt/* "$stage/root"/var/lib/apt/lists/* "$stage/root"/usr/share/{doc,man,locale}/*
    tar -C "$stage/root" --one-file-system -cf "$stage/base.tar" .
    mv "$stage/base.tar" "$base"
else
    mkdir "$stage/root"
    tar -C "$stage/root" -xf "$base"
fi
root=$stage/root

wheel=${TK_SERVER_WHEEL:-}
if [[ -z $wheel ]]; then
    wheel=$(find "$cache" -maxdepth 1 -name 'nvidia_pytriton-0.7.0-*x86_64.whl' -print -quit)
fi
if [[ -z $wheel ]]; then
    say "fetching $wheel_requirement"
    mkdir "$stage/wheel"
    "$python" -m pip download --quiet --no-deps --only-binary=:all: --dest "$stage/wheel" "$wheel_requirement"
    mv "$stage"/wheel/*.whl "$cache/"
    wheel=$(find "$cache" -maxdepth 1 -name 'nvidia_pytriton-0.7.0-*x86_64.whl' -print -quit)
fi
[[ -f $wheel ]] || fail "$wheel: no such file"

packages=$cache/python-$(printf '%s\n' "${python_requirements[@]}" | sha256sum | cut -c1-16)
if [[ ! -d $packages ]]; then
    say "fetching ${python_requirements[*]}"
    "$python" -m pip install --quiet --no-deps --no-compile --target "$stage/packages" --only-binary=:all: \
        --python-version 3.11 --implementation cp --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 \
        --platform manylinux_2_17_x86_64 "${python_requirements[@]}"
    mv "$stage/packages" "$packages"
fi

say "putting the image together"
unzip -q "$wheel" 'pytriton/tritonserver/*' 'nvidia_pytriton.libs/*' -d "$stage/server"
server=$stage/server/pytriton/tritonserver
opt=$root/opt/tritonserver
mkdir -p "$opt/bin" "$opt/backends" "$root/opt/nvidia" "$root/models"
cp "$server/bin/tritonserver" "$opt/bin/"
chmod 755 "$opt/bin/tritonserver"
cp -r "$server/backends/python" "$opt/backends/python"
cp "$server/python_backend_stubs/3.11/triton_python_backend_stub" "$opt/backends/python/"
chmod 755 "$opt/backends/python/triton_python_backend_stub"
cp -r "$server/caches" "$opt/caches"
cp -r "$stage/server/nvidia_pytriton.libs" "$opt/lib"
mkdir "$opt/backends/onnxruntime"
find "$backend" -maxdepth 1 -name '*.py' -type f -exec cp {} "$opt/backends/onnxruntime/" \;
cp -r "$packages/." "$root/usr/lib/python3/dist-packages/"
printf '#!/bin/sh\nexec "$@"\n' >"$root/opt/nvidia/nvidia_entrypoint.sh"
chmod 755 "$root/opt/nvidia/nvidia_entrypoint.sh"

tar -C "$root" --one-file-system --owner=0 --group=0 --numeric-owner -c . | "$engine" import \
    --change 'ENTRYPOINT ["/opt/nvidia/nvidia_entrypoint.sh"]' \
    --change 'ENV PATH=/opt/tritonserver/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'ENV LD_LIBRARY_PATH=/opt/tritonserver/lib' \
    --change 'ENV TRITON_SERVER_VERSION=2.51.0' \
    --change 'WORKDIR /opt/tritonserver' \
    --change "LABEL $label=$inputs" \
    - "$tag" >/dev/null
say "$tag is ready"
