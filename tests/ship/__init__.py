"""Tests of the compiler that writes C."""
