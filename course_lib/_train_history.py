"""What training leaves behind: the numbers of every step and epoch, as a table and as a picture."""

from dataclasses import dataclass, field

SHOWN = 12  # a longer table shows its first and last epochs


@dataclass(repr=False)
class History:
    """The course of a training run; `fit` returns one.

    Formula: train_loss[e] = mean of step_loss over epoch e, weighted by batch size;
             best_epoch = argmin val_loss (argmin train_loss where there is no validation set)

    Attributes:
        step_loss       one float a step: the loss of its batch, before the step
        lr              one float a step: the step size after the schedule
        train_loss, val_loss          one float an epoch; val_loss is empty without a validation set
        train_accuracy, val_accuracy  one float an epoch, 0 to 1; empty where the targets are not class labels
        seconds         one float an epoch
        interrupted     True where Ctrl-C ended the training; the unfinished epoch counts in step_loss and lr only
        best_epoch      the number of the best epoch, counted from 1; 0 before the first one is complete
    Lecture row: D-issues

    >>> from course_lib.train import History
    >>> print(History(train_loss=[2.0, 1.0], val_loss=[1.5, 1.75]))
    epoch  train loss  val loss
        1           2       1.5  best
        2           1      1.75
    """

    step_loss: list = field(default_factory=list)
    lr: list = field(default_factory=list)
    train_loss: list = field(default_factory=list)
    val_loss: list = field(default_factory=list)
    train_accuracy: list = field(default_factory=list)
    val_accuracy: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    interrupted: bool = False

    @property
    def best_epoch(self):
        losses = self.val_loss or self.train_loss
        return losses.index(min(losses)) + 1 if losses else 0

    def __repr__(self):
        epochs = len(self.train_loss)
        text = f"<History: {epochs} epoch{'s' * (epochs != 1)}"
        if epochs:
            text += f", best {self.best_epoch}: " + ", ".join(
                f"{title} {cells[self.best_epoch - 1]}" for title, cells in self._columns()[1:]
            )
        return text + (", interrupted>" if self.interrupted else ">")

    def __str__(self):
        columns = self._columns()
        widths = [max(len(title), *(len(cell) for cell in cells), 1) for title, cells in columns]
        lines = ["  ".join(title.rjust(width) for (title, _), width in zip(columns, widths))]
        for row in self._rows():
            if row is None:
                lines.append("  ".join("…".rjust(width) for width in widths))
                continue
            best = "  best" if row + 1 == self.best_epoch else ""
            lines.append("  ".join(cells[row].rjust(width) for (_, cells), width in zip(columns, widths)) + best)
        return "\n".join(lines + (["(interrupted)"] if self.interrupted else []))

    def _repr_html_(self):
        columns = self._columns()
        head = "".join(f'<th scope="col">{title}</th>' for title, _ in columns)
        body = []
        for row in self._rows():
            cells = ["…" if row is None else cells[row] for _, cells in columns]
            if row is not None and row + 1 == self.best_epoch:
                cells = [f"<strong>{cell}</strong>" for cell in cells]
            body.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
        note = "Training was interrupted. " if self.interrupted else ""
        caption = f"<caption>{note}The best epoch is in bold.</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"

    def _columns(self):
        """[(title, one text an epoch)]; no times, so that the same run prints the same table."""
        columns = [("epoch", [str(epoch + 1) for epoch in range(len(self.train_loss))])]
        for title, losses in (("train loss", self.train_loss), ("val loss", self.val_loss)):
            if losses:
                columns.append((title, [f"{loss:.4g}" for loss in losses]))
        for title, shares in (("train accuracy", self.train_accuracy), ("val accuracy", self.val_accuracy)):
            if shares:
                columns.append((title, [f"{share:.1%}" for share in shares]))
        return columns

    def _rows(self):
        """Indices of the epochs that a table shows, None where some are left out."""
        epochs = range(len(self.train_loss))
        if len(epochs) <= SHOWN:
            return list(epochs)
        ends = {*epochs[:5], *epochs[-5:], self.best_epoch - 1}
        rows = []
        for epoch in sorted(ends):
            if rows and epoch - rows[-1] > 1:
                rows.append(None)
            rows.append(epoch)
        return rows

    def plot(self):
        """Draw the losses, and beside them the accuracies where there are any; returns the matplotlib figure.

        Formula: one dot a step, one line over the epochs' ends

        Arguments: none.
        Returns:
            figure   matplotlib.figure.Figure
        Errors: ValueError: no step was taken.
        Lecture row: D-issues

        >>> from course_lib.train import History
        >>> figure = History(step_loss=[2.0, 1.0], train_loss=[1.5], train_accuracy=[0.5]).plot()
        >>> [axes.get_ylabel() for axes in figure.axes]
        ['loss', 'accuracy']
        """
        if not self.step_loss:
            raise ValueError("plot: expected a history of at least one step, got none")
        import matplotlib.pyplot as plt

        from . import draw

        figure, axes = draw.figure(2 if self.train_accuracy else 1, width=4.2, height=3.0)
        plt.close(figure)  # a notebook would show it twice: as the cell's value, and as an open figure
        epochs = range(1, len(self.train_loss) + 1)
        steps_an_epoch = len(self.step_loss) / max(1, len(epochs))
        at = [(step + 1) / steps_an_epoch for step in range(len(self.step_loss))]
        axes[0].plot(at, self.step_loss, ".", color="#9a9fa8", markersize=2, label="each step", zorder=0)
        draw_curves(axes[0], epochs, self.train_loss, self.val_loss)
        positive = [loss for loss in self.step_loss + self.val_loss if loss > 0]
        if len(positive) == len(self.step_loss + self.val_loss) and max(positive) > 20 * min(positive):
            axes[0].set_yscale("log")
        axes[0].set_ylabel("loss")
        if self.train_accuracy:
            draw_curves(axes[1], epochs, self.train_accuracy, self.val_accuracy)
            axes[1].set_ylabel("accuracy")
        for ax in axes:
            ax.set_xlabel("epoch")
            ax.legend(frameon=False, fontsize=9)
            ax.spines[["top", "right"]].set_visible(False)
        return figure


def draw_curves(ax, epochs, train, val):
    """Training and validation: two colours that colour-blind readers tell apart, two dashes and two marks beside."""
    from .draw import GRADIENT, VALUE

    if train:
        ax.plot(epochs, train, "o-", color=VALUE, markersize=4, label="training")
    if val:
        ax.plot(epochs, val, "s--", color=GRADIENT, markersize=4, label="validation")
