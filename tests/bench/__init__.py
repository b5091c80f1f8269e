"""What `make bench` measures. A benchmark prints numbers; it never passes or fails."""
