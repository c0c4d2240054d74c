"""Release data: what is known, what is refused, and which server flags a release takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from triton_kit.errors import UsageError
from triton_kit.repository.release import Release, filter_flags, flags, newest, release, releases
from triton_kit.repository.release_name import DEFAULT_RELEASE


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


def test_the_newest_row_is_complete() -> None:
    row = newest()
    assert row.server
    assert row.ubuntu
    assert row.python
    assert row.onnxruntime


def test_an_image_variant_before_its_time_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no vllm-python-py3 image of 23\.09") as error:
        release("23.09").image("vllm-python-py3")
    assert error.value.hint == "take a release from 23.10 on"


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("24.10-py3", "write 24.10"),
        ("r24.10", "write 24.10"),
        ("2.51.0", "server 2.51.0 is in container 24.10: write 24.10"),
        ("2410", "did you mean 24.10? known are 23.01 to"),
        ("22.12", "known are 23.01 to"),
        ("24.13", "known are 23.01 to"),
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


def test_a_release_newer_than_the_table_is_taken_at_its_word() -> None:
    found = release("98.12")
    assert found == Release(container="98.12")
    assert found.image() == "nvcr.io/nvidia/tritonserver:98.12-py3"
    assert filter_flags(found, ["--some-new-flag=1"]) == ()


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
