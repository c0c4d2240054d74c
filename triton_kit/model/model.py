"""A model as the server sees it: each fact read once, when it is asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from triton_kit.backends.detect import NOTHING, Detected, Listing, detect_backend
from triton_kit.backends.facts import Facts, facts
from triton_kit.model import disk
from triton_kit.model.broken import Broken, kept
from triton_kit.model.completion import Completed, Readers, Tensor, complete, tensors
from triton_kit.model.directory import ModelDirectory
from triton_kit.model.version import Version, overflows, selected, version_folder, version_numbers
from triton_kit.repository.release_name import show_release
from triton_kit.value import cached_property

if TYPE_CHECKING:
    import ast

    from triton_kit.model.python_completion import Evaluation
    from triton_kit.signature.errors import ModelFileError
    from triton_kit.signature.onnx.model import OnnxModel


class Model(ModelDirectory):
    """A model as the server sees it: its directory, with what the server adds to the configuration."""

    @cached_property
    def detected(self) -> Detected:
        """Backend, platform and model file name after the server's own completion, which is always on."""
        config = self.config
        backend, platform, name = config.backend, config.platform, config.default_model_filename
        looks = not (platform or name) and backend in ("", "tensorflow")
        return detect_backend(
            model_name=self.name,
            backend=backend,
            platform=platform,
            filename=name,
            listing=self.inspected if looks else NOTHING,
            runtime=config.runtime,
            release=show_release(self.options.release),
        )

    @property
    def inspected(self) -> Listing:
        """What is in the one directory that detection looks into: the first by name, whatever it is."""
        first = self.first_directory
        if first is None:
            return NOTHING
        entries = self.listing(first)
        folders = frozenset(name for name, kind in entries.items() if kind == disk.DIRECTORY)
        return Listing(names=frozenset(entries), directories=folders)

    @property
    def backend(self) -> str:
        """The backend's name after completion; empty where there is none, as for an ensemble."""
        return self.detected.backend

    @property
    def facts(self) -> Facts:
        """What the backend does."""
        return facts(self.backend)

    @property
    def platform(self) -> str:
        """The platform after completion."""
        return self.detected.platform

    @property
    def file_name(self) -> str:
        """The model file's name in a version directory, the backend's default where none is given or filled in."""
        backend, platform, name = self.detected
        if backend == "pytorch" and not name:
            # libtorch.cc and model.py of pytorch, where the configuration says nothing.
            return "model.pt2" if platform == "torch_aoti" else "model.pt"
        return name

    @property
    def is_ensemble(self) -> bool:
        """Whether the server takes it for an ensemble."""
        return self.platform == "ensemble"

    @cached_property
    def version_numbers(self) -> dict[str, int]:
        """The directories that count as versions; Broken where one of them kills the server."""
        numbers = version_numbers(self.directories)
        if any(map(overflows, numbers.values())):
            raise Broken("versions")
        return numbers

    @property
    def all_versions(self) -> list[Version]:
        """The versions that the server counts, whether or not its policy selects them, lowest first."""
        return [Version(number, self.directory) for number in sorted(set(version_numbers(self.directories).values()))]

    @cached_property
    def versions(self) -> list[Version]:
        """The versions that the server loads, as the version policy selects them, lowest first."""
        policy = self.config.version_policy if self.config.has("version_policy") else None
        return [Version(number, self.directory) for number in selected(self.version_numbers.values(), policy)]

    @property
    def latest(self) -> Version | None:
        """The version that a request without one gets, the highest that is loaded; ``None`` where there is none."""
        return self.versions[-1] if self.versions else None

    @property
    def completed_latest(self) -> Completed | None:
        """The latest version's configuration after completion; ``None`` without a version, Broken where that fails."""
        latest = self.latest
        return None if latest is None else self.completed(latest)

    @cached_property
    def inputs(self) -> list[Tensor]:
        """The inputs as written."""
        return tensors(self.config, "input")

    @cached_property
    def outputs(self) -> list[Tensor]:
        """The outputs as written."""
        return tensors(self.config, "output")

    @cached_property
    def _completed(self) -> dict[int, Completed]:
        return {}

    def completed(self, version: int) -> Completed:
        """The configuration of one version after the backend's completion; Broken where that fails."""
        if self.config.max_batch_size < 0:
            raise Broken("max_batch_size")
        if version not in self._completed:
            written = Completed(self.config.max_batch_size, self.inputs, self.outputs)
            if self.options.auto_complete and not self.is_ensemble:
                readers = Readers(lambda: self.signature(version).signature, lambda: self.python_completion(version))
                written = complete(written, self.config, self.backend, self.options, readers)
            self._completed[version] = written
        return self._completed[version]

    def model_file(self, version: int) -> str:
        """The path of a version's model file."""
        return self.join(self.version_folder(version), self.file_name)

    @cached_property
    def _kinds(self) -> dict[int, str | None]:
        return {}

    def model_file_kind(self, version: int) -> str | None:
        """What a version's model file is: one of the kinds of ``disk``, or ``None`` for nothing."""
        if version not in self._kinds:
            self._kinds[version] = disk.kind_of(self.model_file(version))
        return self._kinds[version]

    @staticmethod
    def version_folder(version: int) -> str:
        """The name of the directory that is opened for a version."""
        return version_folder(version)

    @cached_property
    def reads(self) -> dict[tuple[int, object], object]:
        """What readers said of model files, by version and reader: see ``model_file``."""
        return {}

    @cached_property
    def _onnx(self) -> dict[int, OnnxModel | ModelFileError]:
        return {}

    def onnx(self, version: int) -> OnnxModel | ModelFileError:
        """The OnnxModel of a version or the ModelFileError that reading it gave; Broken where there is no file."""
        if version not in self._onnx:
            from triton_kit.signature.onnx.signature import ModelFileError, infer_missing, read

            path = self.model_file(version)
            kind = self.model_file_kind(version)
            if kind == disk.DIRECTORY:
                path = os.path.join(path, "model.onnx")
                kind = disk.kind_of(path)
            if kind != disk.FILE:
                raise Broken(path)
            try:
                read_one = read(path, confined=False, checked=True, regular=True)
                self._onnx[version] = infer_missing(path, read_one, level=self.graph_level)
            except ModelFileError as error:
                self._onnx[version] = kept(error)
        return self._onnx[version]

    @cached_property
    def readable_onnx(self) -> list[tuple[int, OnnxModel]]:
        """The versions whose file can be read and holds one model, with what it says."""
        found: list[tuple[int, OnnxModel]] = []
        for version in self.versions:
            try:
                onnx = self.onnx(version)
            except Broken:
                continue
            if not isinstance(onnx, Exception) and onnx.graphs == 1:
                found.append((version, onnx))
        return found

    @property
    def graph_level(self) -> int:
        """How far the configuration lets ONNX Runtime optimize the graph; 0 is its default, all."""
        return self.config.optimization.graph.level

    def signature(self, version: int) -> OnnxModel:
        """The OnnxModel of a version; Broken where it cannot be read."""
        found = self.onnx(version)
        if isinstance(found, Exception):
            raise Broken(self.file_name)
        return found

    @cached_property
    def _python(self) -> dict[int, ast.Module | Exception]:
        return {}

    def python(self, version: int) -> ast.Module | Exception:
        """The syntax tree of a version's model.py or the SyntaxError.

        Where there is no such file it is Broken, and not raised: the other versions have theirs.
        """
        if version not in self._python:
            import ast
            import warnings

            try:
                source = disk.read_bytes(self.model_file(version))
            except (OSError, ValueError) as error:
                self._python[version] = kept(error) if isinstance(error, disk.TooLarge) else Broken(self.file_name)
                return self._python[version]
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self._python[version] = ast.parse(source)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                self._python[version] = kept(error)
        return self._python[version]

    @cached_property
    def _python_completions(self) -> dict[int, Evaluation | None]:
        return {}

    def python_completion(self, version: int) -> Evaluation | None:
        """What a version's own completion does; ``None`` where its code has none, Broken where there is no code."""
        if version not in self._python_completions:
            from triton_kit.signature.python_source import completes, mentions

            tree = self.python(version)
            if isinstance(tree, Broken):
                raise Broken(self.file_name)
            found: Evaluation | None = None
            if completes(tree):
                from triton_kit.model.python_completion import UNTOLD, evaluate

                found = UNTOLD
                if not isinstance(tree, Exception) and mentions(tree, "auto_complete_config"):
                    file = f"{self.version_folder(version)}/{self.file_name}"
                    found = evaluate(tree, self.config, self.name, file)
            self._python_completions[version] = found
        return self._python_completions[version]
