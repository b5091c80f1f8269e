"""Trains the embedded model: its data, its training on a CPU, and the adapter that comes of it."""
