"""A user's table: ``fastnn train``, ``predict``, ``export`` and ``info``.

reading     a CSV or Parquet file, some rows at a time
fields      what a field holds: a number, a text, or nothing
profile     the first pass: what each column holds, and its mean, deviation or categories
encoding    rows as the network takes them, and its outputs as labels or values
rows        the split, and a buffer of encoded rows in memory or in a temporary file
training    all rows at once or chunk by chunk, and the score on what was held out
model       the network, its metadata about the table, and the network for unscaled numbers
outputs     a check that no file is overwritten without --force
"""

COMMANDS = {
    "train": "train a network on a table of your own, a CSV or Parquet file",
    "predict": "predict for new rows with a network that was saved",
    "export": "write a network that was saved as an ONNX file or as C",
    "info": "tell what a network that was saved is: layers, score, where and when it was trained",
}
