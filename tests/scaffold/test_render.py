"""config.pbtxt from model.yaml and its template."""

from __future__ import annotations

from pathlib import Path

import pytest

import triton_kit
from triton_kit.errors import UsageError
from triton_kit.project import yaml_file
from triton_kit.project.render import Layer, is_rendered, render, render_model, render_text
from triton_kit.project.templates import Templates
from triton_kit.project.values import parse_settings
from triton_kit.repository.text_format.document import parse

MODEL = """\
template: onnxruntime
values:
  max_batch_size: 8
  input:
    - {name: x, data_type: TYPE_FP32, dims: [4]}
  output:
    - {name: y, data_type: TYPE_FP32, dims: [2]}
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    place = tmp_path / "r" / "m"
    (place / "1").mkdir(parents=True)
    (place / "model.yaml").write_text(MODEL)
    return place


def text(model: Path, content: str | None = None, *settings: str, env: str | None = None) -> str:
    if content is not None:
        (model / "model.yaml").write_text(content)
    layers = (Layer(origin="--set", content=parse_settings(settings)),) if settings else ()
    return render(model, Templates(), env=env, layers=layers).text


def refused(model: Path, content: str | None = None, *settings: str, env: str | None = None) -> UsageError:
    with pytest.raises(UsageError) as caught:
        text(model, content, *settings, env=env)
    return caught.value


def fields(rendered: str) -> dict[str, object]:
    document = parse(rendered)
    assert not document.problems
    return document.message.to_dict()


def test_the_text_says_where_it_comes_from_and_has_the_values(model: Path) -> None:
    lines = text(model).splitlines()
    assert lines[0] == "# Rendered by tk from model.yaml (template onnxruntime); edit that and run: tk render"
    assert lines[1].startswith("# Content sha256: ")
    assert fields(text(model)) == {
        "backend": "onnxruntime",
        "max_batch_size": 8,
        "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": [4]}],
        "output": [{"name": "y", "data_type": "TYPE_FP32", "dims": [2]}],
    }


def test_the_same_values_give_the_same_bytes(model: Path) -> None:
    assert text(model) == text(model)
    assert triton_kit.render(model) == text(model) == render_model(model)


def test_rendered_text_is_told_from_edited_text(model: Path) -> None:
    rendered = text(model)
    assert is_rendered(rendered)
    assert is_rendered(rendered.replace("\n", "\r\n"))
    assert not is_rendered(
        rendered.replace("8", "9", 1) if "8\n" not in rendered else rendered.replace("size: 8", "size: 9")
    )
    assert not is_rendered("# mine\n" + rendered)
    assert not is_rendered(rendered + "# mine\n")
    assert not is_rendered(rendered.replace("run: tk render", "run: tk render # tk: ignore[x]"))
    assert not is_rendered("max_batch_size: 8\n")
    assert not is_rendered("")


def test_any_field_of_model_config_can_be_reached(model: Path) -> None:
    more = "config:\n  optimization: {graph: {level: 1}}\n  parameters: {intra_op_thread_count: {string_value: '2'}}\n"
    assert fields(text(model, MODEL + more)) == {
        **fields(text(model, MODEL)),
        "optimization": {"graph": {"level": 1}},
        "parameters": {"intra_op_thread_count": {"string_value": "2"}},
    }


def test_a_field_of_the_template_can_be_changed_or_removed(model: Path) -> None:
    changed = fields(
        text(model, MODEL + "config:\n  max_batch_size: 4\n  output: {0: {label_filename: l.txt}}\n  input: null\n")
    )
    assert changed == {
        "backend": "onnxruntime",
        "max_batch_size": 4,
        "output": [{"name": "y", "data_type": "TYPE_FP32", "dims": [2], "label_filename": "l.txt"}],
    }


def test_of_a_choice_the_field_under_config_stays(model: Path) -> None:
    content = MODEL + "  dynamic_batching: {}\n  version_policy: {latest: {num_versions: 2}}\n"
    content += "config:\n  sequence_batching: {max_sequence_idle_microseconds: 5}\n  version_policy: {all: {}}\n"
    got = fields(text(model, content))
    assert "dynamic_batching" not in got
    assert got["sequence_batching"] == {"max_sequence_idle_microseconds": 5}
    assert got["version_policy"] == {"all": {}}


def test_settings_come_last(model: Path) -> None:
    got = fields(text(model, None, "max_batch_size=2", "config.optimization.graph.level=1", "input.0.dims=[9]"))
    assert got["max_batch_size"] == 2
    assert got["optimization"] == {"graph": {"level": 1}}
    assert got["input"] == [{"name": "x", "data_type": "TYPE_FP32", "dims": [9]}]


def test_a_zero_stays_a_zero(model: Path) -> None:
    assert fields(text(model, None, "max_batch_size=0")).get("max_batch_size", 0) == 0


def test_an_environment_is_laid_over(model: Path) -> None:
    (model / "model.prod.yaml").write_text("values:\n  instance_group: [{count: 2, kind: KIND_GPU, gpus: [0, 1]}]\n")
    rendered = text(model, env="prod")
    assert fields(rendered)["instance_group"] == [{"count": 2, "kind": "KIND_GPU", "gpus": [0, 1]}]
    assert "from model.yaml and model.prod.yaml (" in rendered
    assert refused(model, env="dev").hint == "choose from: prod"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "model.yaml:1:1: no template is named"),
        ("template: onnxruntimee\n", "model.yaml:1:1: onnxruntimee is not a template"),
        ("templat: x\n", "model.yaml:1:1: templat is not known here"),
        ("- x\n", "model.yaml:1:1: the file is not a mapping"),
        ("template: onnxruntime\nvalues: 3\n", "model.yaml:2:1: values is not a mapping"),
        ("template: onnxruntime\nvalues:\n  max_batch: 3\n", "model.yaml:3:3: max_batch is not a value of template"),
        ("template: onnxruntime\nvalues:\n  max_batch_size: many\n", "model.yaml:3:3: "),
        ("template: onnxruntime\nvalues:\n  max_batch_size: 010\n", "model.yaml:3:3: "),
        ("template: onnxruntime\nvalues:\n  max_batch_size: 99999999999\n", "model.yaml:3:3: "),
        ("template: onnxruntime\nvalues:\n  input:\n    - {name: x, data_typ: TYPE_FP32}\n", "model.yaml:4:17: "),
        ("template: onnxruntime\nvalues:\n  input:\n    - {name: x, data_type: FP32}\n", "model.yaml:4:17: "),
        ("template: onnxruntime\nvalues:\n  input:\n    - {name: no, dims: [no]}\n", "model.yaml:4:"),
        ("template: onnxruntime\nconfig:\n  optimisation: {}\n", "model.yaml:3:3: "),
        ("template: onnxruntime\nconfig:\n  optimization: {graph: {levl: 1}}\n", "model.yaml:3:26: "),
        ("template: ensemble\nvalues:\n  step: x\n", "model.yaml:3:3: step is 'x', not a list"),
    ],
)
def test_what_is_wrong_in_model_yaml_has_its_place(model: Path, content: str, message: str) -> None:
    error = refused(model, content)
    assert error.message.startswith(f"{model}/{message}")


def test_an_unknown_name_suggests_the_nearest(model: Path) -> None:
    assert refused(model, "template: onnxruntimee\n").hint == "did you mean onnxruntime?"
    assert refused(model, "template: onnxruntime\nvalues: {max_batch: 1}\n").hint == "did you mean max_batch_size?"


def test_what_is_wrong_in_a_setting_names_the_option(model: Path) -> None:
    assert refused(model, None, "max_batch=3").message.startswith("--set max_batch: max_batch is not a value")
    assert refused(model, None, "config.optimisation.x=3").message.startswith("--set config.optimisation.x: ")


def test_a_quote_in_a_name_cannot_break_out(model: Path) -> None:
    for name in ('a"b', "a'b", "a\\b", "a\nb", 'x" data_type: TYPE_INT8 #', "\u00e9\u4e2d", "{{ 1 }}", "{% raw %}"):
        content = yaml_file.dump({"template": "tensorflow", "values": {"input": [{"name": name}], "platform": name}})
        got = fields(text(model, content))
        assert got["input"] == [{"name": name}]
        assert got["platform"] == name


@pytest.fixture
def own(tmp_path: Path) -> Path:
    place = tmp_path / "templates" / "config" / "mine"
    place.mkdir(parents=True)
    return place


def with_template(own: Path, model: Path, body: str, values: str = "values: {a: 1}\n") -> str:
    (own / "config.pbtxt.j2").write_text(body)
    (model / "model.yaml").write_text(f"template: mine\n{values}")
    return render(model, Templates(own=own.parent.parent)).text


def test_a_project_has_templates_of_its_own(own: Path, model: Path) -> None:
    rendered = with_template(own, model, 'backend: "{{ a | pbtxt }}"\n', "values: {a: 'x\"y'}\n")
    assert fields(rendered) == {"backend": 'x"y'}


def test_a_project_can_replace_a_built_in_template_and_keep_its_macros(own: Path, model: Path) -> None:
    place = own.parent / "onnxruntime"
    place.mkdir()
    (place / "config.pbtxt.j2").write_text(
        '{% import "_macros.j2" as tk %}\nbackend: "onnxruntime"\n# ours\n'
        "{{ tk.tensors(max_batch_size, input, output) }}\n"
    )
    rendered = render(model, Templates(own=own.parent.parent)).text
    assert "# ours" in rendered
    assert fields(rendered) == fields(text(model))


def test_comments_of_a_template_outlive_fields_under_config(own: Path, model: Path) -> None:
    body = '# first\nbackend: "x" # tk: ignore[a]\n# second\nmax_batch_size: 8 # gone with it\n# third\n'
    rendered = with_template(own, model, body, "config: {max_batch_size: 4, runtime: r}\n")
    assert [c.text for c in parse(rendered).source.comments][2:] == [
        "# first",
        "# tk: ignore[a]",
        "# second",
        "# gone with it",
        "# third",
    ]
    assert fields(rendered) == {"backend": "x", "max_batch_size": 4, "runtime": "r"}


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("# ok\n\n{{ foo }}\n", 3, "'foo' is undefined"),
        ("{% if a %}\n", 1, "Unexpected end of template"),
        ("a\n{{ a | nothing }}\n", 2, "No filter named 'nothing'"),
        ("\n{{ a.b.c }}\n", 2, "'int object' has no attribute 'b'"),
        ("\n{{ 1 / 0 }}\n", 2, "division by zero"),
        ("\n\n{{ fields(max_batch=1) }}\n", 3, ""),
        ("\n{{ fields(max_batch_size=foo) }}\n", 2, "'foo' is undefined"),
        ("{{ foo | pbtxt }}\n", 1, "'foo' is undefined"),
        ("\n{% include 'nothing.j2' %}\n", 2, "the template nothing.j2 does not exist"),
        ("\n{{ fail('a must be 2') }}\n", 2, "a must be 2"),
        ("\n{{ ''.__class__.__mro__ }}\n", 2, "access to attribute '__class__'"),
        ("\n{% for i in range(10000000) %}{% endfor %}\n", 2, "Range too big"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", None, "without end"),
    ],
)
def test_what_is_wrong_in_a_template_has_its_place(
    own: Path, model: Path, body: str, line: int | None, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        with_template(own, model, body)
    place = f"{own}/config.pbtxt.j2:" + (f"{line}: " if line else "")
    assert caught.value.message.startswith(place)
    assert message in caught.value.message


def test_a_template_cannot_read_other_files(own: Path, model: Path) -> None:
    (own.parent.parent.parent / "secret").write_text("s")
    with pytest.raises(UsageError, match="does not exist"):
        with_template(own, model, "{% include '../../../secret' %}")


def test_a_template_that_gives_no_config_is_refused(own: Path, model: Path) -> None:
    with pytest.raises(UsageError, match=r"template mine gives a config\.pbtxt that cannot be read"):
        with_template(own, model, "backnd: 'x'\n")


def test_every_template_renders_and_parses_from_its_defaults() -> None:
    for name in Templates().names():
        document = yaml_file.load(f"template: {name}\n", Path("model.yaml"))
        layer = Layer(origin="model.yaml", content=document.value, document=document)
        assert fields(render_text([layer], Templates()))
        assert Templates().get(name).description


def test_the_example_of_the_documentation_renders() -> None:
    page = (Path(__file__).parents[2] / "docs" / "model-yaml.md").read_text()
    document = yaml_file.load(page.split("```yaml\n")[1].split("```")[0], Path("model.yaml"))
    got = fields(render_text([Layer(origin="model.yaml", content=document.value, document=document)], Templates()))
    assert got["optimization"] == {"graph": {"level": 1}}
    assert got["instance_group"] == [{"count": 2, "kind": "KIND_GPU", "gpus": [0, 1]}]
