import torch

import tiny
from tenth.shrink.sizes import kept_weights, sizes, weight_count
from tenth.sparsity import save_dense, save_model


def test_sizes_are_those_of_files_really_written(tmp_path):
    before, after = tiny.build(), tiny.build()
    with torch.no_grad():
        after[0].weight[:, 1:] = 0
    rows = {row.name: (row.before.value, row.after.value) for row in sizes(before, after)}
    assert weight_count(before) == 6 * 24 + 24 * 3
    assert kept_weights(after) == 24 + 24 * 3
    dense = save_dense(before, tmp_path / "dense")
    assert dense == (tmp_path / "dense").stat().st_size
    assert rows == {
        "weights": (216, 96),
        "file (float32)": (dense, save_model(after, tmp_path / "exact")),
        "file (float16)": (dense, save_model(after, tmp_path / "h", values="float16")),
        "parameters": (216 + 24 + 48 + 3, 96 + 24 + 48 + 3),
    }
