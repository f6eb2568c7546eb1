"""Taking a trained model to a tenth."""

from tenth.shrink.driver import to
from tenth.shrink.result import Result

__all__ = ["Result", "to"]
