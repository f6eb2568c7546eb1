import re
import warnings

import pytest

from tenth.adapters.mlflow import as_metrics
from tenth.figures import Figure
from tenth.receipt.export import export
from tenth.receipt.export.metrics import LONGEST_TAG

from ..samples import life
from .samples import ALL_FACTS, nothing_known, plain


def test_numbers_are_those_of_the_adapter_and_energy_in_kwh():
    receipt = plain()
    found = export(receipt, "dict").content["metrics"]
    assert found == as_metrics(receipt)
    kwh = {name: found[name] for name in found if "energy_kwh" in name}
    assert kwh == pytest.approx(
        {"tenth/energy_kwh": 2.0, "tenth/energy_kwh_low": 1.6, "tenth/energy_kwh_high": 2.4}
    )


def test_every_metric_is_a_number_and_each_figure_has_its_words():
    content = export(life("FRA"), "dict").content
    assert all(isinstance(value, int | float) for value in content["metrics"].values())
    bare = {re.sub("_(low|high)$", "", name) for name in content["metrics"]}
    assert bare <= set(content["tags"])


def test_given_facts_have_their_numbers():
    found = export(plain(), "dict", ALL_FACTS).content["metrics"]
    assert found["tenth/carbon_market_gco2e"] == 0
    assert found["tenth/carbon_embodied_gco2e"] == pytest.approx(173.605, rel=1e-5)


def test_the_unknown_is_no_number():
    filled = export(nothing_known(), "dict")
    assert filled.content["metrics"] == {}
    assert "tenth/energy_joules" in {gap.field for gap in filled.open}


def test_names_that_would_become_one_stay_two():
    scores = {"a,b": Figure(1.0, ""), "a;b": Figure(2.0, ""), "../c": Figure(3.0, "")}
    found = export(plain(scores=scores), "dict").content["metrics"]
    assert found["tenth/score/a_b"] == 1.0
    assert found["tenth/score/a_b_2"] == 2.0
    assert found["tenth/score/_/c"] == 3.0


def test_mlflow_takes_it_all(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    receipt = life("FRA")
    receipt.scores["a, b; ..//c"] = Figure(0.5, "", source="x" * 2 * LONGEST_TAG)
    content = export(receipt, "dict").content
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file store is told to be old
        import mlflow

        mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
        with mlflow.start_run() as run:
            mlflow.log_metrics(content["metrics"])
            mlflow.set_tags(content["tags"])
        kept = mlflow.get_run(run.info.run_id).data
    assert kept.metrics == pytest.approx(content["metrics"])
    assert content["tags"].items() <= kept.tags.items()
