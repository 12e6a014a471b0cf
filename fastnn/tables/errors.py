"""What is wrong with a user's table or with a model of one."""


class TableError(ValueError):
    """A table, or a model of one, is not valid; the message is one line and says where."""
