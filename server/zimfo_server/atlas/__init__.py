"""Map archives: road graphs, routing, the gazetteer and what lies around a point."""
