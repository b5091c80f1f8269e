"""What a pulled model was trained on, and the profile that is learned from it on the spot."""

from pathlib import Path

import click

from zimfo_client.errors import ClientError, PullError
from zimfo_client.models.known import KnownModel
from zimfo_client.models.pull import pull_corpus
from zimfo_client.profile import shipped_profile
from zimfo_client.profiles.learn import LEAST_COVERAGE, learn_profile
from zimfo_client.profiles.store import own_path, profile_toml, save_profile


def learn_from_training(known: KnownModel) -> Path:
    """Download a known model's corpus, learn its profile from it, and return the file of the profile.

    A profile of that name that the person has already is kept, and nothing is downloaded. Raises `PullError`, which
    says that the model itself is here: it works with the shipped profile meanwhile.
    """
    path = own_path(known.name)
    if path.exists():
        click.echo(f"Your own profile {known.name} is kept; to learn it anew, remove it first: {path}", err=True)
        return path
    try:
        corpus = pull_corpus(known.corpus)
        lesson = learn_profile(corpus, shipped_profile(known.name), name=known.name)
        lesson.require(LEAST_COVERAGE)
        learned = lesson.learned
        click.echo(
            f"Learned the profile {known.name}: {learned.coverage:.1%} of {learned.rows} rows come out byte for byte.",
            err=True,
        )
        save_profile(profile_toml(lesson.profile, f"Learned by `zimfo models pull` from {corpus.name}."), path)
    except ClientError as error:
        raise PullError(f"The model is in place, but its profile could not be learned: {error}") from None
    return path
