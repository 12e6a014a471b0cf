"""What an example prints when it is run with flags."""

import argparse


def printed(capsys, example, *argv):
    parser = argparse.ArgumentParser()
    example.add_arguments(parser)
    example.run(parser.parse_args(argv))
    return capsys.readouterr().out
