"""`make demo`: one question, all the way through, on the demo archive with the embedded model."""

import sys

from zimfo_client.cli import main

QUESTION = "What did Marie Curie discover?"


def run() -> None:
    """Ask the question as a person would on the command line."""
    sys.stderr.write(f'$ zimfo ask --model embedded "{QUESTION}"\n')
    main(["ask", "--model", "embedded", QUESTION], prog_name="zimfo")


if __name__ == "__main__":
    run()
