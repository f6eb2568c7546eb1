"""What the operating system refuses, in a sentence for the user."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from tenth.errors import MissingError, OutputError, StoreError, TenthError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM}


def refused(url: str, key: str, doing: str, error: OSError) -> TenthError:
    """The error for a call on `key` in `url` that the system refused while it was being `doing`."""
    what = f"{key or 'the store'} in {url}"
    if isinstance(error, FileNotFoundError):
        return MissingError(f"{what} cannot be {doing}: it is not there.")
    if error.errno in _FULL:
        return OutputError(
            f"{url} is full: {key} cannot be {doing}. What was stored before is whole. "
            "Free some space, or let gc delete what nothing needs."
        )
    if error.errno == errno.EROFS:
        return OutputError(f"{what} cannot be {doing}: {url} can only be read.")
    if error.errno in _FORBIDDEN:
        return OutputError(f"{what} may not be {doing}: permission denied. Change who may.")
    if error.errno == errno.EIO:
        return StoreError(f"{what} cannot be {doing}: the disk failed. Check it and its cable.")
    return StoreError(f"{what} cannot be {doing}: {error.strerror or type(error).__name__}.")


@contextmanager
def told(url: str, key: str, doing: str) -> Iterator[None]:
    """Turn what the system refuses inside into an error of tenth (see `refused`)."""
    try:
        yield
    except OSError as error:
        raise refused(url, key, doing, error) from error
