"""One function per tool over the domain packages; runs inside a worker process."""
