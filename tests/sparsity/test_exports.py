import subprocess
import sys

import pytest

from tenth import sparsity


def test_every_public_name_is_there_and_only_those():
    assert dir(sparsity) == sorted(sparsity.__all__)
    assert set(sparsity._HOME) < set(sparsity.__all__)
    for name in sparsity.__all__:
        assert getattr(sparsity, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sparsity.nothing


def test_the_room_loads_without_torch():
    program = "import sys, tenth.sparsity; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
