"""The server's side of its worker processes."""
