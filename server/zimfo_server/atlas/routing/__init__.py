"""From two positions to a route: costs, snapping, search, directions, the journey along it."""
