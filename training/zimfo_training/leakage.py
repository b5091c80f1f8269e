"""Keeps the questions of the evaluation suites out of the training data."""

import tomllib
from importlib import resources

from zimfo_client.text import words
from zimfo_training.dialogue import Conversation


def normalised(question: str) -> str:
    """Return a question without case, accents and marks."""
    return " ".join(words(question))


def suite_questions() -> frozenset[str]:
    """Return every question of the suites that are shipped, normalised."""
    asked: set[str] = set()
    for entry in (resources.files("zimfo_client.evaluation") / "suites").iterdir():
        if entry.name.endswith(".toml"):
            for scenario in tomllib.loads(entry.read_text("utf-8"))["scenarios"]:
                asked |= {normalised(turn["ask"]) for turn in scenario["turns"]}
    return frozenset(asked)


def leaks(conversation: Conversation, suite: frozenset[str]) -> bool:
    """Tell whether a conversation asks what a suite asks."""
    return any(normalised(question) in suite for question in conversation.questions())
