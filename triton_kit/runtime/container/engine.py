"""What tk asks of a container engine, Docker or Podman, through its command line."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Literal

from triton_kit.errors import TkError
from triton_kit.runtime import process
from triton_kit.runtime.container import Engine
from triton_kit.runtime.log.messages import Table, fill, known_texts

_PATIENCE = 30.0
"""Seconds that an engine gets to do something."""

_QUICK = 10.0
"""Seconds that an engine gets to tell of itself, which takes one that is well a fraction of a second."""

_SIZE_PATIENCE = 10.0
"""Seconds to wait for a registry to tell an image's size, which is good to know and no more."""

_START = {
    "docker": "start it (sudo systemctl start docker, or Docker Desktop), or take --runtime local",
    "podman": "see podman info, or take --runtime local",
}

_HANGS = {
    "docker": "restart it (sudo systemctl restart docker, or Docker Desktop), or take --runtime local",
    "podman": "see why podman info hangs, or take --runtime local",
}


def check(engine: Engine) -> None:
    """Raise TkError, with the remedy, when the engine is missing or does not answer."""
    done = _ask(engine, "version", "--format", "{{json .}}", patience=_QUICK)
    if done.exit_code != 0:
        raise unreachable(engine, done.stderr or done.stdout)


def answers(engine: Engine) -> bool:
    """Whether the engine is installed and answers."""
    try:
        check(engine)
    except TkError:
        return False
    return True


def unreachable(engine: Engine, output: str) -> TkError:
    """The failure of an engine that does not answer, by what its command line said."""
    if "permission denied" in output.lower():
        return TkError(
            f"{engine} refuses this user: permission denied",
            hint="sudo usermod -aG docker $USER, then log in again (that group is as good as root), or use podman",
        )
    last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "no answer")
    return TkError(f"{engine} does not answer: {last.rstrip('.')}", hint=_START[engine])


def has_image(engine: Engine, image: str) -> bool:
    """Whether the image is on this machine. Raises TkError when the engine does not answer."""
    done = _ask(engine, "image", "inspect", "--format", "{{.Id}}", image)
    if done.exit_code == 0:
        return True
    if re.search(r"no such image|image not known|failed to find image|no such object", done.stderr, re.IGNORECASE):
        return False
    raise unreachable(engine, done.stderr)


def download_size(engine: Engine, image: str) -> int | None:
    """The bytes that a pull of the whole image fetches, or ``None`` when the registry does not say."""
    try:
        done = process.run([engine, "manifest", "inspect", "--verbose", image], timeout=_SIZE_PATIENCE)
        manifest = json.loads(done.stdout) if done.exit_code == 0 else None
    except (TkError, ValueError):
        return None
    if isinstance(manifest, list):
        manifest = next((m for m in manifest if _is_amd64_or_only(m, manifest)), None)
    if not isinstance(manifest, dict):
        return None
    inner = manifest.get("SchemaV2Manifest") or manifest.get("OCIManifest") or manifest
    layers = inner.get("layers") or []
    return sum(int(layer.get("size", 0)) for layer in layers) or None


def pull(engine: Engine, image: str, progress: Callable[[str], None], *, pause: float = 0.1) -> None:
    """Fetch an image; ``progress`` gets its size, then how far it is. Raises TkError when it is not available."""
    size = download_size(engine, image)
    progress(f"pulling {image}" + (f": {size / 1e9:.1f} GB, less what is here already" if size else ""))
    puller = process.spawn([engine, "pull", image])
    layers = Layers()
    output: list[str] = []
    try:
        ended = False
        while not ended:
            ended = puller.poll() is not None and puller.output_ended
            for line in puller.lines():
                output.append(line)
                if step := layers.take(line):
                    progress(step)
            time.sleep(0 if ended else pause)
    finally:
        puller.stop(grace=2.0)
    if puller.poll() != 0:
        last = next((line for line in reversed(output) if line.strip()), "no reason given")
        raise TkError(
            f"{image} cannot be pulled: {last.removeprefix('Error response from daemon: ').rstrip('.')}",
            hint="check the name, the network and the login; another image can be given with --image",
        )


class Layers:
    """How many of an image's layers are there, counted from what a pull prints line by line."""

    def __init__(self) -> None:
        self._all: set[str] = set()
        self._here: set[str] = set()

    def take(self, line: str) -> str | None:
        """What to show after this line, or ``None`` when it brings nothing new."""
        layer, colon, what = line.strip().partition(": ")
        if not colon or not re.fullmatch(r"[0-9a-f]{12,64}", layer):
            return None
        self._all.add(layer)
        if what not in ("Pull complete", "Already exists") or layer in self._here:
            return None
        self._here.add(layer)
        return f"{len(self._here)} of {len(self._all)} layers"


def refusal(engine: Engine, lines: Iterable[str]) -> TkError:
    """Why the engine did not start a container at all (exit code 125), by what its command line said."""
    relevant = [line for line in lines if line.strip() and not line.startswith("Run '")]
    text = "\n".join(relevant)
    if "daemon" in text and "onnect" in text and "driver failed" not in text:
        return unreachable(engine, text)
    found = _refusals().find(text)
    if found is not None and found[0].kind in ("error", "general"):
        parts = {name: value.rstrip(".") for name, value in found[1].items()} | {"engine": engine}
        return TkError(fill(found[0].cause, parts), hint=fill(found[0].help, parts))
    last = relevant[-1] if relevant else "no reason given"
    reason = re.sub(r"^.*?(?:Error response from daemon|Error): ", "", last).rstrip(".")
    return TkError(f"{engine} did not start the container: {reason}")


@cache
def _refusals() -> Table:
    return Table(known for known in known_texts() if known.area in ("engine", "ports"))


def exit_cause(engine: Engine, container: str, since: float) -> tuple[bool, int | None]:
    """Whether a container that is gone ran out of memory, and the number of the last signal sent to it from outside.

    From the engine's events, which outlive a container that was started with ``--rm``.
    """
    try:
        done = process.run(
            [engine, "events", "--since", str(int(since)), "--until", str(int(time.time()) + 1),
             "--filter", f"container={container}", "--format", "{{json .}}"],
            timeout=_PATIENCE,
        )  # fmt: skip
    except TkError:
        return False, None
    out_of_memory, signal = False, None
    for line in done.stdout.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        attributes = (event.get("Actor") or {}).get("Attributes") or event.get("Attributes") or {}
        action = event.get("Action") or event.get("Status")
        out_of_memory |= action == "oom"
        if action == "kill" and str(attributes.get("signal", "")).isdecimal():
            signal = int(attributes["signal"])
    return out_of_memory, signal


def exit_state(engine: Engine, container: str, since: float) -> tuple[int | None, str | None]:
    """The exit code of a container that has ended, and in words why where that is not the server's own doing.

    ``None`` where the engine does not know; ``since`` is when the container was started.
    """
    done = _ask(engine, "container", "inspect", "--format", "{{json .State}}", container)
    try:
        found = json.loads(done.stdout) if done.exit_code == 0 else {}
    except ValueError:
        found = {}
    code = found.get("ExitCode") if found.get("Status") in ("exited", "dead") else None
    out_of_memory, signal = exit_cause(engine, container, since)
    if out_of_memory or found.get("OOMKilled"):
        return code, "it ran out of memory and was killed by the kernel"
    return code, None if signal is None else f"it was ended from outside, by signal {signal}"


def check_name(engine: Engine, container: str) -> None:
    """Raise TkError when a container of that name exists: what tk did not start, it must not end either."""
    done = _ask(engine, "container", "inspect", "--format", "{{.State.Status}}", container)
    if done.exit_code == 0:
        raise TkError(
            f"a container named {container} exists already ({done.stdout.strip()})",
            hint=f"remove it ({engine} rm --force {container}), or take another --name",
        )


def remove(engine: Engine, container: str) -> bool:
    """Remove a container by force, running or not; whether it is gone. Nothing is said about one that is not there."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            done = _ask(engine, "rm", "--force", container)
        except TkError:
            return False
        errors = done.stderr.lower()
        if "already in progress" not in errors:
            return done.exit_code == 0 or "no such container" in errors
        time.sleep(0.05)  # one that was started with --rm removes itself
    return False


def stop(engine: Engine, container: str, grace: float) -> bool:
    """Ask a container to end, by force after ``grace`` seconds; whether there was one."""
    try:
        done = process.run([engine, "stop", "-t", str(max(0, round(grace))), container], timeout=grace + _PATIENCE)
    except TkError:
        return False
    return done.exit_code == 0


def maps_users(engine: Engine) -> bool:
    """Whether the users in a container are others outside: the engine is rootless, or has a user namespace.

    Raises TkError for an engine that hangs, so that nobody waits for it a second time.
    """
    form = "{{.Host.Security.Rootless}}" if engine == "podman" else "{{.SecurityOptions}}"
    try:
        info = _ask(engine, "info", "--format", form, patience=_QUICK).stdout
    except process.NoAnswerError:
        raise
    except TkError:
        return False
    return "true" in info or "name=rootless" in info or "name=userns" in info


def containers_with_label(engine: Engine, wanted: str, label: str) -> dict[str, str] | None:
    """What ``label`` says on each container, by name, that has the label ``wanted``, written ``NAME=VALUE``.

    Containers that have ended do not count. ``None`` when the engine is not installed or does not answer.
    """
    if shutil.which(engine) is None:
        return None
    states = [part for state in ("created", "running", "paused") for part in ("--filter", f"status={state}")]
    form = f'{{{{.Names}}}}\t{{{{.Label "{label}"}}}}'
    try:
        listing = ("ps", "--all", "--filter", f"label={wanted}", *states, "--format", form)
        done = _ask(engine, *listing, patience=_QUICK)
    except TkError:
        return None
    if done.exit_code != 0:
        return None
    return {name: text for name, tab, text in (line.partition("\t") for line in done.stdout.splitlines()) if tab}


def arguments(engine: Engine, container: str) -> list[str]:
    """The arguments that a container's program was started with; none where they are not known."""
    done = _ask(engine, "container", "inspect", "--format", "{{json .Args}}", container)
    try:
        found = json.loads(done.stdout) if done.exit_code == 0 else []
    except ValueError:
        return []
    return [str(argument) for argument in found or ()]


def environment(engine: Engine, name: str, *, kind: Literal["container", "image"] = "container") -> dict[str, str]:
    """The variables that a container's program was started with, or an image has; none where they are not known."""
    done = _ask(engine, kind, "inspect", "--format", "{{json .Config.Env}}", name)
    try:
        found = json.loads(done.stdout) if done.exit_code == 0 else []
    except ValueError:
        return {}
    return dict(str(item).split("=", 1) for item in found or () if "=" in str(item))


def _ask(engine: Engine, *arguments: str, patience: float = _PATIENCE) -> process.Completed:
    try:
        return process.run([engine, *arguments], timeout=patience)
    except process.NoAnswerError as error:
        raise process.NoAnswerError(error.message, hint=_HANGS[engine]) from None


def _is_amd64_or_only(manifest: object, among: list[object]) -> bool:
    if not isinstance(manifest, dict):
        return False
    platform = (manifest.get("Descriptor") or {}).get("platform") or {}
    return len(among) == 1 or platform.get("architecture") == "amd64"
