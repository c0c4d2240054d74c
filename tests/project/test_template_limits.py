"""A template ends: what runs without end, or makes a text without end, is one error with its place."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from triton_kit.errors import TkError, UsageError
from triton_kit.project import jinja
from triton_kit.project.template_limits import LENGTH, STEPS
from triton_kit.project.templates import LARGEST, Templates

Render = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "templates" / "config" / "mine"
    found.mkdir(parents=True)
    return found


@pytest.fixture
def render(folder: Path) -> Render:
    def rendered(body: str, **values: object) -> str:
        (folder / "config.pbtxt.j2").write_text(body)
        templates = Templates(own=folder.parent.parent)
        return jinja.render(templates, templates.get("mine"), folder / "config.pbtxt.j2", values)

    return rendered


STEPS_SAID = f"the template takes more than {STEPS:,} steps"
SIZE_SAID = f"the template makes a value of more than {LENGTH:,} characters"
TEXT_SAID = f"the template gives more than {LENGTH:,} characters"
X = "{% set x = 'x' * 1000000 %}"

ENDLESS = {
    "nested ranges": (
        "{% for a in range(99999) %}" * 3 + "{% endfor %}" * 3,
        STEPS_SAID,
    ),
    "a loop that calls itself": (
        "{% for a in range(50000) recursive %}{% if loop.depth < 9 %}{{ loop(range(50000)) }}{% endif %}{% endfor %}",
        STEPS_SAID,
    ),
    "macros that double": (
        "".join(
            f"{{% macro m{i}() %}}{{{{ m{i - 1}() }}}}{{{{ m{i - 1}() }}}}{{% endmacro %}}" if i
            else "{% macro m0() %}{% endmacro %}"
            for i in range(40)
        )
        + "{{ m39() }}",
        STEPS_SAID,
    ),
    "much in the body of a loop": (
        "{% for a in range(99999) %}" + "{% if a %}{% endif %}" * 5000 + "{% endfor %}", STEPS_SAID
    ),
    "searches of a long list": (
        "{% set l = range(99999) | list %}{% for a in range(99999) %}{% if -1 in l %}{% endif %}{% endfor %}",
        STEPS_SAID,
    ),
    "comparisons of long texts": (
        X + "{% set y = x ~ '' %}{% for a in range(99999) %}{% if x == y %}{% endif %}{% endfor %}", STEPS_SAID
    ),
    "slices of a long text": (X + "{% for a in range(99999) %}{% set y = x[1:] %}{% endfor %}", STEPS_SAID),
    "a generator": ("{{ range(99999) | map('string') | map('list') | list | tojson(indent=99999) }}", STEPS_SAID),
    "a huge format width": ("{{ '%1000000000d' % 1 }}", SIZE_SAID),
    "a width among the values": ("{{ '%*d' % (1000000000, 1) }}", SIZE_SAID),
    "a precision": ("{{ '%.1000000000f' % 1 }}", SIZE_SAID),
    "the format filter": ("{{ '%1000000000d' | format(1) }}", SIZE_SAID),
    "a method's format": ("{{ '{:1000000000}'.format(1) }}", SIZE_SAID),
    "a nested format": ("{{ '{:{w}}'.format(1, w=1000000000) }}", SIZE_SAID),
    "a long value many times": ("{{ ('{0}' * 10000).format('x' * 100000) }}", SIZE_SAID),
    "a text many times": ("{{ 'x' * 1000000000 }}", SIZE_SAID),
    "a list many times": ("{{ ([1] * 1000000000) | length }}", SIZE_SAID),
    "a number times a text": ("{{ 1000000000 * 'x' }}", SIZE_SAID),
    "doubled again and again": (
        "{% set n = namespace(x='xx') %}{% for a in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}", SIZE_SAID
    ),
    "joined again and again": (
        "{% set n = namespace(x='xx') %}{% for a in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}", SIZE_SAID
    ),
    "lists of lists": (
        "{% set n = namespace(x=[1]) %}{% for a in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
        SIZE_SAID,
    ),
    "centred": ("{{ 'x' | center(1000000000) }}", STEPS_SAID),
    "indented": ("{{ ('x\\n' * 9999) | indent(99999) }}", STEPS_SAID),
    "wrapped": ("{{ ('x' * 999999) | wordwrap(1) }}", STEPS_SAID),
    "replaced": ("{{ ('x' * 99999) | replace('x', 'y' * 99999) }}", STEPS_SAID),
    "joined": ("{{ range(99999) | join('y' * 99999) }}", STEPS_SAID),
    "justified by a method": ("{{ 'x'.ljust(1000000000) }}", STEPS_SAID),
    "tabs": ("{{ ('\t' * 99999).expandtabs(99999) }}", STEPS_SAID),
    "bytes of a number": ("{{ (1).to_bytes(1000000000, 'big') }}", STEPS_SAID),
    "filled batches": ("{{ [1] | batch(1000000000, 0) | list | length }}", STEPS_SAID),
    "slices": ("{{ [1] | slice(1000000000) | list | length }}", STEPS_SAID),
    "a precision of rounding": ("{{ 1 | round(1000000000) }}", STEPS_SAID),
    "a power": ("{{ 9 ** 999999999 }}", "** makes a number of more than 4096 bits"),
    "squares of squares": (
        "{% set n = namespace(x=9) %}{% for a in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}",
        "* makes a number of more than 4096 bits",
    ),
    "a long text in a variable": (
        "{% set t %}{% for a in range(99999) %}" + "x" * 999 + "{% endfor %}{% endset %}", STEPS_SAID
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDLESS)
def test_a_template_without_end_is_one_error(render: Render, folder: Path, case: str) -> None:
    body, said = ENDLESS[case]
    begun = time.process_time()
    with pytest.raises(UsageError) as caught:
        render("\n" + body)
    assert caught.value.message.startswith(f"{folder}/config.pbtxt.j2:2: "), caught.value.message
    assert said in caught.value.message
    # Far above what it takes on a slow machine, far below what it took.
    assert time.process_time() - begun < 60


def test_a_long_text_is_refused(render: Render, folder: Path) -> None:
    line = "backend: 'a backend of a very long name'\n"
    with pytest.raises(UsageError) as caught:
        render("{% for a in range(9999) %}" + line * 15 + "{% endfor %}")
    assert caught.value.message == f"{folder}/config.pbtxt.j2: {TEXT_SAID}"


def test_a_chain_of_includes_that_doubles_ends(render: Render, folder: Path) -> None:
    for i in range(40):
        (folder / f"i{i}.j2").write_text(
            f"{{% include 'i{i + 1}.j2' %}}{{% include 'i{i + 1}.j2' %}}" if i < 39 else "x"
        )
    with pytest.raises(UsageError, match="steps"):
        render("{% include 'i0.j2' %}")


def test_a_large_model_is_far_from_the_limits(render: Render) -> None:
    tensors = [{"name": f"a_tensor_{i}", "data_type": "TYPE_FP32", "dims": [-1, 3, 224, 224]} for i in range(10_000)]
    body = (
        "{{ fields(input=input) }}"
        "{% for t in output %}output { name: {{ t.name | upper | pbtxt }} dims: [ {{ t.dims | join(', ') }} ] }\n"
        "{% if loop.first and t.dims | length in [1, 4] %}{{ '%5d' % 7 }}{% endif %}{% endfor %}"
    )
    text = render(body, input=tensors, output=tensors)
    assert text.count("a_tensor_9999") == 1
    assert text.count("A_TENSOR_") == 10_000


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{{ 'a' ~ 1 ~ [2] }}", "a1[2]"),
        ("{{ 'abc'[1:] }}", "bc"),
        ("{{ 1 < 2 < 3 and 2 in [1, 2] }}", "True"),
        ("{{ 'x' * 3 + 'y' }}", "xxxy"),
        ("{{ '%s=%05.1f' % ('x', 2) }}", "x=002.0"),
        ("{{ '{:>4}'.format('x') }}", "   x"),
        ("{{ '%s' | format('x') }}", "x"),
        ("{{ 2 ** 10 * 3 }}", "3072"),
        ("{{ [3, 1] | sort | map('string') | join('-') }}", "1-3"),
        ("{{ 5000000000 | default(1073741824) }}", "5000000000"),
        ("{% for a in [[1, [2]], 3] recursive %}{{ loop(a) if a is iterable else a }}{% endfor %}", "123"),
        ("{% macro m(a) %}<{{ a }}{{ caller() }}>{% endmacro %}{% call m(1) %}2{% endcall %}", "<12>"),
        ("{% set t %}{{ 1 }}{% endset %}{{ t | center(5) }}.", "  1  ."),
        ("{% filter upper %}a{{ 'b' }}{% endfilter %}", "AB"),
    ],
    ids=[
        "join", "slice", "comparison", "repetition", "format", "method", "format filter", "power", "chain of filters",
        "large number", "recursive loop", "call block", "captured", "filter block",
    ],
)  # fmt: skip
def test_what_is_counted_means_what_it_meant(render: Render, body: str, text: str) -> None:
    assert render(body) == text


def test_the_error_of_an_undefined_value_is_still_that(render: Render) -> None:
    with pytest.raises(UsageError, match="'nothing' is undefined"):
        render("{{ 'a' ~ nothing }}")
    with pytest.raises(UsageError, match="'nothing' is undefined"):
        render("{{ nothing | default('a') ~ (nothing == 1) }}")


def test_a_link_out_of_the_templates_is_not_followed(render: Render, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret")
    (folder / "other.j2").symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError, match=r"other\.j2 is a link that leads out of"):
        render("{% include 'other.j2' %}")
    with pytest.raises(UsageError, match=r"other\.j2 is a link that leads out of"):
        Templates(own=folder.parent.parent).get("mine").files()


def test_a_link_inside_the_templates_is_followed(render: Render, folder: Path) -> None:
    (folder.parent / "shared.j2").write_text("shared")
    (folder / "other.j2").symlink_to("../shared.j2")
    assert render("{% include 'other.j2' %}") == "shared"


def test_a_template_that_is_too_large_is_not_read(render: Render, folder: Path) -> None:
    with (folder / "other.j2").open("wb") as file:
        file.truncate(4_000_000_000)
    with pytest.raises(
        TkError, match=r"other\.j2 cannot be read: it is 4\.0 GB, and one of more than 1 MB is not read"
    ):
        render("{% include 'other.j2' %}")
    assert LARGEST == 1_000_000
