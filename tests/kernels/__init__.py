"""Tests of the kernels and of the toolchain."""
