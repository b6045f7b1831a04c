import doctest

import pytest

from benchmarks import documents, spread, table


@pytest.mark.parametrize("module", [documents, spread, table])
def test_the_examples_in_docstrings_hold(module: object) -> None:
    done = doctest.testmod(module)  # type: ignore[arg-type] # it is a module
    assert done.attempted
    assert not done.failed
