"""ONNX Runtime's accelerator in the config of a model that is there: in its model.yaml, where that makes the config."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from triton_kit.errors import UsageError
from triton_kit.files.write import explain_os_errors, replace_text
from triton_kit.model import disk
from triton_kit.project import check, settings, yaml_file
from triton_kit.project.context import ProjectContext
from triton_kit.project.render import FILE, is_rendered, read_layers, render_text
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.scaffold.accelerator import Accelerator, in_config_text, in_yaml_text


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceleratorChange:
    """The new text of each file, the config first."""

    files: tuple[tuple[Path, str, str], ...]
    """Path, the text that it has, the text that it is to have."""


def plan_accelerator(here: ProjectContext, folder: Path, accelerator: Accelerator) -> AcceleratorChange:
    """The texts that give the model the accelerator; nothing is written. Raises UsageError where that cannot be."""
    path = folder / CONFIG_NAME
    text = disk.read_given(path).decode("utf-8", "surrogateescape") if path.exists() else ""
    own = folder / FILE
    if not own.is_file():
        new = in_config_text(text, accelerator, str(path))
        check.check_config(folder, new, here.lint_options)
        return AcceleratorChange(files=((path, text, new),))
    if text and not is_rendered(text):
        raise UsageError(
            f"{path} was edited by hand since it was rendered",
            hint=f"see tk render --diff {folder.name}; move the edits to {FILE}, then tk render --force",
        )
    source = disk.read_given(own).decode("utf-8", "surrogateescape")
    new_source = in_yaml_text(source, accelerator, own)
    first, *_ = read_layers(folder, None)
    document = yaml_file.load(new_source, own)
    content = settings.mapping(document, document.value, (), ("template", "values", "config"))
    new = render_text([replace(first, content=content, document=document)], here.templates)
    check.check_config(folder, new, here.lint_options)
    return AcceleratorChange(files=((path, text, new), (own, source, new_source)))


def write_change(folder: Path, change: AcceleratorChange) -> None:
    """Write each file in one step."""
    with explain_os_errors(folder):
        for path, _, new in change.files:
            replace_text(path, new)
