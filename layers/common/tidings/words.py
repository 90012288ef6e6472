"""Helping words: what a message says when somebody wrote a word that does not exist."""

from collections.abc import Iterable


def hint(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the nearest known one, else all of them.

    `; did you mean "exit"?` or `; known: exit, name, steps`.
    """
    words = sorted(known)
    near = nearest(word, words)
    if near:
        return f'; did you mean "{near}"?'
    return f"; known: {', '.join(words)}" if words else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    # Imported here: a message is rare, and Lambda need not load what it never says.
    from difflib import get_close_matches

    near = get_close_matches(word, sorted(known), n=1, cutoff=0.55)
    return near[0] if near else None
