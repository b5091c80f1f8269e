"""`python -m zimfo_server` is `zimfo-server`: how the client starts the server of its own installation."""

from zimfo_server.cli import main

if __name__ == "__main__":
    main(prog_name="zimfo-server")
