import re

import pytest

from tenth.catalogue import devices, machine
from tenth.errors import InputError

ALL = devices.all()


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("h100", "h100-sxm"),
        ("H100 SXM", "h100-sxm"),
        ("NVIDIA H100 SXM5 80GB", "h100-sxm"),
        ("a100", "a100-sxm-80"),
        ("RTX 4090", "rtx4090"),
        ("TPUv4", "tpu-v4"),
        ("8480+", "xeon-8480plus"),
        ("Raspberry Pi 5", "raspberry-pi-5"),
    ],
)
def test_a_device_is_found_by_id_title_and_alias(typed, name):
    assert devices.find(typed).name == name


@pytest.mark.parametrize("device", ALL, ids=lambda d: d.name)
def test_every_device_is_found_by_its_names_and_is_sound(device):
    assert devices.find(device.name) is device
    assert devices.find(device.title) is device
    assert device.kind in devices.KINDS
    assert device.peak_flops.bounds()[0] > 0
    for figure in (device.memory_bytes, device.bandwidth, device.tdp_watts, device.node_watts):
        assert figure.reason if figure.value is None else figure.value > 0
        assert figure.value is None or figure.source
    assert (device.watts_per_thread.value is None) == (device.threads is None)


def test_names_and_aliases_never_name_two_devices():
    seen: dict[str, str] = {}
    for row in devices.rows("devices"):
        for name in (row["id"], row["name"], *filter(None, row["aliases"].split(";"))):
            key = devices.simplified(name)
            assert seen.setdefault(key, row["id"]) == row["id"], name


def test_an_unknown_device_offers_near_matches():
    with pytest.raises(InputError, match=r"Got 'h101'.*h100"):
        devices.find("h101")
    with pytest.raises(InputError, match="raspberry-pi-5"):
        devices.find("abacus")


def test_peaks_are_dense_and_16_bit_with_32_bit_sums():
    assert devices.find("h100").peak_flops.value == 989.4e12
    assert devices.find("rtx3090").peak_flops.value == 71e12
    assert devices.find("xeon-8480plus").peak_flops.value == 7.2e12  # float32, not its AMX peak


def test_power_is_the_nodes_where_it_was_read_else_a_formula():
    h100 = devices.find("h100").node_watts
    assert h100.value == 970
    assert h100.high == pytest.approx(970 * 1.12**1.645)
    a100 = devices.find("a100").node_watts
    assert a100.value == pytest.approx(1.2 * 400)
    assert a100.low == pytest.approx(480 / 1.30**1.645)
    assert (h100.label, a100.label) == ("given", "modelled")
    assert devices.find("tpu-v5e").node_watts.value is None


def test_a_busy_thread_draws_three_quarters_of_its_share():
    watts = devices.find("epyc-7763").watts_per_thread
    assert watts.bounds() == pytest.approx(
        (0.75 * 280 / 128, 0.55 * 0.75 * 280 / 128, 1.45 * 0.75 * 280 / 128)
    )
    assert watts.label == "modelled"


def test_this_machine_scales_the_generic_row(monkeypatch):
    monkeypatch.setattr(machine, "cpu_name", lambda: "Some CPU @ 2.5 GHz")
    monkeypatch.setattr(machine, "memory_bytes", lambda: 1 << 34)
    here = devices.here(threads=6)
    assert (here.name, here.title, here.threads) == ("here", "Some CPU @ 2.5 GHz", 6)
    assert here.peak_flops.bounds() == pytest.approx((0.24e12, 0.12e12, 0.96e12))
    assert here.watts_per_thread.value == pytest.approx(3.75)
    assert here.node_watts.value == pytest.approx(22.5)
    assert "6 × 7.5 W ÷ 2 threads" in here.node_watts.source
    assert here.memory_bytes.to_json()["label"] == "measured"
    assert here.tdp_watts.value is None


def test_this_machine_takes_the_row_of_its_model(monkeypatch):
    monkeypatch.setattr(machine, "cpu_name", lambda: "AMD EPYC 7763 64-Core Processor")
    monkeypatch.setattr(machine, "memory_bytes", lambda: None)
    here = devices.here(threads=4)
    assert here.peak_flops.value == pytest.approx(5.0e12 * 4 / 128)
    assert here.watts_per_thread == devices.find("epyc-7763").watts_per_thread
    assert here.memory_bytes.value is None


def test_this_machine_as_it_is():
    here = devices.here()
    assert here.threads == machine.threads()
    assert here.node_watts.bounds()[0] > 0
    assert re.search(r"threads of", here.notes)


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2", float("nan")])
def test_nonsense_threads_are_refused(threads):
    with pytest.raises(InputError, match="threads must be a whole number"):
        devices.here(threads=threads)
