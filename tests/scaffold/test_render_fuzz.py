"""Whatever is in model.yaml: a text that parses, or a message; never a traceback."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triton_kit.errors import TkError
from triton_kit.project import yaml_file
from triton_kit.project.render import Layer, is_rendered, render_text
from triton_kit.project.templates import Templates
from triton_kit.repository.text_format.document import parse

WORDS = st.sampled_from(
    [
        "name",
        "data_type",
        "TYPE_FP32",
        "dims",
        "input",
        "x",
        "1",
        "0",
        "count",
        "kind",
        "KIND_GPU",
        "latest",
        "a\nb",
        '"',
    ]
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.integers(0, 3), inner, max_size=3),
    max_leaves=6,
)
TENSORS = st.lists(
    st.fixed_dictionaries(
        {"name": st.text(max_size=4)}, optional={"data_type": WORDS, "dims": st.lists(st.integers(-2, 9))}
    )
)
KEYS = ["max_batch_size", "input", "output", "dynamic_batching", "instance_group", "version_policy", "step", "x"]
FIELDS = ["optimization", "parameters", "max_batch_size", "input", "model_warmup", "metric_tags", "nothing", "platform"]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(Templates().names()),
    st.dictionaries(st.sampled_from(KEYS), ANY | TENSORS, max_size=4) | ANY,
    st.dictionaries(st.sampled_from(FIELDS), ANY | TENSORS, max_size=3) | ANY,
)
def test_any_content_renders_or_is_refused(name: str, values: object, config: object) -> None:
    text = yaml_file.dump({"template": name, "values": values, "config": config})
    try:
        document = yaml_file.load(text, Path("model.yaml"))
        layer = Layer(origin="model.yaml", content=document.value, document=document)
        rendered = render_text([layer], Templates())
    except TkError:
        return
    assert is_rendered(rendered)
    assert not parse(rendered.encode("utf-8", "surrogateescape")).problems
    assert render_text([layer], Templates()) == rendered
