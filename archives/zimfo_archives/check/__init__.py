"""`zimfo-archives check`: compares a map archive with the format document (streetzim-format.md)."""
