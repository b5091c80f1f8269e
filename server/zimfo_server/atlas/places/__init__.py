"""The gazetteer of a map archive: records, kinds, name look-up, proximity."""
