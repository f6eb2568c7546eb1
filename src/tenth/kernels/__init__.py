"""What executes zeros: C sources, their packing, and the compiler that builds them."""

from tenth.kernels.toolchain import Compiler, compile_library, find_compiler

__all__ = ["Compiler", "compile_library", "find_compiler"]
