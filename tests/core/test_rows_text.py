"""A 1-D convolution over word vectors: every filter scores a phrase, wherever in the text it stands."""

import numpy as np
import pytest
from oracles import assert_agree, normal

from course_lib.conv import conv1d_forward
from course_lib.data import bag_of_words, build_vocabulary, encode, one_hot
from course_lib.pool import max_pool1d_forward

TEXTS = ["not good at all", "good, not bad", "it was not good", "good good"]


@pytest.mark.row("C-text")
def test_a_filter_scores_a_phrase_where_it_stands():
    vocabulary = build_vocabulary(TEXTS)
    ids = encode(TEXTS, vocabulary, 5)
    vectors = normal(0, len(vocabulary), 3)  # a vector for each word
    vectors = np.where(np.arange(len(vocabulary))[:, None] == 0, 0, vectors)  # none for the padding
    table = vectors.T[:, :, None]  # a 1×1 convolution of one-hot words looks their vectors up
    words = conv1d_forward(one_hot(ids, len(vocabulary)), table)[0]  # (texts, 3, 5)
    assert_agree(words, vectors[ids].transpose(0, 2, 1))
    phrase = [vocabulary.index(word) for word in ("not", "good")]
    detector = vectors[phrase].T[None]  # (1, 3, 2): the phrase's own vectors
    scores = conv1d_forward(words, detector)[0][:, 0]  # (texts, 4)
    for text, position in [(0, 0), (2, 2)]:
        assert scores[text, position] == pytest.approx(np.sum(vectors[phrase] ** 2), rel=1e-12)
        assert tuple(ids[text, position : position + 2]) == tuple(phrase)
    # the largest over all positions says that the phrase is there, not where
    found = max_pool1d_forward(scores[:, None], 4)[0][:, 0, 0]
    assert found[0] == pytest.approx(found[2], rel=1e-12)
    # a bag of words cannot tell the order
    bags = bag_of_words(encode(["not good, bad", "good, not bad"], vocabulary, 5), len(vocabulary))
    assert np.array_equal(bags[0], bags[1]) and not np.array_equal(
        *encode(["not good, bad", "good, not bad"], vocabulary, 5)
    )
