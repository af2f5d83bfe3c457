"""Joined text: what a network attends to is the valid tokens of all encoders, in order."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from voyager_lite.core.text_tokens import JoinedText, TextTokens, join


def text(rows, *, width=3, seed=0):
    valid = torch.tensor(rows, dtype=torch.bool)
    draw = torch.Generator().manual_seed(seed)
    return TextTokens(tokens=torch.randn(*valid.shape, width, generator=draw), valid=valid)


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=5), min_size=1, max_size=3))
def test_valid_tokens_come_first_and_in_order(masks):
    parts = [text([mask], seed=number) for number, mask in enumerate(masks)]
    joined = join(parts)
    expected = torch.cat([part.tokens[part.valid] for part in parts])
    assert torch.equal(joined.tokens[joined.valid], expected)
    count = len(expected)
    assert joined.valid[0, :count].all() and not joined.valid[0, count:].any()
    assert (joined.tokens[0, count:] == 0).all()


def test_attention_over_the_join_is_attention_over_all_valid_tokens():
    a, b = text([[1, 1, 0]], seed=1), text([[1, 0, 0, 0]], seed=2)
    joined, query = join([a, b]), text([[1, 1]], seed=3).tokens
    masked = F.scaled_dot_product_attention(
        query, joined.tokens, joined.tokens, attn_mask=joined.valid[:, None]
    )
    plain = torch.cat([a.tokens[:, :2], b.tokens[:, :1]], dim=1)
    torch.testing.assert_close(masked, F.scaled_dot_product_attention(query, plain, plain))


def test_encoders_of_different_widths_meet_in_one():
    joiner = JoinedText([3, 5], channels=4)
    joined = joiner([text([[1, 0]], width=3), text([[1, 1]], width=5)])
    assert joined.tokens.shape == (1, 4, 4) and joined.valid.sum() == 3
    torch.testing.assert_close(joined.tokens[0, :3].mean(-1), torch.zeros(3), atol=1e-5, rtol=0)


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="no text is given"):
        join([])
    with pytest.raises(ValueError, match="expected the same of all"):
        join([text([[1]], width=3), text([[1]], width=4)])
    with pytest.raises(ValueError, match="of 1 encoders is given; expected 2"):
        JoinedText([3, 3], channels=4)([text([[1]])])
