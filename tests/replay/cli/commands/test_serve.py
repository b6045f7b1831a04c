"""``replay serve``."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from asking import CHAT, ask, events_of
from replay_command import Run
from serving_process import serving, url_in

TEXT = {"type": "text", "content": "Grüße"}


def test_one_line_tells_how_to_reach_it(session_file: Callable[..., Path]) -> None:
    with serving(session_file(TEXT)) as (_, line):
        url = url_in(line)
        variables = f"LLAMA_CLOUD_BASE_URL={url} LLAMA_CLOUD_API_KEY=any"
        assert line == f"1 session at {url} ({variables})\n"
        assert ask(url, "GET", f"{CHAT}/ses-1").json["events"] == [TEXT]


def test_ctrl_c_ends_it_with_130(session_file: Callable[..., Path]) -> None:
    with serving(session_file(TEXT)) as (process, line):
        assert ask(url_in(line), "GET", CHAT).status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr
        assert process.stderr.read() == ""


def test_the_key_is_asked_for_and_not_shown(session_file: Callable[..., Path]) -> None:
    with serving(session_file(TEXT), "--api-key", "llx-right") as (_, line):
        assert "llx-right" not in line
        assert ask(url_in(line), "GET", CHAT).status == 401
        key = {"Authorization": "Bearer llx-right"}
        assert ask(url_in(line), "GET", CHAT, headers=key).status == 200


def test_its_options_reach_the_server(session_file: Callable[..., Path]) -> None:
    options = ("--page-size", "1", "--last-page-token", "null", "--fault", "1x503")
    with serving(session_file(TEXT), *options) as (_, line):
        assert ask(url_in(line), "GET", CHAT).status == 503
        ask(url_in(line), "POST", CHAT)
        page = ask(url_in(line), "GET", CHAT).json
        assert len(page["items"]) == 1
        assert page["next_page_token"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--host", "0.0.0.0"], "other machines may reach it: add --allow-remote"),  # noqa: S104 - refused
        (["--speed", "nan"], "'speed' must be > 0: nan"),
        (["--fault", "stall=soon"], "the fault stall cannot take 'soon'"),
        (["--speed", "0"], "0.0 is not in the range x>0"),
        (["--page-size", "0"], "0 is not in the range x>=1"),
    ],
)
def test_wrong_options_are_refused(
    run: Run, session_file: Callable[..., Path], options: list[str], problem: str
) -> None:
    done = run("serve", session_file(TEXT), *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_unknown_fault_is_told_the_nearest(
    run: Run, session_file: Callable[..., Path]
) -> None:
    done = run("serve", session_file(TEXT), "--fault", "stal")
    assert done.returncode == 2
    assert "there is no fault 'stal' (did you mean 'stall'?" in done.stderr


def test_other_machines_may_reach_it_where_that_is_allowed(
    session_file: Callable[..., Path],
) -> None:
    options = ("--host", "0.0.0.0", "--allow-remote")  # noqa: S104 - allowed
    with serving(session_file(TEXT), *options) as (_, line):
        assert url_in(line).startswith("http://0.0.0.0:")


def test_a_location_that_cannot_be_read_is_one_line(run: Run) -> None:
    done = run("serve", "missing.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "replay: error: missing.json: no such file or directory\n"


def test_files_that_cannot_be_read_are_told_once_and_the_others_are_served(
    session_file: Callable[..., Path],
) -> None:
    path = session_file(TEXT)
    broken, odd = path.with_name("a.json"), path.with_name("odd.json")
    broken.write_text("{", encoding="utf-8")
    odd.write_text('{"events": [{"type": "unheard of"}]}', encoding="utf-8")
    with serving(path.parent, "--option", "strict=true") as (process, line):
        assert line.startswith("2 sessions at ")
        url = url_in(line)
        for _ in range(2):
            assert ids(url) == ["odd", "ses-1"]
            assert ask(url, "GET", f"{CHAT}/odd").status == 500
        assert ask(url, "GET", f"{CHAT}/ses-1").json["events"] == [TEXT]
        assert ask(url, "GET", f"{CHAT}/other").status == 404
        created = ask(url, "POST", CHAT).json["session_id"]
        turn = {"prompt": "Why?", "index_ids": ["idx"]}
        answer = ask(url, "POST", f"{CHAT}/{created}/messages/stream", turn)
        assert events_of(answer.body) == [TEXT]
        path.write_text("[", encoding="utf-8")
        assert ids(url) == ["odd", created]
        assert ask(url, "GET", f"{CHAT}/ses-1").status == 404
        process.send_signal(signal.SIGINT)
        assert process.stderr
        told = process.stderr.read().splitlines()
    assert [each.split(": ")[2] for each in told] == [*map(str, (broken, odd, path))]


def ids(url: str) -> list[str]:
    return [each["session_id"] for each in ask(url, "GET", CHAT).json["items"]]


def test_what_holds_nothing_that_can_be_read_is_not_served(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text('{"events": 1}', encoding="utf-8")
    (tmp_path / "b.json").write_text("[]", encoding="utf-8")
    for arguments in ((tmp_path / "a.json",), (tmp_path, "--fail-fast")):
        done = run("serve", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{tmp_path}/a.json: $: not a session" in done.stderr


def test_a_port_that_is_taken_is_one_line(
    run: Run, session_file: Callable[..., Path]
) -> None:
    path = session_file(TEXT)
    with serving(path) as (_, line):
        done = run("serve", path, "--port", url_in(line).rpartition(":")[2])
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "in use" in done.stderr
