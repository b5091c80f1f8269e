"""Readers of the road graph in every layout of `streetzim-format.md`."""
