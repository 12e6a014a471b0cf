"""What a picture shows."""


def legend_of(ax):
    """Return the texts of the legend of `ax`."""
    return [text.get_text() for text in ax.get_legend().get_texts()]
