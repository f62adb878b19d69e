"""What the convolution layer keeps from its forward pass for the backward pass, beside the arguments."""

from dataclasses import dataclass, field


@dataclass
class Kept:
    """Columns, where there are not too many of them. The first backward pass takes them out, to write to them."""

    chunk: int | None = None  # images in a block, as the caller asked
    columns: dict = field(default_factory=dict)  # of each block, by its first image; what is not here is made anew
    consumed: bool = False  # a backward pass was told that it is the last one

    def use(self, consume):
        """Begin a backward pass, unless there was one that was said to be the last."""
        if self.consumed:
            raise ValueError("cache: expected one not used up, got one that a backward pass with consume=True has used")
        self.consumed = consume
