"""Knowledge inheritance: a net begins with what a trained one of another size knows."""

from tenth.train.parent.inherit import Inherited, inherit

__all__ = ["Inherited", "inherit"]
