"""The receipt of a compiled program."""

import json

from tenth.ship import load


def test_the_receipt_says_what_compiling_cost_and_what_the_zeros_saved(life, saved):
    receipt = load(saved).receipt
    assert receipt.to_json() == json.loads((saved / "receipt.json").read_text())
    (stage,) = receipt.stages
    assert 0 < stage.figures["wall_seconds"].value < 600
    weights, size, flops = receipt.sizes
    dense = 6 * 9 + 6 + 36 + 6 + 6
    assert (weights.before.value, size.before.value) == (dense, 4 * dense)
    assert weights.after.value == dense - 6 * 9 + 13
    assert size.after.value == life.manifest.weights_bytes
    assert 0 < flops.after.value < flops.before.value
    assert "n = 1, h = 16, w = 16" in flops.before.source
    assert f"Density {weights.after.value / dense:.3g} of all weights." in receipt.notes
    error = f"within a relative error of {life.manifest.relative_error:.1e} of the original"
    assert error in " ".join(receipt.notes)
    assert f"{len(life.files['libmodel.so']):,} bytes" in " ".join(receipt.notes)
