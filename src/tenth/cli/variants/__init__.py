"""The commands of `tenth keep`, one file each, listed in `cli/keep.py`."""
