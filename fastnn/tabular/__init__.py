"""A user's table: ``fastnn train``, ``evaluate``, ``predict``, ``export`` and ``info``.

reading     a CSV, Parquet or Excel file, whole or some rows at a time, with typed columns:
            `sources` has the files, `deciding` the formats by which their texts are values;
            `identifiers` finds columns that number the rows
target      what is to be predicted: classes or numbers
samples     rows with a target: all of them chunk by chunk, or a random sample
rows        the split, and a buffer of encoded rows in a temporary file
training    the estimators' ensemble, on all rows at once
chunks      one network, on a table that memory does not hold; `spilled` has its epochs
judging     scores beside a linear model and who always says the same
summary     a line on each column
predicting  predictions, and a count of what training did not see
model       what the file of a model tells of its table
outputs     checks of a file to be written: not without --force, nor by two at once

The networks, their encoding, the formats and the file of a model are those of `fastnn.tables`.
"""

COMMANDS = {
    "train": "train networks on a table of your own, a CSV, Parquet or Excel file",
    "evaluate": "score a model that was saved on a table that has the target",
    "predict": "predict for new rows with a model that was saved",
    "export": "write a model that was saved as an ONNX file or as C",
    "info": "tell what a model that was saved is: columns, score, where and when it was trained",
}
