"""What the machine can do at most."""

import re
import subprocess
from importlib import resources

import pytest

from tenth.kernels.toolchain import find_compiler
from tenth.ship.bench.roof import Roof, measure


def test_the_roof_of_this_machine_is_that_of_a_processor():
    roof = measure()
    assert 1e9 < roof.flops_per_second < 1e12
    assert 5e8 < roof.bytes_per_second < 2e12


def test_the_roof_rises_with_intensity_up_to_the_peak():
    roof = Roof(100e9, 20e9)
    assert roof.at(1) == 20e9
    assert roof.at(5) == roof.at(50) == 100e9


@pytest.mark.parametrize(("flag", "chains"), [("-mavx512f", 24), ("-mfma", 12)])
def test_the_sums_of_the_roof_stay_in_registers(tmp_path, flag, chains):
    source = tmp_path / "roof.c"
    source.write_bytes(resources.files("tenth.ship.bench").joinpath("roof.c").read_bytes())
    command = [*find_compiler().command, "-target", "x86_64-linux-gnu", flag, "-O3"]
    if find_compiler().origin != "ziglang":
        pytest.skip("the target is named as ziglang's clang has it")
    command += ["-ffp-contract=fast", "-S", str(source), "-o", str(tmp_path / "roof.s")]
    subprocess.run(command, check=True, capture_output=True)
    text = (tmp_path / "roof.s").read_text()
    loop = re.search(r"^roof_multiply:(.*?)^\s*\.size\s+roof_multiply", text, re.S | re.M)
    assert loop is not None
    # a loop of sums that is not unrolled adds few at a time, through memory
    assert len(re.findall(r"\bvfmadd\w*ps\s", loop[1])) >= chains
