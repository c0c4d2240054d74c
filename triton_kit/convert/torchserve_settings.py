"""TorchServe's settings of a model: in its model-config.yaml, and in the server's config.properties."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from triton_kit.errors import TkError, UsageError
from triton_kit.model import disk
from triton_kit.project import yaml_file

DEFAULT_DELAY = 100
"""Milliseconds that TorchServe waits for a batch (ManagementAPI, max_batch_delay)."""

_KNOWN = ("batchSize", "maxBatchDelay", "minWorkers", "maxWorkers", "deviceType", "deviceIds", "responseTimeout")
_NUMBERS = _KNOWN[:4]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one model: ``values`` by TorchServe's names, with the file that each comes from.

    ``rest`` is what the YAML says beside them, and what the handler may read in it.
    """

    values: dict[str, tuple[object, str]]
    rest: dict[str, object]

    def number(self, name: str) -> int | None:
        """A setting that is a number, ``None`` where it is not set."""
        value = self.values.get(name, (None, ""))[0]
        return value if isinstance(value, int) else None

    @property
    def kind(self) -> str | None:
        """``cpu`` or ``gpu``, ``None`` where the device is not set, or is none of Triton's."""
        device = str(self.values.get("deviceType", ("", ""))[0]).lower()
        return device if device in ("cpu", "gpu") else None

    @property
    def gpus(self) -> str | None:
        """The GPUs as tk add takes them, ``None`` where they are not set, or the device is another."""
        numbers = self.values.get("deviceIds", (None, ""))[0]
        if self.kind != "gpu" or not isinstance(numbers, list) or not numbers:
            return None
        fine = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers)
        return ",".join(map(str, dict.fromkeys(numbers))) if fine else None

    def origin(self, name: str) -> str:
        """The file that says it."""
        return self.values[name][1]


def read_settings(yaml: Path | None, properties: Path | None, model: str, version: str) -> Settings:
    """The settings of a model; the YAML in the archive comes first, as in TorchServe (frontend ModelManager).

    Raises UsageError, with the file, for what cannot be read or is not a setting.
    """
    values: dict[str, tuple[object, str]] = {}
    rest: dict[str, object] = {}
    if properties is not None:
        found = _from_properties(properties, model, version)
        values |= {name: (found[name], properties.name) for name in _KNOWN if name in found}
    if yaml is not None:
        found = yaml_file.read(yaml).value or {}
        if not isinstance(found, dict):
            raise UsageError(f"{yaml.name} of the archive is not a mapping", hint="make the archive again")
        values |= {name: (found[name], yaml.name) for name in _KNOWN if name in found}
        rest = {name: value for name, value in found.items() if name not in _KNOWN}
    for name in _NUMBERS:
        value, origin = values.get(name, (1, ""))
        least = 0 if name in ("maxBatchDelay", "minWorkers", "maxWorkers") else 1
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**31:
            raise UsageError(
                f"{origin}: {name} is {value!r}, which is not such a number", hint="fix it, or leave it out"
            )
    return Settings(values=values, rest=rest)


def _from_properties(path: Path, model: str, version: str) -> dict[str, object]:
    try:
        text = disk.read_given(path).decode("utf-8")
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist", hint="give TorchServe's config.properties") from None
    except (OSError, UnicodeDecodeError) as error:
        why = disk.reason(error) if isinstance(error, OSError) else str(error)
        raise TkError(f"{path} cannot be read: {why}", hint="check the file") from None
    properties = read_properties(text)
    try:
        models = json.loads(properties.get("models") or "{}")
    except ValueError as error:
        raise UsageError(f"{path}: models is not JSON: {error}", hint="fix it, or leave --config out") from None
    versions = models.get(model) if isinstance(models, dict) else None
    found = versions.get(version) if isinstance(versions, dict) else None
    if found is None and isinstance(versions, dict) and len(versions) == 1:
        [found] = versions.values()
    result: dict[str, object] = dict(found) if isinstance(found, dict) else {}
    workers = properties.get("default_workers_per_model", "")
    if workers.isascii() and workers.isdecimal():
        result.setdefault("minWorkers", int(workers))
    return result


def read_properties(text: str) -> dict[str, str]:
    """The entries of a Java properties file, as far as TorchServe's use its grammar: ``KEY=VALUE``, ``\\`` goes on."""
    entries: dict[str, str] = {}
    line = ""
    for raw in text.splitlines():
        piece = raw.lstrip()
        if not line and piece[:1] in ("#", "!"):
            continue
        ends = len(piece) - len(piece.rstrip("\\"))
        if ends % 2:
            line += piece[:-1]
            continue
        line += piece
        key, sign, value = line.partition("=")
        if not sign:
            key, _, value = line.partition(":")
        if key.strip():
            entries[key.strip()] = value.strip()
        line = ""
    return entries
