"""Builds archives: an encyclopedia in a ZIM file from a folder of Markdown."""
