"""`tenth keep`: the list of its commands; each has a file in `variants/`."""

import typer

from tenth.cli.variants import (
    clone,
    diff,
    du,
    export,
    gc,
    get,
    log,
    ls,
    pull,
    push,
    put,
    rebase,
    rm,
    show,
    verify,
)

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""Keep every variant of a model as a small, exact difference from its base.

    \b
    tenth keep put base llama/              # the first one is stored in full
    tenth keep put task-a llama-task-a/     # finds its base by itself
    tenth keep get task-a --out here/       # the same files, byte by byte
    tenth keep du                           # what it saves

    The store is the folder tenth-store, or what --store or TENTH_STORE names: a folder, or
    s3://, gs:// or az:// (pip install 'tenth[remote]').
    """,
)

app.command("put")(put.put)
app.command("get")(get.get)
app.command("ls")(ls.ls)
app.command("show")(show.show)
app.command("log")(log.log)
app.command("du")(du.du)
app.command("diff")(diff.diff)
app.command("export")(export.export)
app.command("rebase")(rebase.rebase)
app.command("rm")(rm.rm)
app.command("gc")(gc.gc)
app.command("verify")(verify.verify)
app.command("push")(push.push)
app.command("pull")(pull.pull)
app.command("clone")(clone.clone)
