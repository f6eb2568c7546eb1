import json

from tenth.receipt import facts


def test_the_machine_is_told_as_json():
    told = facts.hardware()
    assert set(told) == {"cpu", "machine", "threads", "memory_bytes", "accelerators"}
    assert told["cpu"]
    assert told["threads"] >= 1
    json.dumps(told, allow_nan=False)


def test_versions_are_of_what_is_installed():
    told = facts.software()
    assert told["python"].count(".") == 2
    assert told["numpy"]
    assert all(isinstance(value, str) for value in told.values())


def test_accelerators_are_seen_by_their_device_files(tmp_path):
    assert facts.accelerators(tmp_path) == []
    for name in ("nvidia0", "nvidia1", "nvidiactl", "kfd"):
        (tmp_path / name).touch()
    nowhere = tmp_path / "nowhere"
    assert facts.accelerators(tmp_path, nowhere, nowhere) == ["nvidia0", "nvidia1", "kfd"]


def test_models_are_named_as_the_drivers_list_them(tmp_path):
    for name in ("nvidia0", "nvidia3", "kfd"):
        (tmp_path / name).touch()
    for number, minor in enumerate((3, 7)):
        folder = tmp_path / "gpus" / f"0000:{number}"
        folder.mkdir(parents=True)
        told = f"Model: \t\t NVIDIA H100 80GB HBM3\nDevice Minor: \t {minor}\nIRQ: 1\n"
        (folder / "information").write_text(told)
    for number, version in enumerate((0, 90402, 90010)):
        folder = tmp_path / "nodes" / str(number)
        folder.mkdir(parents=True)
        (folder / "properties").write_text(f"simd_count 1\ngfx_target_version {version}\n")
    assert facts.accelerators(tmp_path, tmp_path / "gpus", tmp_path / "nodes") == [
        "nvidia0",
        "NVIDIA H100 80GB HBM3",
        "AMD gfx942",
        "AMD gfx90a",
    ]


def test_other_systems_have_no_such_files(tmp_path, monkeypatch):
    (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(facts.sys, "platform", "darwin")
    assert facts.accelerators(tmp_path) == []


def test_a_package_that_is_not_there_is_left_out(monkeypatch):
    monkeypatch.setattr(facts, "_PACKAGES", ("tenth", "no-such-package"))
    assert set(facts.software()) == {"system", "python", "tenth"}
