"""`tenth keep log`: the versions of a name."""

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Name, Where, table


def log(name: Name, store: Where = PLACE, as_json: Json = False) -> None:
    """List all versions of a name, the newest first.

    tenth keep get NAME@2 restores the second one, until gc --versions or rm and gc take it.
    """
    from dataclasses import asdict

    from tenth.keep import Store
    from tenth.keep.listing import iso

    history = Store(store).log(name)
    rows = [("version", "when (UTC)", "manifest", "message")]
    for ref in history:
        manifest = ref.manifest[:12] if ref.manifest else "removed"
        when = iso(ref.time_seconds)[:16].replace("T", " ")
        rows.append((str(ref.generation), when, manifest, ref.message))
    form = {"name": name, "versions": [asdict(ref) for ref in history]}
    print_result(table(rows, right=(0,)), lambda: form, as_json)
