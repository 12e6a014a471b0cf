"""Training: the checked request, the training state, the loop, and the kinds of epochs."""
