import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenth.catalogue import devices, own, prices
from tenth.errors import FormatError, InputError, TenthError

DEVICES = (
    "id,class,fp16_bf16_tensor_dense_tflops,memory_gb,tdp_w,name\nours,gpu,100,48,300,Our Board\n"
)
PRICES = "device,tier,usd_per_hour,date,seller\nh100,typical,2.5,2026-09,Contract\n"


@pytest.fixture(autouse=True)
def a_day(monkeypatch):
    monkeypatch.setattr(prices, "today", lambda: datetime.date(2026, 11, 30))


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "own.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_users_device_is_a_device_and_what_it_leaves_out_is_unknown(table):
    (ours,) = devices.read(table(DEVICES))
    assert (ours.name, ours.title, ours.kind) == ("ours", "Our Board", "gpu")
    assert ours.peak_flops.value == 100e12
    assert ours.node_watts.value == pytest.approx(1.2 * 300)
    assert ours.bandwidth.value is None
    assert "own.csv" in ours.peak_flops.source
    assert devices.find("our board", [ours]) is ours
    assert devices.find("h100", [ours]).name == "h100-sxm"
    with pytest.raises(InputError, match="Did you mean ours"):
        devices.find("ourss", [ours])


def test_a_users_device_replaces_one_of_the_catalogue(table):
    mine = devices.read(table("id,class,fp32_tflops\nh100-sxm,gpu,7\n"))
    assert devices.find("h100-sxm", mine).peak_flops.value == 7e12


def test_a_users_price_replaces_every_row_of_its_device(table):
    mine = prices.read(table(PRICES))
    assert prices.per_hour("h100", mine=mine).bounds() == (2.5, 2.5, 2.5)
    assert prices.per_hour("h100", mine=mine).source == (
        "table: typical 2.5 USD/h, Contract, 2026-09 (own.csv)"
    )
    assert prices.per_hour("a100", mine=mine) == prices.per_hour("a100")


def test_a_users_device_and_this_machine_can_be_priced(table):
    ours = devices.read(table(DEVICES))
    text = "device,tier,usd_per_hour,date,per\nours,low,1,2026,vm\nhere,low,3,2026,\n"
    mine = prices.read(table(text), ours)
    assert prices.per_hour(ours[0], mine=mine).value == 1
    assert prices.per_hour(devices.here(threads=4), mine=mine).value == 3


@pytest.mark.parametrize(
    ("date", "age"),
    [
        ("2026-09-17", ""),
        ("2025-12", ""),
        ("2025-11-29", "over a year old"),
        ("2025-10", "over a year old"),
        ("2025", ""),  # it may be of its last day
        ("2024", "over a year old"),
        ("", "undated"),
    ],
)
def test_a_price_tells_its_age(date, age):
    assert prices.Price("h100-sxm", "low", 1.0, "accelerator", "", date, "x").age == age


def test_an_old_price_is_flagged_in_its_source():
    assert "over a year old" in prices.per_hour("h100-pcie").source
    assert "over a year old" not in prices.per_hour("h100").source


HEAD = "device,tier,usd_per_hour,date"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a table with device, tier"),
        (HEAD, "at least one row"),
        (f"{HEAD}\n\n", "at least one row"),
        ("device,tier,usd_per_hour\nh100,low,1\n", "Add date"),
        ("device,tier,usd_per_hour,dates\n", "Did you mean date"),
        (f"{HEAD},date\n", "date twice"),
        (f"{HEAD}\nh100,low,1\n", "line 2 of .* must be 4 cells"),
        (f"{HEAD}\nh100,low,1,2026,7\n", "must be 4 cells"),
        (f"{HEAD}\nh100,,1,2026\n", "no tier"),
        (f"{HEAD}\nh100,cheap,1,2026\n", "tier in line 2 .* one of low, typical"),
        (f"{HEAD}\n\nh100,low,free,2026\n", "usd_per_hour in line 3"),
        (f"{HEAD}\nh100,low,0,2026\n", "above 0"),
        (f"{HEAD}\nh100,low,nan,2026\n", "above 0"),
        (f"{HEAD}\nh100,low,inf,2026\n", "above 0"),
        (f"{HEAD}\nh100,low,-1,2026\n", "above 0"),
        (f"{HEAD}\nh100,low,1,2027-01\n", "has begun"),
        (f"{HEAD}\nh100,low,1,2026-02-30\n", "has begun"),
        (f"{HEAD}\nh100,low,1,17.9.2026\n", "as 2026-09-17"),
        (f"{HEAD}\nh100,low,1,2026\nH100 SXM,low,2,2026\n", "h100-sxm, low once more"),
        (f"{HEAD},per\nh100,low,1,2026,hour\n", "per in line 2"),
        (f'{HEAD}\n"h100,low,1,2026\n', "must be CSV"),
        (b"\xff\xfe\x00", "text in UTF-8"),
    ],
)
def test_a_price_table_that_is_not_understood_is_refused_with_its_line(text, words, table):
    with pytest.raises(FormatError, match=words):
        prices.read(table(text))


def test_a_price_of_an_unknown_device_is_refused(table):
    with pytest.raises(InputError, match="device must be in the catalogue"):
        prices.read(table(f"{HEAD}\nabacus,low,1,2026\n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,class,fp32_tflops\nx,car,1\n", "class in line 2 .* one of gpu"),
        ("id,class\nx,gpu\n", "a row with fp32_tflops or"),
        ("id,class,fp32_tflops\nx,gpu,many\n", "fp32_tflops in line 2"),
        ("id,class,fp32_tflops,threads\nx,cpu,1,2.5\n", "threads in line 2 .* whole"),
        ("id,class,fp32_tflops\nx,gpu,1\nX,gpu,2\n", "a name of its own"),
        ("id,class,fp32_tflops\nhere,gpu,1\n", "a name of its own"),
        ("id,class,fp8\nx,gpu,1\n", "Columns are id, class"),
    ],
)
def test_a_device_table_that_is_not_understood_is_refused(text, words, table):
    with pytest.raises(FormatError, match=words):
        devices.read(table(text))


def test_files_that_are_none_are_refused(tmp_path):
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(FormatError, match="cannot be read"):
            prices.read(path)
    (tmp_path / "big.csv").write_bytes(b"x" * (5 << 20))
    with pytest.raises(FormatError, match="at most 4 MB"):
        own.read(tmp_path / "big.csv", ("a",), ())


@given(st.binary(max_size=200))
def test_rubbish_is_refused_and_never_crashes(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("rubbish") / "own.csv"
    path.write_bytes(data)
    for read in (prices.read, devices.read):
        with pytest.raises(TenthError):
            read(path)
