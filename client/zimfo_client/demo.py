"""`make demo`: one question, all the way through, on the demo archive; the embedded model chooses the tool itself."""

import sys

from zimfo_client.cli import main

QUESTION = "What did Marie Curie discover?"


def run() -> None:
    """Ask the question as a person would on the command line."""
    sys.stderr.write(f'$ zimfo ask --model embedded --no-intents "{QUESTION}"\n')
    main(["ask", "--model", "embedded", "--no-intents", QUESTION], prog_name="zimfo")


if __name__ == "__main__":
    run()
