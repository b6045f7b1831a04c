"""Checkpoints as C2SP's tlog-checkpoint writes them."""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay import DecodeError
from replay_plugins.audit_log.format.checkpoints import Checkpoint, read_note

ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

#: The example of the specification.
EXAMPLE = f"""\
example.com/behind-the-sofa
20852163
{ROOT}

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4\
URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""


def test_the_specifications_example_is_read() -> None:
    note = read_note(EXAMPLE)
    assert Checkpoint.from_text(note.text) == Checkpoint(
        "example.com/behind-the-sofa", 20852163, b64decode(ROOT)
    )
    assert [each.name for each in note.signatures] == ["example.com/behind-the-sofa"]


def test_the_time_stands_in_an_extension_line() -> None:
    checkpoint = Checkpoint("log", 0, bytes(32), "2026-11-26T01:20:00.000000Z")
    root = "A" * 43
    assert checkpoint.text() == f"log\n0\n{root}=\ntime 2026-11-26T01:20:00.000000Z\n"


@given(
    st.integers(0, 10**18 - 1),
    st.binary(min_size=32, max_size=32),
    st.sampled_from([None, "2026-11-26T01:20:00.123456Z"]),
)
def test_what_is_written_is_read(size: int, root: bytes, time: str | None) -> None:
    checkpoint = Checkpoint("chat-replay/log", size, root, time)
    assert Checkpoint.from_text(checkpoint.text()) == checkpoint


def test_extension_lines_of_others_are_passed_over() -> None:
    text = f"log\n1\n{ROOT}\nweather fine\ntime noon\ntime night\n"
    assert Checkpoint.from_text(text).time == "noon"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n1\n",
        f"\n1\n{ROOT}\n",
        f"log\n1\n{ROOT}",
        f"log\n1\n{ROOT}\n\nmore\n",
        f"log\n01\n{ROOT}\n",
        f"log\n-1\n{ROOT}\n",
        f"log\n+1\n{ROOT}\n",
        f"log\n1_0\n{ROOT}\n",
        f"log\n\u0661\n{ROOT}\n",
        f"log\n{'9' * 19}\n{ROOT}\n",
        f"log\n1\n{ROOT[:-1]}\n",
        "log\n1\nAAAA\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match=r"^checkpoint: "):
        Checkpoint.from_text(text)
