"""fastnn beside its peers: `../peers.py` runs what is here.

Each contender has a process of its own (`worker`), asked in turn, round by round (`race`), at tasks
that are the same for all (`task`). A module `with_<library>` has a class `Training`, a class
`Prediction`, or both, and nothing else imports that library:

    Training(task, variant)      at the task's start
        .restore()               back to the start, in the library's own storage
        .run()                   one epoch: what is timed
        .weights()               [(W, b), ...] as now, W of shape (n_in, n_out)
    Prediction(task, variant)
        .prepare(X)              a row (n_in,) or a table, as the library takes it: not timed
        .predict(X)              the outputs: what is timed
"""
