"""A receipt in MLflow: every known figure as a number, and the receipt itself."""

import importlib
import json
import sys
import warnings

import pytest

from tenth.adapters import mlflow as adapter
from tenth.errors import InputError
from tenth.figures import Figure, counted, unknown
from tenth.receipt import Aim, BeforeAfter, Receipt, Stage


def receipt():
    figures = {
        "wall_seconds": Figure(2.0, "s"),
        "energy_joules": Figure(8.0, "J", 4.0, 12.0, "modelled", "a model"),
        "flops_useful": unknown("FLOP", "nobody counted"),
    }
    made = Receipt("train", Aim("signs"), stages=[Stage("a", figures), Stage("b", figures)])
    made.scores["val, seed 1"] = Figure(0.9, "")
    made.sizes.append(BeforeAfter("weights", counted(10, "weights", ""), counted(1, "weights", "")))
    return made


NUMBERS = {
    "tenth/wall_seconds": 4.0,
    "tenth/energy_joules": 16.0,
    "tenth/energy_joules_low": 8.0,
    "tenth/energy_joules_high": 24.0,
    "tenth/energy_kwh": 16.0 / 3.6e6,
    "tenth/energy_kwh_low": 8.0 / 3.6e6,
    "tenth/energy_kwh_high": 24.0 / 3.6e6,
    "tenth/score/val_ seed 1": 0.9,
    "tenth/size/weights/before": 10,
    "tenth/size/weights/after": 1,
}


def test_numbers_of_a_receipt_and_no_zero_for_the_unknown():
    assert adapter.as_metrics(receipt()) == pytest.approx(NUMBERS)


def test_mlflow_keeps_the_numbers_and_the_receipt(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file store is told to be old
        import mlflow

        mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
        with mlflow.start_run() as run:
            adapter.log_receipt(receipt())
        kept = mlflow.get_run(run.info.run_id).data
        text = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/receipt.json")
    assert kept.metrics == pytest.approx(NUMBERS)
    assert kept.params["tenth/task"] == "signs"
    assert Receipt.from_json(json.loads(text)).to_json() == json.loads(text)


@pytest.mark.parametrize("name", ["mlflow", "lightning", "transformers"])
def test_a_missing_library_says_what_to_install(name, monkeypatch):
    part = {"mlflow": "mlflow", "lightning": "lightning.pytorch", "transformers": "transformers"}
    monkeypatch.setitem(sys.modules, part[name], None)
    monkeypatch.delitem(sys.modules, f"tenth.adapters.{name}", raising=False)
    with pytest.raises(InputError, match=rf"pip install 'tenth\[{name}\]'"):
        importlib.import_module(f"tenth.adapters.{name}").log_receipt(receipt())
