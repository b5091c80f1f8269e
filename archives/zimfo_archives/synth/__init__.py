"""Invented archives of any size, for tests of scale: the same size and seed give the same archive."""
