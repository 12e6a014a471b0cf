"""Tables that several tests read."""

import random

IRISES = """\
length,width,colour,species
5.1,3.5,white,setosa
4.9,3.0,white,setosa
7.0,3.2,blue,versicolor
6.4,3.1,blue,versicolor
6.3,3.3,red,virginica
5.8,2.7,red,virginica
"""


def write(path, text, **options):
    """Write a text as it is, and return the path."""
    with open(path, "w", newline="", **{"encoding": "utf-8", **options}) as file:
        file.write(text)
    return path


def flowers(n_rows, seed=0):
    """Return a table in which the colour and the length tell the species."""
    rng = random.Random(seed)
    lines = ["length,colour,width,species"]
    for _ in range(n_rows):
        species, colour, mean = rng.choice([("small", "red", 1.0), ("large", "blue", 3.0)])
        lines.append(f"{rng.gauss(mean, 0.2):.3f},{colour},{rng.random():.3f},{species}")
    return "\n".join(lines) + "\n"


def prices(n_rows, seed=0):
    """Return a table of rents, 10 of a square metre and 100 more in town."""
    rng = random.Random(seed)
    lines = ["area,place,rent"]
    for _ in range(n_rows):
        area, place = rng.uniform(20, 120), rng.choice(["town", "country"])
        rent = 10 * area + 100 * (place == "town") + 300
        lines.append(f"{area:.2f},{place},{rent:.2f}")
    return "\n".join(lines) + "\n"
