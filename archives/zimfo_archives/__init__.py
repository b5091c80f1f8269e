"""Builds archives: an encyclopedia from a folder of Markdown, a map from a file of OpenStreetMap data."""
