"""The commands of `tenth receipt`, one file each, listed in `cli/receipt.py`."""
