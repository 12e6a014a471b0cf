"""Every optimiser, with each of its hyperparameters."""

from fastnn.optimizers import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    IRprop,
    Momentum,
    Nesterov,
    RMSprop,
)

OPTIMIZERS = [
    SGD(0.1),
    SGD(0.1, weight_decay=0.01),
    SGD(0.1, weight_decay=0.3, decay_biases=True),
    SGD(0.5, clip_value=0.05, clip_norm=0.1),
    Momentum(0.1, 0.8),
    Momentum(0.1, clip_norm=0.1, dampening=0.3),
    Nesterov(0.1, clip_value=0.05, weight_decay=0.1),
    RMSprop(),
    RMSprop(momentum=0.5, weight_decay=0.1),
    RMSprop(0.02, alpha=0.9, centered=True),
    RMSprop(eps=1e-3, momentum=0.5, centered=True),
    Adagrad(),
    Adagrad(0.1, lr_decay=0.1, initial_accumulator_value=0.5, weight_decay=0.1),
    Adam(weight_decay=0.1),
    Adam(weight_decay=0.3, decay_biases=True, clip_norm=0.1),
    Adam(0.01, (0.5, 0.9), eps=1e-3, clip_norm=0.1),
    Adam(eps=1e-3, eps_hat=True),
    AdamW(),
    AdamW(0.01, weight_decay=0.5),
    AdamW(0.01, weight_decay=0.5, decay_biases=True),
    IRprop(),
    IRprop(0.1, etas=(0.4, 1.5), step_sizes=(0.01, 0.2), weight_decay=0.1),
    IRprop(weight_decay=0.1, decay_biases=True),
]
