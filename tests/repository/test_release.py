"""Release data: what is known, what is refused, and which server flags a release takes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from triton_kit.errors import UsageError
from triton_kit.model.server_options import parse_release_option
from triton_kit.repository.release import (
    Variant,
    filter_flags,
    flags,
    newer_than_table,
    newest,
    release,
    release_of_image,
    releases,
)
from triton_kit.repository.release_name import DEFAULT_RELEASE, parse_release
from triton_kit.repository.table import RELEASE_NAME, TEXT, optional, read_table

ROOT = Path(__file__).resolve().parents[2]


def messages(container: str, *arguments: str) -> list[tuple[str, str]]:
    return [(p.severity, p.message) for p in filter_flags(release(container), arguments)]


def test_a_release_knows_its_server_and_its_image() -> None:
    found = release("24.10")
    assert (found.server, found.ubuntu, found.onnxruntime) == ("2.51.0", "22.04", "1.19.2")
    assert found.image() == "nvcr.io/nvidia/tritonserver:24.10-py3"
    assert found.image("py3-sdk") == "nvcr.io/nvidia/tritonserver:24.10-py3-sdk"


def test_the_default_release_is_in_the_table() -> None:
    assert release() == releases()[DEFAULT_RELEASE]


def test_what_no_source_says_is_unknown() -> None:
    assert release("23.01").cuda is None
    assert release("24.10").tensorrt is None


def test_every_month_from_the_first_to_the_newest_is_there_in_order() -> None:
    names = list(releases())
    months = [int(n[:2]) * 12 + int(n[3:]) for n in names]
    assert months == list(range(months[0], months[0] + len(months)))
    assert newest().container == names[-1]


def test_the_newest_row_says_what_is_known_and_no_other_lacks_its_server() -> None:
    assert newest().cuda
    assert [name for name, row in releases().items() if row.server is None and row != newest()] == []


def test_the_table_ends_at_most_three_months_before_the_newest_change() -> None:
    dated = re.findall(r"^## \[.*\] - (\d{4})-(\d\d)-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    last = newest().container
    for year, month in dated[:1]:
        assert months_between(last, f"{year[2:]}.{month}") <= 3, f"add the releases after {last} to releases.csv"


@pytest.mark.parametrize(
    ("last", "now", "months"), [("26.10", "27.01", 3), ("26.10", "27.02", 4), ("26.10", "26.11", 1)]
)
def test_months_are_counted_over_the_end_of_a_year(last: str, now: str, months: int) -> None:
    assert months_between(last, now) == months


def months_between(first: str, second: str) -> int:
    counted = [int(name[:2]) * 12 + int(name[3:]) for name in (first, second)]
    return counted[1] - counted[0]


def test_an_image_variant_before_its_time_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no vllm-python-py3 image of 23\.09") as error:
        release("23.09").image("vllm-python-py3")
    assert error.value.hint == "take a release from 23.10 on"


@pytest.mark.parametrize(
    ("variant", "last", "next_one"), [("py3-igpu", "26.02", "26.03"), ("tf2-python-py3", "25.02", "25.03")]
)
def test_an_image_variant_after_its_end_is_refused(variant: Variant, last: str, next_one: str) -> None:
    assert release(last).image(variant) == f"nvcr.io/nvidia/tritonserver:{last}-{variant}"
    with pytest.raises(UsageError, match=f"no {variant} image of {next_one}") as error:
        release(next_one).image(variant)
    assert error.value.hint == f"the last one is of {last}"


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("24.10-py3", "write 24.10"),
        ("r24.10", "write 24.10"),
        ("2.51.0", "server 2.51.0 is in container 24.10: write 24.10"),
        ("2410", "did you mean 24.10? known are 23.01 to"),
        ("22.12", "did you mean 23.01? known are 23.01 to"),
        ("24.13", "did you mean 24.12? known are 23.01 to"),
        ("24.00", "did you mean 24.01? known are 23.01 to"),
        ("24.9", "did you mean 24.09? known are 23.01 to"),
        ("", "known are 23.01 to"),
        ("99.99", "known are 23.01 to"),
        ("latest", "known are 23.01 to"),
    ],
)
def test_an_unknown_release_is_refused_with_what_was_meant(written: str, hint: str) -> None:
    with pytest.raises(UsageError, match="is unknown") as error:
        release(written)
    assert error.value.hint is not None
    assert hint in error.value.hint


def test_a_release_newer_than_the_table_is_its_last_row_and_that_is_said() -> None:
    found = release("98.12")
    assert (found.container, found.server, found.cuda) == ("98.12", None, newest().cuda)
    assert found.image() == "nvcr.io/nvidia/tritonserver:98.12-py3"
    assert filter_flags(found, ["--some-new-flag=1"]) == ()
    last = f"{newest().container}, the last release of its table"
    assert newer_than_table("98.12") == f"release 98.12 is newer than what tk knows, and is judged as {last}"
    assert newer_than_table(newest().container) is None
    assert parse_release_option("98.12") == parse_release(newest().container)


@pytest.mark.parametrize(
    ("image", "container"),
    [
        ("nvcr.io/nvidia/tritonserver:25.06-py3", "25.06"),
        ("nvcr.io/nvidia/tritonserver:25.06-vllm-python-py3", "25.06"),
        ("nvcr.io/nvidia/tritonserver:25.13-py3", None),
        ("nvcr.io/nvidia/tritonserver:25.06", None),
        ("example.org/tritonserver:25.06-py3", None),
        ("mine:25.06-py3", None),
    ],
)
def test_the_tag_of_an_official_image_names_its_release(image: str, container: str | None) -> None:
    assert release_of_image(image) == container


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n24.10,x\n", None),
        ("a,c\n24.10,x\n", r":1: the columns are a, c, not a, b"),
        ("a,b\n24.10,x, y\n", r":2: 3 cells, and 2 columns"),
        ("a,b\n24.10\n", r":2: 1 cells, and 2 columns"),
        ("a,b\n24.10,x\n24.13,x\n", r":3: a is '24\.13', which is not of its kind"),
        ("a,b\n24.10, x\n", r":2: b is ' x', which is not of its kind"),
        ("", r":1: the columns are , not a, b"),
    ],
)
def test_a_table_is_held_to_its_form(text: str, said: str | None, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(text)
    kinds = {"a": RELEASE_NAME, "b": optional(TEXT)}
    if said is None:
        assert read_table(file, kinds) == [{"a": "24.10", "b": "x"}]
    else:
        with pytest.raises(ValueError, match=said):
            read_table(file, kinds)


def test_flags_that_the_release_has_pass() -> None:
    assert messages("24.10", "--log-verbose=1", "--log-verbose", "1", "--trace-config=level=OFF", "--help", "-h") == []


def test_the_value_of_a_flag_is_not_read_as_a_flag() -> None:
    assert messages("24.10", "--id", "--strange-name", "--log-info=true") == []


def test_an_unambiguous_beginning_of_a_flag_passes_as_in_the_server() -> None:
    assert messages("24.10", "--model-cont=explicit") == []


def test_a_flag_of_a_later_release_says_since_when() -> None:
    assert messages("25.05", "--http-max-input-size=1") == [
        ("error", "--http-max-input-size is in tritonserver from 25.06 on, and this is 25.05")
    ]
    assert messages("25.06", "--http-max-input-size=1") == []


def test_a_misspelt_flag_gets_the_nearest_one() -> None:
    (problem,) = filter_flags(release("24.10"), ["--log-verbos3=1"])
    assert problem.severity == "error"
    assert problem.help == "did you mean --log-verbose?"


def test_a_word_that_is_no_flag_is_refused() -> None:
    (problem,) = filter_flags(release("24.10"), ["log-verbose=1"])
    assert problem.help == "write --log-verbose=1"


def test_a_deprecated_flag_names_its_successor_once_the_release_has_it() -> None:
    (problem,) = filter_flags(release("24.10"), ["--trace-level=OFF"])
    assert (problem.severity, problem.help) == ("warning", "write --trace-config=level=LEVEL")
    assert messages("23.03", "--trace-level=OFF") == []


def test_every_successor_of_a_deprecated_flag_is_a_flag() -> None:
    successors = {f.instead.removeprefix("--").partition("=")[0] for f in flags().values() if f.instead}
    assert successors <= set(flags())


def test_importing_release_data_reads_no_table_and_no_csv_module() -> None:
    code = "import sys, triton_kit.repository.release; print('csv' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
