"""The five networks that fastnn grew out of, each a short program: ``fastnn NAME``."""

EXAMPLES = {
    "xor": "3-4-1 learns the exclusive or of two bits, all rows at once",
    "digits": "400-25-10 learns 5000 handwritten digits, one sample at a time",
    "gender": "2-2-1 tells woman from man by weight and height; worked by hand on the way",
    "moons": "2-25-50-25-2 tells two interleaved half circles apart",
    "first_column": "one neuron learns to repeat the first of three bits",
}
