from pathlib import Path

import pytest

from benchmarks import peers, runs
from benchmarks.__main__ import main
from benchmarks.cases import CASES
from benchmarks.figures import figure


@pytest.mark.slow
def test_it_prints_a_table_writes_json_and_compares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.json"
    runs.write(path, runs.run([figure("dumps", "orjson.dumps", [1.0], [1.0])]))
    main(["--only", "hook-call", "--json", str(path), "--compare", str(path)])
    measured, compared = capsys.readouterr().out.split("Ratios, compared with")
    assert "hook-call/first-listener" in measured
    assert "hook-call/first-listener" in compared
    assert "orjson.dumps" in compared
    cases = {each.case for each in runs.read(path).figures}
    assert cases == {"hook-call/first-listener", "hook-call/second-listener"}


def test_a_name_that_is_no_case_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--only", "everything"])
    assert "'hook-call'" in capsys.readouterr().err


def test_a_file_that_is_no_run_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.json"
    path.write_text("[]")
    with pytest.raises(SystemExit, match="2"):
        main(["--only", "hook-call", "--compare", str(path)])
    assert "does not hold the figures of a run" in capsys.readouterr().err


def test_a_peer_that_is_not_installed_is_named() -> None:
    assert peers.missing(["json", "no_such_peer"]) == ["no_such_peer"]


def test_without_the_peers_it_says_what_installs_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not peers.missing(CASES["bytes-to-engine"].needs):
        pytest.skip("the peers are installed")
    with pytest.raises(SystemExit, match="2"):
        main(["--only", "bytes-to-engine"])
    assert "`make bench` installs" in capsys.readouterr().err
