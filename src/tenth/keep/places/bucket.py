"""A store in a bucket, through obstore: conditional puts, ranged reads.

Every object is put with "only if there is none" (If-None-Match: * on S3). obstore tries again by
itself after 5xx and dropped connections, and takes a 409, which S3 sends while two writers race,
for "there is one already"; so after that answer it is looked up whether there is.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import mmap
import os
import random
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenth.errors import (
    DamagedError,
    InputError,
    MissingError,
    OutputError,
    StoreError,
    TenthError,
    must,
)
from tenth.keep.places.keys import checked_key, checked_prefix
from tenth.keep.places.place import Entry

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_TRIES = 8
_STATUS = re.compile(r"status code: ([0-9]{3})")
_PAUSE_SECONDS = 0.05
# of one request; a pack of 128 MiB gets through at 110 kB a second
_TIMEOUT = "20min"
# where obstore finds keys
_KEYS = {
    "s3": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "gs": ("GOOGLE_APPLICATION_CREDENTIALS",),
    "az": ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"),
}
_IN_MEMORY: dict[str, "ObjectStore"] = {}


class BucketPlace:
    """Objects in a bucket, below the prefix of `store`."""

    def __init__(self, store: "ObjectStore", url: str) -> None:
        import obstore

        self._obstore = obstore
        self._store = store
        self._url = url.rstrip("/") if "://" in url.rstrip("/") else url

    @property
    def url(self) -> str:
        """The bucket and the prefix in it."""
        return self._url

    def __repr__(self) -> str:
        return f"BucketPlace({self.url!r})"

    def read(self, key: str, start: int = 0, size: int | None = None) -> bytes:
        """Bytes of an object (see `Place`)."""
        checked_key(key)
        if start < 0 or (size is not None and size < 0):
            raise InputError(must("range to read", "of numbers from 0 on", f"{start}, {size}"))
        if size is None and not start:
            with self._told(key, "read"):
                return bytes(self._obstore.get(self._store, key).bytes())
        if not size:  # which no range can ask for; or all that follows
            whole = self._whole(key)
            size = whole - start if size is None else size
            if not 0 <= size <= whole - start:
                raise self._short(key, whole, start + max(size, 0))
            if not size:
                return b""
        try:
            data = self._obstore.get_range(self._store, key, start=start, length=size)
        except self._obstore.exceptions.BaseError as error:
            whole = self._whole(key)
            if start + size > whole:  # S3 answers 416
                raise self._short(key, whole, start + size) from error
            raise self._refused(key, "read", error) from error
        except FileNotFoundError as error:
            raise self._missing(key) from error
        if len(data) != size:
            raise self._short(key, start + len(data), start + size)
        return bytes(data)

    def create(self, key: str, data: bytes | Path) -> bool:
        """Write a new object by one conditional put, unless its key is taken (see `Place`)."""
        checked_key(key)
        if isinstance(data, Path) and isinstance(self._store, self._obstore.store.MemoryStore):
            data = data.read_bytes()  # it would keep the mapping
        body = _bytes_of(data)
        for attempt in range(_TRIES):
            with self._told(key, "written"):
                try:
                    self._obstore.put(self._store, key, body, mode="create", use_multipart=False)
                except self._obstore.exceptions.AlreadyExistsError:
                    if self.entry(key) is not None:
                        return False
                else:
                    return True
            # two writers at once, and neither came through, or it was deleted in between
            time.sleep(_PAUSE_SECONDS * 2**attempt * random.random())
        raise StoreError(
            f"{key} in {self.url} cannot be written: the bucket keeps saying conflict."
        )

    def entry(self, key: str) -> Entry | None:
        """What is known of an object (see `Place`)."""
        checked_key(key)
        with self._told(key, "read"):
            try:
                about = self._obstore.head(self._store, key)
            except FileNotFoundError:
                return None
        if not about["size"]:
            return None
        return Entry(key, about["size"], about["last_modified"].timestamp())

    def size(self, key: str) -> int | None:
        """The bytes of an object (see `Place`)."""
        entry = self.entry(key)
        return None if entry is None else entry.size_bytes

    def list(self, prefix: str) -> Iterator[Entry]:
        """The objects below a prefix (see `Place`)."""
        checked_prefix(prefix)
        with self._told(prefix, "listed"):
            for batch in self._obstore.list(self._store, prefix or None):
                for about in batch:
                    modified = about["last_modified"].timestamp()
                    yield Entry(about["path"], about["size"], modified)

    def delete(self, key: str) -> None:
        """Remove an object (see `Place`)."""
        checked_key(key)
        with self._told(key, "deleted"):
            try:
                self._obstore.delete(self._store, key)
            except FileNotFoundError:
                return

    def scratch(self) -> Path:
        """The folder for temporary files of this machine (TMPDIR)."""
        return Path(tempfile.gettempdir())

    def clock(self) -> float:
        """The time that the bucket gives a new object."""
        key = f"tmp/{secrets.token_hex(8)}"
        self.create(key, b"\0")
        entry = self.entry(key)
        self.delete(key)
        if entry is None:
            raise StoreError(f"{self.url} does not show an object that was just written.")
        return entry.modified_seconds

    def check_conditional(self) -> None:
        """See that a second put of a key is refused, without which two writers lose work.

        Raises:
            StoreError: the bucket accepts it.
        """
        key = f"tmp/{secrets.token_hex(8)}"
        self.create(key, b"1")
        try:
            if self.create(key, b"2"):
                raise StoreError(
                    f"{self.url} overwrites objects that must be new: it has no conditional puts "
                    "(If-None-Match). Use another kind of bucket, or a folder."
                )
        finally:
            self.delete(key)

    def _whole(self, key: str) -> int:
        size = self.size(key)
        if size is None:
            raise self._missing(key)
        return size

    def _missing(self, key: str) -> MissingError:
        return MissingError(f"{key} in {self.url} is not there: no object has its name.")

    def _short(self, key: str, found: int, wanted: int) -> DamagedError:
        return DamagedError(
            f"{key} in {self.url} is cut short: it has {found} bytes, and {wanted} were expected."
        )

    def _refused(self, key: str, doing: str, error: Exception) -> TenthError:
        kinds = self._obstore.exceptions
        what = f"{key or 'the store'} in {self.url}"
        reason = str(error).split("\n", 1)[0].strip()
        status = found[1] if (found := _STATUS.search(reason)) else ""  # lists have no kinds
        denied = isinstance(error, kinds.PermissionDeniedError | kinds.UnauthenticatedError)
        # a bucket's client without keys asks the machine that it runs on for some
        asked = any(host in str(error) for host in ("169.254.169.254", "metadata.google.internal"))
        if denied or asked or status in ("401", "403"):
            return OutputError(f"{what} may not be {doing}: {_keys(self._url)}")
        if isinstance(error, kinds.NotSupportedError) or status == "501":
            return StoreError(
                f"{what} cannot be {doing}: the bucket cannot do what a store needs "
                "(conditional puts, ranged reads). Use another kind of bucket, or a folder."
            )
        if "<Code>NoSuchBucket</Code>" in str(error):
            return MissingError(f"{what} cannot be {doing}: there is no such bucket.")
        return StoreError(f"{what} cannot be {doing}: {reason}")

    @contextmanager
    def _told(self, key: str, doing: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise self._missing(key) from error
        except self._obstore.exceptions.BaseError as error:
            raise self._refused(key, doing, error) from error


def open_bucket(url: str, **options: Any) -> BucketPlace:
    """The bucket at s3://, gs:// or az://, or one in memory; `options` are obstore's.

    Raises:
        InputError: obstore is not installed, or the address or a setting is wrong.
    """
    try:
        from obstore.exceptions import BaseError
        from obstore.store import MemoryStore, from_url
    except ImportError as error:
        raise InputError(
            f"{url} needs obstore. Install it: pip install 'tenth[remote]'."
        ) from error
    if url.lower().startswith("memory:"):
        return BucketPlace(_IN_MEMORY.setdefault(url, MemoryStore()), url)
    # client_options put aside what obstore reads from the environment, and with it this
    allow_http = os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true", "yes")
    options.setdefault("client_options", {"timeout": _TIMEOUT, "allow_http": allow_http})
    try:
        store = from_url(url, **options)
    except (BaseError, ValueError) as error:
        reason = str(error).split("\n", 1)[0].strip()
        if "Account must be specified" in reason or "Missing SecretAccessKey" in reason:
            names = " and ".join(_KEYS.get(url.partition("://")[0].lower(), ()))
            reason += f". Set {names} in the environment."
        raise InputError(f"{url} is no address of a bucket that can be opened: {reason}") from error
    return BucketPlace(store, url)


def _keys(url: str) -> str:
    """What to say where a bucket wants keys, or other ones; it never says what they are."""
    names = _KEYS.get(url.partition("://")[0].lower(), ())
    if not names:
        return "the bucket refuses these keys. Check the credentials."
    told = " and ".join(names)
    if all(os.environ.get(name) for name in names):
        return f"the bucket refuses these keys. Check {told}, and what they may do."
    return f"the bucket refuses access. Check the credentials, such as {told} in the environment."


def _bytes_of(data: bytes | Path) -> Any:
    """What to send: the bytes, or a file mapped into memory so that it is never all in RAM."""
    if not isinstance(data, Path):
        if not data:
            raise InputError(must("object of a store", "at least one byte", "none"))
        return data
    with data.open("rb") as file:
        if not data.stat().st_size:
            raise InputError(must("object of a store", "at least one byte", "none"))
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
