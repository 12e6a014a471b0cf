"""Suggest the right name for an unknown one; the table of other libraries' names is here."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeVar, overload

T = TypeVar("T")

_OTHERS = {  # other libraries' names of values
    # activations
    "identity": "none",
    "sigmoid": "logsig expit",
    "tanh": "tansig hyperbolic_tangent hard_tanh",
    "relu": "rectifier relu6 rectified_linear",
    "leaky_relu": "lrelu prelu",
    "softplus": "soft_plus",
    "swish": "hard_swish",
    "gelu": "gelu_new gelu_tanh",
    "exp": "exponential",
    "softmax": "log_softmax",
    # losses and metrics
    "half_sse": "half_squared_error sse_half",
    "sse": "sum_of_squares sum_squared_error rss",
    "mse": "mean_squared_error squared_error l2 l2_loss quadratic mse_loss rmse",
    "mae": "mean_absolute_error absolute_error l1 l1_loss mean_absolute",
    "huber": "smooth_l1 smooth_l1_loss huber_loss",
    "binary_cross_entropy": "binary_crossentropy bce bce_loss bce_with_logits log_loss",
    "cross_entropy": "categorical_crossentropy sparse_categorical_crossentropy crossentropy nll "
    "nll_loss negative_log_likelihood cross_entropy_loss categorical_cross_entropy log_loss",
    "poisson": "poisson_nll poisson_nll_loss poisson_deviance",
    "quantile": "pinball pinball_loss",
    "gaussian_nll": "gaussian_nll_loss gaussian heteroscedastic",
    "gamma": "gamma_deviance gamma_nll",
    "focal": "focal_loss sigmoid_focal_crossentropy categorical_focal_crossentropy",
    "accuracy": "acc accuracy_score binary_accuracy categorical_accuracy",
    "val_accuracy": "val_acc",
    "r2": "r2_score r_squared coefficient_of_determination",
    # optimisers
    "sgd": "gd gradient_descent stochastic_gradient_descent vanilla",
    "momentum": "sgd_momentum heavy_ball",
    "nesterov": "nag nesterov_momentum sgd_nesterov",
    "rmsprop": "rms",
    "irprop": "rprop irprop_minus rprop_minus",
    "lbfgs": "bfgs lbfgs_b",
    "adam": "nadam adamax amsgrad",
    # initializers
    "glorot_uniform": "xavier_uniform xavier glorot",
    "glorot_normal": "xavier_normal",
    "he_uniform": "kaiming_uniform kaiming he",
    "he_normal": "kaiming_normal",
    "lecun_normal": "lecun",
    "zeros": "zero constant",
    # other words
    "mean": "average avg batchmean",
    "sum": "add total",
    "min": "minimum minimize minimise lower low",
    "max": "maximum maximize maximise higher high",
    "float32": "single f4 f32 float16 half bfloat16",
    "float64": "double f8 f64 float float128 longdouble",
}
_OTHER_ARGUMENTS = {  # other libraries' names of arguments
    "learning_rate_init": "lr learn_rate eta",  # of estimators, beside their learning_rate
    "max_iter": "epochs n_epochs num_epochs max_epochs epoch iterations",
    "solver": "optimizer optim optimiser",
    "random_state": "seed rng",
    "hidden_layer_sizes": "layers hidden_layers layer_sizes sizes",
    "alpha": "l2 weight_decay rho decay smoothing",
    "verbose": "progress verbosity print_every disp display",
    "n_iter_no_change": "patience",
    "learning_rate": "lr learn_rate eta rate step_size learning_rate_init l_rate",
    "epochs": "n_epochs num_epochs nb_epoch epoch max_epochs max_iter n_iter iterations n_iters "
    "total_steps t_max total_iters",
    "batch_size": "batch minibatch_size mini_batch_size n_batch mini_batch",
    "optimizer": "optim optimiser solver algorithm updater",
    "progress": "verbose verbosity show_progress progress_bar disp",
    "validation_fraction": "validation_split val_split val_fraction test_size",
    "validation_data": "val_data valid_data eval_set validation test_data validation_set",
    "evaluate_every": "validation_freq eval_every validation_frequency",
    "resume": "warm_start initial_epoch continue_training",
    "metrics": "metric scoring",
    "callbacks": "callback",
    "sample_weight": "sample_weights weight",
    "class_weight": "class_weights",
    "input_noise": "noise noise_std gaussian_noise",
    "n_threads": "n_jobs threads num_threads workers num_workers",
    "n_out": "units n_units n_neurons neurons size width out_features output_dim num_units n",
    "activation": "activation_function activation_fn act nonlinearity transfer_function func",
    "bias": "use_bias with_bias fit_intercept has_bias",
    "train_bias": "trainable_bias",
    "trainable": "train frozen freeze requires_grad",
    "weights": "w weight initial_weights coefs",
    "biases": "b initial_bias initial_biases intercepts",
    "initializer": "kernel_initializer init weight_init initialiser weights_init kernel_init",
    "bias_initializer": "bias_init bias_initialiser",
    "dropout": "dropout_rate drop p_drop drop_prob",
    "l2": "l2_reg kernel_regularizer",
    "max_norm": "maxnorm kernel_constraint",
    "n_in": "input_dim input_size input_shape in_features n_inputs n_features inputs",
    "layers": "hidden_layers hidden_layer_sizes layer_sizes sizes structure architecture",
    "loss": "criterion loss_function loss_fn cost objective cost_function losses loss_weights",
    "seed": "random_state rng random_seed generator",
    "momentum": "beta mu rho",
    "betas": "beta_1 beta_2 beta1 beta2",
    "eps": "epsilon",
    "weight_decay": "decay l2 wd l2_reg",
    "clip_norm": "clipnorm max_grad_norm grad_clip gradient_clip",
    "clip_value": "clipvalue grad_clip_value",
    "patience": "n_iter_no_change wait",
    "min_delta": "tol delta threshold",
    "threshold": "min_delta tol",
    "restore_best": "restore_best_weights",
    "monitor": "metric quantity",
    "path": "filepath filename file",
    "every": "period save_freq save_every",
    "factor": "gamma",
    "gamma": "factor decay decay_rate",
    "step_size": "decay_steps period steps",
    "warmup": "warmup_steps warmup_epochs n_warmup num_warmup_steps warm_up",
    "per": "by unit interval",
    "min_lr": "min_learning_rate eta_min",
    "eta_min": "min_lr min_learning_rate",
    "X": "x inputs data",
    "y": "Y targets labels",
}  # fmt: skip
_PLACEHOLDER = re.compile(r"^( *)\{(\w+)\}$", re.MULTILINE)
_CALLS: dict[str, Callable[..., Any]] = {}  # the decorated functions, by their public names
_OWNERS = ("Network.fit", "Network", "Dense")  # where an unknown argument is looked up


def _squashed(name: str) -> str:
    """Return a name in lower case without underscores and punctuation."""
    return re.sub(r"[\W_]+", "", name).lower()


def _by_others(table: Mapping[str, str]) -> dict[str, list[str]]:
    """Return fastnn's names by those of other libraries."""
    ours: dict[str, list[str]] = {}
    for name, others in table.items():
        for other in others.split():
            ours.setdefault(_squashed(other), []).append(name)
    return ours


def _known_as(
    name: str, choices: Iterable[str], table: Mapping[str, list[str]], *, cutoff: float = 0.65
) -> str | None:
    """Return which of `choices` a name means: another spelling, a synonym, or a typing error."""
    word, by_word = _squashed(name), {_squashed(choice): choice for choice in choices}
    if word in by_word:
        return by_word[word]
    for ours in table.get(word, ()):
        if ours in by_word.values():
            return ours
    import difflib  # for errors only

    near = difflib.get_close_matches(word, by_word, 1, cutoff)
    return by_word[near[0]] if near else None


def did_you_mean(value: object, choices: Iterable[str], *, prefix: str = "") -> str:
    """Return the end of an error about a value that is none of `choices`; empty without a guess.

    A function or class is taken by its name. The guess is told with `prefix` before it.

    Examples
    --------
    >>> from fastnn._checks.names import did_you_mean
    >>> did_you_mean("Mean_Squared_Error", ["mae", "mse"])
    "; did you mean 'mse'?"
    """
    if not isinstance(value, str):
        if not callable(value):
            return ""
        value = getattr(value, "__name__", type(value).__name__)
    known = _known_as(str(value), choices, _by_others(_OTHERS))
    return "" if known is None else f"; did you mean {prefix + known!r}?"


def hint_of_argument(name: str, own: Iterable[str], owners: Iterable[str] = _OWNERS) -> str:
    """Return the end of an error about an argument that is none of `own`; empty without a guess.

    It may be an argument of one of `owners`, which are other calls.
    """
    own = [*own]
    exactly = functools.partial(_known_as, name, table=_by_others(_OTHER_ARGUMENTS), cutoff=1.0)
    if (known := exactly(own)) is not None:
        return f"; did you mean {known}?"
    for owner in owners:
        if owner in _CALLS and (known := exactly(_parameters(_CALLS[owner]))) is not None:
            return f"; {known} is an argument of {owner}"
    near = _known_as(name, own, _by_others(_OTHER_ARGUMENTS))
    return "" if near is None else f"; did you mean {near}?"


def flag_for(word: str, flags: Iterable[str]) -> str:
    """Return the end of an error about a flag that others call otherwise; empty without a guess.

    Examples
    --------
    >>> from fastnn._checks.names import flag_for
    >>> flag_for("--lr", ["--epochs", "--learning-rate"])
    "; did you mean '--learning-rate'?"
    """
    by_word = {_squashed(flag): flag for flag in flags}
    ours = map(_squashed, _by_others(_OTHER_ARGUMENTS).get(_squashed(word), ()))
    known = next((by_word[name] for name in ours if name in by_word), None)
    return "" if known is None else f"; did you mean {known!r}?"


def hint_of_attribute(name: str, own: Iterable[str]) -> str:
    """Return the end of an error about an attribute that is none of `own`."""
    near = _known_as(name, own, {"bias": ["biases"], "meta": ["metadata"]})
    return "" if near is None else f"; did you mean {near}?"


@overload
def explained(target: T) -> T: ...
@overload
def explained(*, usage: str) -> Callable[[T], T]: ...
def explained(target: Any = None, *, usage: str = "") -> Any:
    """Replace the TypeError of a call that does not match the signature by one with a remedy.

    `usage` shows how to write the call. A call that matches takes some 50 ns more.
    """
    if target is None:
        return functools.partial(explained, usage=usage)
    if isinstance(target, type):
        init: Any = target.__init__  # type: ignore[misc]
        target.__init__ = _explained(init, target.__qualname__, usage)  # type: ignore[misc]
        return target
    return _explained(target, getattr(target, "__qualname__", ""), usage)


def with_lists(**texts: str) -> Callable[[T], T]:
    """Replace the lines ``{name}`` of a docstring by texts, which come from the tables of the core.

    Examples
    --------
    >>> from fastnn._checks.names import with_lists
    >>> @with_lists(colours="red, green")
    ... def paint():
    ...     '''Paint with
    ...     {colours}
    ...     '''
    >>> print(paint.__doc__.rstrip())
    Paint with
        red, green
    """

    def wrapped(found: re.Match[str]) -> str:
        indent, name = found.groups()
        return textwrap.fill(texts[name], 100, initial_indent=indent, subsequent_indent=indent)

    def fill(documented: T) -> T:
        if documented.__doc__:  # which python -OO leaves out
            documented.__doc__ = _PLACEHOLDER.sub(wrapped, documented.__doc__)
        return documented

    return fill


def _explained(function: Any, name: str, usage: str) -> Any:
    _CALLS[name] = function

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except TypeError:
            _check_call(function, usage, arguments, options)
            raise  # from inside the function, or about the value of an argument

    return call


def _parameters(function: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments that a user can pass."""
    from inspect import signature  # for errors only

    return [name for name in signature(function).parameters if name not in ("self", "cls")]


def _check_call(
    function: Any, usage: str, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    """Raise a TypeError that names the remedy if arguments do not match the signature."""
    from inspect import signature

    try:
        signature(function).bind(*arguments, **options)
    except TypeError as error:
        own = _parameters(function)
        label, how = _label(function, arguments), f"; write {usage}" if usage else ""
        unknown = [name for name in options if name not in own]
        if unknown:
            owners = _OWNERS if label.partition(".")[0] in ("Network", "Dense") else ()
            hint = hint_of_argument(unknown[0], own, owners)
            _refuse(f"{label}() has no argument {unknown[0]!r}", hint)
        _refuse(f"{label}(): {error}", how)


def _refuse(what: str, more: str) -> NoReturn:
    raise TypeError(what + more) from None


def _label(function: Any, arguments: tuple[Any, ...]) -> str:
    """Return the name of the called function, of a method with the class of its object."""
    *owner, name = function.__qualname__.split(".")
    if owner and owner[-1] != "<locals>" and arguments:
        one = arguments[0]
        owner = [(one if isinstance(one, type) else type(one)).__qualname__]
    return ".".join(owner if name == "__init__" else [*owner, name])
