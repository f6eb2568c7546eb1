"""Tests of the sparsity room."""
