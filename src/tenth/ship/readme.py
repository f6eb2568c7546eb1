"""Writing the README of a saved program."""

from tenth.figures import human
from tenth.kernels.targets import TARGETS
from tenth.ship.interface import labels
from tenth.ship.manifest import Layer, Manifest


def write_readme(manifest: Manifest) -> str:
    """The text of README.md: what it is, how to build it, how to call it, what its layers are."""
    interface = manifest.interface
    sizes = "".join(f", {size}" for size in interface.sizes)
    ports = [
        *(f"- input `{port.name}`: {port}" for port in interface.inputs),
        *(f"- output `{port.name}`: {port}" for port in interface.outputs),
    ]
    values = ", ".join(port.name for port in (*interface.inputs, *interface.outputs))
    return "\n".join(
        [
            f"# {interface.name}",
            "",
            f"A neural network in plain C11, written by {manifest.made_by}. It needs a C library "
            "with `math.h` and, unless built with `-DTENTH_SINGLE_THREAD`, threads; nothing else.",
            "",
            *ports,
            "",
            "Build and run the example:",
            "",
            "    cc -O3 -march=native -ffp-contract=fast -std=c11 -pthread *.c -lm && ./a.out",
            "",
            "Call it from C (`model.h` says more, `main.c` shows it all):",
            "",
            f"    {interface.name}_load(file, file_bytes, weights, weights_bytes);",
            f"    {interface.name}_run(weights, {values}{sizes}, arena, arena_bytes, pool);",
            "",
            *_call(manifest),
            "",
            *_about_target(manifest),
            f"It was compared with the original on random inputs, as {manifest.checked_on}: "
            f"relative error {manifest.relative_error:.1e}. The weights take "
            f"{human(manifest.weights_bytes, 'bytes')}, those of its layers in {manifest.values}.",
            "",
            "| layer | op | shape | density | kernel | weights | dense | sparse |",
            "|---|---|---|---|---|---|---|---|",
            *map(_row, labels(manifest.layers), manifest.layers),
            "",
        ]
    )


def _call(manifest: Manifest) -> list[str]:
    """How to call the program from another language than C."""
    if manifest.target == "wasm":
        return [
            "Call it from JavaScript with `model.js`; `index.html` does, offline, in a browser:",
            "",
            "    const program = await open(wasm, weights); // bytes; weights may be built in",
            "    const [{ shape, data }] = program.run([x], sizes);",
        ]
    where = "" if manifest.target == "host" else " on such a machine"
    library = TARGETS[manifest.target].library
    return [
        f"Call it from Python{where}; `{library}` is built anew if it is missing:",
        "",
        "    import tenth",
        '    program = tenth.ship.load(".", threads=2)',
        "    y = program(x) # numpy arrays",
    ]


def _about_target(manifest: Manifest) -> list[str]:
    target = TARGETS[manifest.target]
    if target.name == "host":
        return []
    builds = ", ".join(variant.cpu for variant in target.variants)
    chosen = f" It holds builds for {builds} and chooses when it runs." if builds else ""
    return [
        f"`{target.library}` is for {target.name} ({target.triple}), {target.says}.{chosen} "
        "Dense or sparse was chosen by density, not by time.",
        "",
    ]


def _row(label: str, layer: Layer) -> str:
    times = (
        "not timed" if seconds is None else human(seconds, "s")
        for seconds in (layer.dense_seconds, layer.sparse_seconds)
    )
    cells = [
        label,
        layer.op,
        "x".join(map(str, layer.shape)),
        f"{layer.density:.3g}",
        layer.kernel,
        human(layer.weight_bytes, "bytes"),
        *times,
    ]
    return f"| {' | '.join(cells)} |"
