"""zimfo."""
