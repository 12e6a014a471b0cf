"""A user's table: ``fastnn train``, ``predict``, ``export`` and ``info``.

reading     a CSV or Parquet file, some rows at a time
fields      what a field holds: a number, a text, or nothing
profile     the first pass: what each column holds, and its mean, deviation or categories
encoding    rows as the network takes them, and its outputs as labels or values
rows        which rows are held out, and encoded rows in memory or in a temporary file
training    all rows at once or chunk by chunk, and the score on what was held out
model       the network, what its metadata tell of the table, and the same on raw numbers
outputs     files that are never overwritten unasked, nor left half written
"""

COMMANDS = {
    "train": "train a network on a table of your own, a CSV or Parquet file",
    "predict": "predict for new rows with a network that was saved",
    "export": "write a network that was saved as an ONNX file or as C",
    "info": "tell what a network that was saved is: layers, score, where and when it was trained",
}
