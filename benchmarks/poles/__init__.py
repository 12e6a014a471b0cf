"""Cart-pole, as `fastnn.examples.compiled.cart_pole` has it, by three libraries.

`../cart_pole.py` runs them, each in a process of its own (`worker`). A module `with_<library>` has
one function, and nothing else imports that library:

    train(seed, dtype, most_episodes) -> outputs, returns

`outputs` takes states, shape (n_samples, 4), to what the actor says of each push; `returns` has the
steps that each episode lasted. All start with the same weights and take the same random numbers,
those of one NumPy generator, in the same order (`start`).
"""
