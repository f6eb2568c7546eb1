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
    assert facts.accelerators(tmp_path) == ["nvidia0", "nvidia1", "kfd"]


def test_other_systems_have_no_such_files(tmp_path, monkeypatch):
    (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(facts.sys, "platform", "darwin")
    assert facts.accelerators(tmp_path) == []


def test_a_package_that_is_not_there_is_left_out(monkeypatch):
    monkeypatch.setattr(facts, "_PACKAGES", ("tenth", "no-such-package"))
    assert set(facts.software()) == {"system", "python", "tenth"}
