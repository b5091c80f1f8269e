"""`python -m zimfo_client` is `zimfo`."""

from zimfo_client.cli import main

if __name__ == "__main__":
    main(prog_name="zimfo")
