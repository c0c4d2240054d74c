"""What ``serve:`` of tk.yaml says of the servers of a project, and its named profiles, which go before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from triton_kit.errors import UsageError
from triton_kit.project import yaml_file
from triton_kit.project.settings import FILE, Project, mapping
from triton_kit.suggestion import suggest

_PORTS = ("http", "grpc", "metrics")
_LIMITS = ("memory", "cpus", "shm-size")
_KEYS = ("runtime", "image", "release", "ports", "gpus", "env", "flags", "model-control", "limits")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """The settings by the names of the options of ``tk serve``; ``None`` and nothing where tk.yaml does not say it.

    ``env`` are ``NAME=VALUE`` and ``NAME``, ``flags`` those of tritonserver.
    """

    runtime: str | None = None
    image: str | None = None
    release: str | None = None
    http_port: int | None = None
    grpc_port: int | None = None
    metrics_port: int | None = None
    gpus: str | None = None
    env: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    model_control: str | None = None
    memory: str | None = None
    cpus: float | None = None
    shm_size: str | None = None


def serve_settings(project: Project | None, profile: str | None = None) -> ServeSettings:
    """The settings of a project's servers, those of the profile before the others; ``None`` is no project.

    Raises UsageError with the place of what is wrong in its tk.yaml, or where there is no such profile.
    """
    if project is None:
        if profile is not None:
            raise UsageError(f"--profile {profile}: there is no {FILE} here", hint="run tk init, or go to a project")
        return ServeSettings()
    document = yaml_file.read(project.root / FILE)
    at = ("serve",)
    section = mapping(document, (document.value or {}).get("serve"), at, (*_KEYS, "profiles"))
    found = _Reader(document, at).read({key: value for key, value in section.items() if key != "profiles"})
    profiles = section.get("profiles") or {}
    if not isinstance(profiles, dict):
        raise UsageError(f"{document.where((*at, 'profiles'))}: profiles is not a mapping of names to settings")
    read = {}
    for name, value in profiles.items():
        place = (*at, "profiles", str(name))
        read[str(name)] = _Reader(document, place).read(mapping(document, value, place, _KEYS))
    if profile is None:
        return found
    if profile not in read:
        hint = suggest(profile, tuple(read)) if read else f"write it in {FILE}: serve, profiles, {profile}"
        raise UsageError(f"--profile {profile}: {document.file} has no profile of that name", hint=hint)
    return _over(found, read[profile])


def _over(below: ServeSettings, above: ServeSettings) -> ServeSettings:
    """The settings of both, where they differ those of ``above``; variables and flags of both, in that order."""
    changes = {
        entry.name: value
        for entry in fields(ServeSettings)
        if (value := getattr(above, entry.name)) not in (None, ()) and entry.name not in ("env", "flags")
    }
    return replace(below, **changes, env=below.env + above.env, flags=below.flags + above.flags)


class _Reader:
    """Reads one mapping of settings, and knows where each stands."""

    def __init__(self, document: yaml_file.YamlFile, at: tuple[str, ...]) -> None:
        self._document = document
        self._at = at

    def read(self, section: Mapping[str, object]) -> ServeSettings:
        http, grpc, metrics = self._ports(section.get("ports"))
        limits = mapping(self._document, section.get("limits"), (*self._at, "limits"), _LIMITS)
        return ServeSettings(
            runtime=self._text(section, "runtime"),
            image=self._text(section, "image"),
            release=self._text(section, "release"),
            http_port=http,
            grpc_port=grpc,
            metrics_port=metrics,
            gpus=self._gpus(section.get("gpus")),
            env=self._env(section.get("env")),
            flags=self._flags(section.get("flags")),
            model_control=self._text(section, "model-control"),
            memory=self._size(limits, "memory"),
            cpus=self._cpus(limits.get("cpus")),
            shm_size=self._size(limits, "shm-size"),
        )

    def _refuse(self, key: str, what: str, hint: str) -> UsageError:
        return UsageError(f"{self._document.where((*self._at, *key.split('.')))}: {key} {what}", hint=hint)

    def _text(self, section: Mapping[str, object], key: str) -> str | None:
        value = section.get(key)
        if value is not None and (not isinstance(value, str) or not value):
            raise self._refuse(
                key,
                f"is {value!r}, not a text",
                f'write {key}: "{value}"' if isinstance(value, (int, float)) else "write a text",
            )
        return value

    def _ports(self, value: object) -> tuple[int | None, int | None, int | None]:
        if value is None:
            return None, None, None
        if value == "auto":
            return 0, 0, 0
        hint = "write auto, [8000, 8001, 8002], or http: 8000"
        if isinstance(value, list) and len(value) == len(_PORTS):
            value = dict(zip(_PORTS, value, strict=True))
        if not isinstance(value, dict):
            raise self._refuse("ports", f"is {value!r}", hint)
        for key, port in mapping(self._document, value, (*self._at, "ports"), _PORTS).items():
            if isinstance(port, bool) or not isinstance(port, int):
                raise self._refuse("ports", f"has {port!r} for {key}, which is not a TCP port", hint)
        return value.get("http"), value.get("grpc"), value.get("metrics")

    def _gpus(self, value: object) -> str | None:
        if isinstance(value, list):
            return ",".join(map(str, value))
        if value is None or (isinstance(value, (str, int)) and not isinstance(value, bool)):
            return None if value is None else str(value)
        raise self._refuse("gpus", f"is {value!r}", "write auto, all, none, or indices: [0, 1]")

    def _env(self, value: object) -> tuple[str, ...]:
        if isinstance(value, dict):
            # A name without a value takes the one that it has where tk runs.
            return tuple(
                str(name) if inner is None else f"{name}={str(inner).lower() if isinstance(inner, bool) else inner}"
                for name, inner in value.items()
            )
        if value is None or (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            return tuple(value or ())
        raise self._refuse("env", "is not a mapping of names to values", "write NAME: value, or - NAME")

    def _flags(self, value: object) -> tuple[str, ...]:
        if value is None or (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            return tuple(value or ())
        raise self._refuse("flags", "is not a list of flags", "write - --log-verbose=1")

    def _size(self, limits: Mapping[str, object], key: str) -> str | None:
        value = limits.get(key)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise self._refuse(f"limits.{key}", f"is {value!r}", "write 512m or 2g")

    def _cpus(self, value: object) -> float | None:
        if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
            return None if value is None else float(value)
        raise self._refuse("limits.cpus", f"is {value!r}", "write 2 or 1.5")
