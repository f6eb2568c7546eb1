"""What a user has on disk: model folders, safetensors, files of torch, adapters."""

from tenth.keep.sources.files import Reading, Segment, Source, SourceFile, TensorInfo
from tenth.keep.sources.reading import read

__all__ = ["Reading", "Segment", "Source", "SourceFile", "TensorInfo", "read"]
