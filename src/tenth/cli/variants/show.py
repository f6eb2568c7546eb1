"""`tenth keep show`: one name in full."""

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Version, Where, ratio, size, table


def show(name: Version, store: Where = PLACE, as_json: Json = False) -> None:
    """Show the files and tensors of a name, and how each tensor is stored.

        tenth keep show task-a

    Bytes that names put before need too count for them; a tensor of only such bytes is "shared".
    """
    from tenth.keep import Store
    from tenth.keep.listing import iso

    shown = Store(store).show(name)
    ref = shown.ref
    lines = [
        f"{ref.name} version {ref.generation}, {iso(ref.time_seconds)}",
        f"message: {ref.message or 'none'}",
        f"base: {shown.base[0] if shown.base else 'none'}",
        f"manifest: {ref.manifest}",
        *([f"not what was given: {shown.lossy}"] if shown.lossy else []),
        "",
        table(
            [("file", "size", "sha256")]
            + [(file.name, size(file.size), file.sha256) for file in shown.files],
            right=(1,),
        ),
    ]
    rows = [("tensor", "dtype", "shape", "full", "stored", "ratio", "codecs")]
    for one in shown.tensors:
        shape = "×".join(map(str, one.shape)) or "scalar"
        sizes = (size(one.full_bytes), size(one.stored_bytes))
        times = "shared" if one.shared_bytes else "copy"
        if one.stored_bytes or not one.full_bytes:
            times = ratio(one.full_bytes, one.stored_bytes)
        rows.append((one.name, one.dtype, shape, *sizes, times, ", ".join(one.codecs)))
    if shown.tensors:
        lines += ["", table(rows, right=(3, 4, 5))]
    print_result("\n".join(lines), shown.to_json, as_json)
