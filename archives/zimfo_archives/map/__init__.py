"""Builds map archives: places and roads of an OpenStreetMap file, in the layout of streetzim-format.md."""
