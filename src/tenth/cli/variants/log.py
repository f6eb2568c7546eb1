"""`tenth keep log`: the versions of a name."""

from tenth.cli.options import Json
from tenth.cli.show import print_result
from tenth.cli.variants.arguments import PLACE, Name, Where, table


def log(name: Name, store: Where = PLACE, as_json: Json = False) -> None:
    """List all versions of a name, the newest first.

    tenth keep get NAME@2 restores the second one if its state is "here". It is "gone" once gc has
    taken its bytes, after rm or with --versions.
    """
    from dataclasses import asdict

    from tenth.keep import Store
    from tenth.keep.listing import iso

    history = Store(store).log(name)
    rows = [("version", "when (UTC)", "manifest", "state", "message")]
    for one in history:
        manifest = one.manifest[:12] if one.manifest else ""
        when = iso(one.time_seconds)[:16].replace("T", " ")
        rows.append((str(one.generation), when, manifest, one.state, one.message))
    form = {"name": name, "versions": [asdict(one) for one in history]}
    print_result(table(rows, right=(0,)), lambda: form, as_json)
