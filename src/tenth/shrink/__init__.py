"""Taking a trained model to a tenth."""

from tenth.shrink.driver import SHARE, to
from tenth.shrink.result import Result

__all__ = ["SHARE", "Result", "to"]
