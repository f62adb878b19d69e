"""Text as numbers: words, a vocabulary, padded rows of word numbers; and the course's corpus of reviews."""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from . import _validate
from ._data_split import split

CORPUS = Path(__file__).with_name("datafiles") / "reviews.tsv"
PADDING, UNKNOWN = "<pad>", "<unknown>"  # words 0 and 1 of every vocabulary
LABELS = ("negative", "positive")
SUBJECTS = ("film", "novel", "meal", "hotel", "concert", "laptop")


def tokenize(text):
    """A text's words, in order and in lower case; an apostrophe inside a word stays, other marks go.

    Formula: the longest runs of letters, digits and inner apostrophes

    Arguments:
        text    str
    Returns:
        words   list of str
    Errors: TypeError: text is not a str.
    Lecture row: C-text

    >>> from course_lib.data import tokenize
    >>> tokenize("It wasn't bad; not BAD at all!")
    ['it', "wasn't", 'bad', 'not', 'bad', 'at', 'all']
    """
    if not isinstance(text, str):
        raise TypeError(f"text: expected a str, got {type(text).__name__}")
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower())


def build_vocabulary(texts, *, min_count=1):
    """The words of the texts, the most frequent first: a word's place in the list is its number.

    Formula: vocabulary = ["<pad>", "<unknown>", then each word with min_count or more occurrences]; where two are
             equally frequent, in alphabetical order

    Arguments:
        texts       list of str: the training texts only, as new texts will hold new words
        min_count   integer, at least 1
    Returns:
        vocabulary  list of str
    Errors: ValueError, TypeError: no texts, something that is no str among them, min_count below 1.
    Lecture row: C-text

    >>> from course_lib.data import build_vocabulary
    >>> build_vocabulary(["not good", "good"])
    ['<pad>', '<unknown>', 'good', 'not']
    """
    _check_texts(texts)
    min_count = _validate.integer("min_count", min_count, minimum=1)
    counts = Counter(word for text in texts for word in tokenize(text))
    kept = [word for word, count in counts.items() if count >= min_count]
    return [PADDING, UNKNOWN, *sorted(kept, key=lambda word: (-counts[word], word))]


def encode(texts, vocabulary, length):
    """Texts as rows of word numbers, cut or padded at the end to one length.

    Formula: ids[n, i] = the number of text n's word i; 1 where the vocabulary lacks it, 0 after the text's end

    Arguments:
        texts       list of N str
        vocabulary  list of str, as from build_vocabulary
        length      integer L, at least 1
    Returns:
        ids         (N, L) integers
    Errors: ValueError, TypeError: no texts, something that is no str among them, length below 1, or a vocabulary that
        does not start with "<pad>" and "<unknown>".
    Lecture row: C-text

    >>> from course_lib.data import encode
    >>> encode(["not good", "so good a soup"], ["<pad>", "<unknown>", "good", "not"], 3)
    array([[3, 2, 0],
           [1, 2, 1]])
    """
    _check_texts(texts)
    length = _validate.integer("length", length, minimum=1)
    if list(vocabulary[:2]) != [PADDING, UNKNOWN]:
        raise ValueError(f"vocabulary: expected it to start with {PADDING!r}, {UNKNOWN!r}, got {list(vocabulary[:2])}")
    number_of = {word: number for number, word in enumerate(vocabulary)}
    ids = np.zeros((len(texts), length), dtype=np.intp)
    for row, text in zip(ids, texts):
        numbers = [number_of.get(word, 1) for word in tokenize(text)[:length]]
        row[: len(numbers)] = numbers
    return ids


def one_hot(ids, size):
    """Each word as a column with a single one: text as a signal with a channel for every word of the vocabulary.

    Formula: out[n, v, i] = 1 where ids[n, i] = v, else 0; and 0 everywhere for the padding v = 0

    A convolution with filters of width 1 over these channels looks up word vectors: its weights (D, V, 1) hold the
    vector of word v in w[:, v, 0]. Summed over the positions, the columns are the bag of words.

    Arguments:
        ids     (N, L) integers in 0..size-1, as from encode
        size    integer V, the length of the vocabulary
    Returns:
        out     (N, V, L) uint8, an eighth of the memory that float64 takes
    Errors: ValueError, TypeError: ids is not of rank 2, not of integers, or outside 0..size-1; size is below 1.
    Lecture row: C-text, B-1x1

    >>> from course_lib.data import one_hot
    >>> one_hot([[3, 2, 0]], 4)[0]
    array([[0, 0, 0],
           [0, 0, 0],
           [0, 1, 0],
           [1, 0, 0]], dtype=uint8)
    """
    ids, size = _check_ids(ids, size)
    out = np.zeros((len(ids), size, ids.shape[1]), dtype=np.uint8)
    rows, places = np.indices(ids.shape)
    out[rows, ids, places] = 1
    out[:, 0] = 0
    return out


def bag_of_words(ids, size):
    """How often each word occurs in each text; the order is forgotten.

    Formula: counts[n, v] = number of i with ids[n, i] = v, and 0 for the padding v = 0

    Arguments:
        ids     (N, L) integers in 0..size-1, as from encode
        size    integer V, the length of the vocabulary
    Returns:
        counts  (N, V) float64
    Errors: ValueError, TypeError: ids is not of rank 2, not of integers, or outside 0..size-1; size is below 1.
    Lecture row: C-text, C-retrieval

    >>> from course_lib.data import bag_of_words
    >>> bag_of_words([[3, 2, 3, 0]], 4)
    array([[0., 0., 1., 2.]])
    """
    ids, size = _check_ids(ids, size)
    counts = np.zeros((len(ids), size))
    np.add.at(counts, (np.arange(len(ids))[:, None], ids), 1)  # a plain += would count a repeated word once
    counts[:, 0] = 0
    return counts


def review_texts():
    """The course's corpus: 1,600 short reviews of films, novels, meals, hotels, concerts and laptops, half positive.

    The course made it up (`datafiles/make_reviews.py` writes it); in many of its sentences only the order of the words
    tells the opinion.

    Formula: label = 1 for a positive review, 0 for a negative one; subject = its place in SUBJECTS

    Arguments: none.
    Returns:
        texts      list of N str
        labels     (N,) integers
        subjects   (N,) integers in 0..5
    Errors: none.
    Lecture row: C-text, C-retrieval

    >>> from course_lib.data import review_texts
    >>> texts, labels, subjects = review_texts()
    >>> len(texts), int(labels.sum()), texts[2], int(subjects[2])
    (1600, 800, 'The bread was not horrible at all.', 2)
    """
    rows = [line.split("\t") for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    labels = np.array([LABELS.index(label) for label, _, _ in rows])
    return [text for _, _, text in rows], labels, np.array([SUBJECTS.index(subject) for _, subject, _ in rows])


def reviews(*, val=0.1, test=0.2, seed=0):
    """The corpus of reviews ready to train on: rows of word numbers, all as long as the longest review.

    Formula: X = encode(texts, vocabulary of the training texts)

    Arguments:
        val, test  shares of the validation and the test set
        seed       integer, at least 0: another seed, another split
    Returns:
        data       dict with X_train (N, L) integers, y_train (N,), 1 for positive, and so on for val and test; beside
                   them vocabulary (list of str) and for each part texts_train (list of N str), subjects_train (N,)
    Errors: ValueError, TypeError: as `split`.
    Lecture row: C-text

    >>> from course_lib.data import reviews
    >>> data = reviews()
    >>> data["texts_train"][1], int(data["y_train"][1])
    ('The screen was not great and the keyboard was disappointing.', 0)
    """
    texts, labels, subjects = review_texts()
    data = split(np.arange(len(texts)), labels, val=val, test=test, seed=seed)
    data["vocabulary"] = build_vocabulary([texts[row] for row in data["X_train"]])
    length = max(len(tokenize(text)) for text in texts)
    for name in [name for name in data if name.startswith("X_")]:
        rows, part = data[name], name.removeprefix("X_")
        data[f"texts_{part}"] = [texts[row] for row in rows]
        data[f"subjects_{part}"] = subjects[rows]
        data[name] = encode(data[f"texts_{part}"], data["vocabulary"], length)
    return data


def _check_texts(texts):
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"texts: expected a list of str, got {type(texts).__name__} {str(texts)[:40]!r}")
    if not len(texts):
        raise ValueError("texts: expected at least one text, got none")


def _check_ids(ids, size):
    size = _validate.integer("size", size, minimum=1)
    ids = np.asarray(ids)
    if ids.ndim != 2:
        raise ValueError(f"ids: expected 2 axes (N, L), got shape {ids.shape}")
    return _validate.labels("ids", ids.reshape(-1), ids.size, size).reshape(ids.shape), size
