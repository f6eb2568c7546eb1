"""Bridges to other people's tools, one file each: thin, and loaded only when they are asked for."""
