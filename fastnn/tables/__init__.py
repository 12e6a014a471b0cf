"""A table of mixed columns, and an ensemble of networks that learns from it.

columns     a DataFrame or an array as columns of three kinds: numbers, texts and times
names       the one rule about the names of columns
numbers     a column of numbers as inputs: robust scale, piecewise-linear bins, periodic features
encoder     the columns of a table as the inputs of a network
formats     how the texts of a file's column become values; `parsing` reads them so
ensemble    networks trained side by side, one a fold, and the weights of their kinds; `progress`
            is their bar
model       what predicts, once it is trained; `model_file` saves it

`fastnn.sklearn.TabularClassifier` and `TabularRegressor` put scikit-learn's interface on top. This
package needs scikit-learn, narwhals for DataFrames, and pyarrow for the texts of files.
"""
