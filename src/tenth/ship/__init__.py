"""Compiling a model to plain C that runs alone."""
