"""A receipt in the tracker of experiments: MLflow, or any that takes a dict of numbers.

log_receipt(receipt)                 # into the active run of MLflow
wandb.log(as_metrics(receipt))       # or into any other tracker
"""

from tenth.adapters.extras import needing
from tenth.figures import Figure
from tenth.receipt import Receipt


def as_metrics(receipt: Receipt) -> dict[str, float]:
    """The known figures of a receipt as plain numbers, by name.

    Totals over the stages ("tenth/energy_joules"), scores ("tenth/score/val") and sizes
    ("tenth/size/weights/after"). A modelled figure has its bounds beside it ("…_low", "…_high").
    What is unknown is left out: it is not zero.
    """
    figures: dict[str, Figure] = {}
    for name in dict.fromkeys(name for stage in receipt.stages for name in stage.figures):
        figures[f"tenth/{name}"] = receipt.total(name)
    for name, figure in receipt.scores.items():
        figures[f"tenth/score/{name}"] = figure
    for size in receipt.sizes:
        figures[f"tenth/size/{size.name}/before"] = size.before
        figures[f"tenth/size/{size.name}/after"] = size.after
    metrics: dict[str, float] = {}
    for name, figure in figures.items():
        if figure.known:
            value, low, high = figure.bounds()
            metrics[name] = value
            if low < high:
                metrics |= {f"{name}_low": low, f"{name}_high": high}
    return metrics


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
