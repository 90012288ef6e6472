"""Helping words: what a message says when somebody wrote a word that does not exist."""

from collections.abc import Iterable


def hint(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the nearest known one, else all of them.

    `; did you mean "exit"?` or `; known: exit, name, steps`.
    """
    # Imported here: a message is rare, and Lambda need not load what it never says.
    from difflib import get_close_matches

    words = sorted(known)
    near = get_close_matches(word, words, n=1, cutoff=0.55)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; known: {', '.join(words)}" if words else ""
