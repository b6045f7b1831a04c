import json
from pathlib import Path

import attrs
import cattrs
import pytest

from benchmarks import runs
from benchmarks.figures import Figure, figure

FIGURE = figure("dumps", "orjson.dumps", [0.003, 0.004], [0.002, 0.002], events=10)


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    written = runs.run([FIGURE])
    runs.write(path, written)
    assert runs.read(path) == written


def test_the_json_has_the_documented_shape(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    runs.write(path, runs.run([FIGURE]))
    document = json.loads(path.read_text())
    assert document.keys() == attrs.fields_dict(runs.Run).keys()
    (row,) = document["figures"]
    assert row.keys() == attrs.fields_dict(Figure).keys()
    assert row["ratio"] == {"low": 1.625, "median": 1.75, "high": 1.875}


def test_a_run_knows_its_packages_and_python() -> None:
    made = runs.run([])
    assert "msgspec" in made.packages
    assert made.python.split()[1].startswith("3.")
    assert made.processor
    assert made.cores


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"date": "2026-04-22"}')
    with pytest.raises(cattrs.BaseValidationError):
        runs.read(path)
