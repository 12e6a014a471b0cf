"""One of several functions of vectors, chosen by an integer code while a kernel runs.

A kernel that tests one code after another in Numba is typed and lowered a branch each. Here a
table of functions becomes one `switch` of LLVM, which is moved out of loops as the tests were.
"""

import functools
import inspect

from llvmlite import ir
from numba import types
from numba.extending import lower_builtin, type_callable

from .arithmetic import Traced
from .vectors import Vector


def vector_switch(functions):
    """Make a function of a code and vectors, which kernels may call, of `functions` by their codes.

    The function that is decorated gives the name, the arguments and the result where there is no
    function of that code, as it does for `None`.
    """
    functions = {code: function for code, function in functions.items() if function is not None}

    def decorate(default):
        arity = len(inspect.signature(default).parameters) - 1

        @functools.wraps(default)
        def choose(code, *vectors):
            if code in functions:
                return functions[code](*vectors)
            return default(code, *vectors)

        @type_callable(choose)
        def _type_choice(context):
            @functools.wraps(default)  # for its signature
            def typer(code, *vectors):
                is_code = isinstance(code, types.Integer)
                alike = len(set(vectors)) == 1 and isinstance(vectors[0], Vector)
                return vectors[0] if is_code and alike else None

            return typer

        @lower_builtin(choose, types.Integer, *[Vector] * arity)
        def _lower_choice(context, builder, signature, args):
            code, *values = args
            llvm_vector = context.get_value_type(signature.return_type)
            vectors = [Traced(builder, llvm_vector, value) for value in values]
            otherwise = builder.append_basic_block("otherwise")
            after = builder.append_basic_block("after")
            results = []
            switch = builder.switch(code, otherwise)
            for function in dict.fromkeys(functions.values()):
                block = builder.append_basic_block(function.__name__)
                for number, known in functions.items():
                    if known is function:
                        switch.add_case(ir.Constant(code.type, number), block)
                builder.position_at_end(block)
                results.append((function(*vectors).value, builder.block))
                builder.branch(after)
            builder.position_at_end(otherwise)
            results.append((default(None, *vectors).value, builder.block))
            builder.branch(after)
            builder.position_at_end(after)
            chosen = builder.phi(llvm_vector)
            for value, block in results:
                chosen.add_incoming(value, block)
            return chosen

        return choose

    return decorate
