"""Many figures as JSON."""

from collections.abc import Mapping
from typing import Any

from tenth.figures import Figure


def figures_to_json(figures: Mapping[str, Figure]) -> dict[str, Any]:
    """What a receipt holds for these figures."""
    return {name: figure.to_json() for name, figure in figures.items()}


def figures_from_json(form: Mapping[str, Any]) -> dict[str, Figure]:
    """Read what `figures_to_json` wrote."""
    return {name: Figure.from_json(figure) for name, figure in form.items()}
