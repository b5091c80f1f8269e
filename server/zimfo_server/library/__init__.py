"""Discovers, classifies and opens archives."""
