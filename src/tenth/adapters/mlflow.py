"""A receipt in the tracker of experiments: MLflow, or any that takes a dict of numbers.

log_receipt(receipt)                 # into the active run of MLflow
wandb.log(as_metrics(receipt))       # or into any other tracker
"""

from tenth.adapters.extras import needing
from tenth.receipt import Receipt
from tenth.receipt.export import export


def as_metrics(receipt: Receipt) -> dict[str, float]:
    """The known figures of a receipt as plain numbers, by name.

    Totals over the stages ("tenth/energy_joules"), scores ("tenth/score/val") and sizes
    ("tenth/size/weights/after"). A modelled figure has its bounds beside it ("…_low", "…_high").
    What is unknown is left out: it is not zero. Signs that MLflow refuses in a name become "_".
    """
    content = export(receipt, "dict").content
    assert isinstance(content, dict)  # as of this form
    return dict(content["metrics"])


def log_receipt(receipt: Receipt) -> None:
    """Log a receipt to the active run of MLflow: metrics, parameters, and the receipt itself.

    Where no run is active, MLflow begins one.

    Raises:
        InputError: mlflow is not installed.
    """
    with needing("mlflow"):
        import mlflow
    mlflow.log_params(
        {
            "tenth/title": receipt.title,
            "tenth/task": receipt.task.name,
            "tenth/place": receipt.place.code or "unknown",
            "tenth/cpu": receipt.hardware.get("cpu"),
        }
    )
    mlflow.log_metrics(as_metrics(receipt))
    mlflow.log_dict(receipt.to_json(), "receipt.json")
    mlflow.log_text(receipt.html(), "receipt.html")
