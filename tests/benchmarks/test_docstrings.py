import doctest

import pytest

from benchmarks import documents, figures, spread, table


@pytest.mark.parametrize("module", [documents, figures, spread, table])
def test_the_examples_in_docstrings_hold(module: object) -> None:
    done = doctest.testmod(module)  # type: ignore[arg-type] # it is a module
    assert done.attempted
    assert not done.failed
