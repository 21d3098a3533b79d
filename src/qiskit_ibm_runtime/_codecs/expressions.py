"""A guard on every expression that is read.

Qiskit below 1.0 reads an expression by giving its text to SymPy, which evaluates it as Python:
anyone who writes the text runs code on the reader's machine (CVE-2025-2000). Nothing here evaluates
a text before :func:`check_expression` has found in it only what SymPy writes for a formula.
"""

from __future__ import annotations

import ast
import re
import threading

from qiskit_ibm_runtime.exceptions import DecodeError

_LONGEST = 2**20  # characters; terra's own largest envelope has under 2,000
_DEEPEST = 64
_LARGEST_INTEGER = 2**63
_LARGEST_POWER = 1024
_FUNCTIONS = frozenset(
    re.findall(
        r"\w+",
        "Abs Add And Derivative Eq Equality ExprCondPair GreaterThan Heaviside LessThan Max Min "
        "Mul Not Or Piecewise Pow Rational StrictGreaterThan StrictLessThan Tuple Unequality Xor "
        "acos acosh asin asinh atan atan2 atanh ceiling conjugate cos cosh cot csc csch coth exp "
        "floor im log re sec sech sign sin sinh sqrt tan tanh",
    )
)
_CONSTANTS = frozenset({"E", "I", "pi", "oo", "nan", "true", "false", "zoo"})
_ASSUMPTIONS = frozenset(
    {"commutative", "complex", "finite", "integer", "negative", "nonnegative", "positive", "real"}
)
# Threads that parse side by side disturb each other's recursion counter (seen on CPython 3.11.7):
# https://github.com/python/cpython/issues/106905
_one_parser = threading.Lock()


def check_expression(text: str) -> None:
    """Accept what SymPy's ``srepr`` writes for a formula of parameters.

    Raises:
        DecodeError: If the text holds anything else, or a number that takes for ever.
    """
    try:
        if len(text) > _LONGEST:
            raise DecodeError(f"An expression has {len(text)} characters.")
        with _one_parser:
            tree = ast.parse(text, mode="eval")
        _check(tree.body, 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        if isinstance(exc, DecodeError):
            raise
        raise DecodeError("An expression cannot be read: it is not a formula.") from None


def _check(node: ast.expr, depth: int) -> bool:
    """Check a part of a formula; return whether it is a number without symbols."""
    if depth > _DEEPEST:
        raise DecodeError("An expression is nested too deeply.")
    if isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return True
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        _check_integer(node)
        return True
    name, args = node.func.id, node.args
    if name in ("Symbol", "Dummy"):
        _check_symbol(node)
        return False
    if name == "Float":
        _check_float(node)
        return True
    if node.keywords:
        raise DecodeError(f"An expression calls {name} in a way that formulas do not.")
    if name in ("Integer", "Rational"):
        for argument in args:
            _check_integer(argument)
        return True
    if name not in _FUNCTIONS:
        raise DecodeError(f"An expression calls {name!r}, which is not a function of formulas.")
    parts = [_check(argument, depth + 1) for argument in args]
    numeric = all(parts)
    if name == "Pow" and numeric and not _is_small_power(args):
        raise DecodeError(
            "An expression raises a number to a power that takes too long to evaluate."
        )
    return numeric


def _check_integer(node: ast.expr) -> None:
    number = node.operand if isinstance(node, ast.UnaryOp) else node
    signed = not isinstance(node, ast.UnaryOp) or isinstance(node.op, ast.USub)
    if not (signed and isinstance(number, ast.Constant) and type(number.value) is int):
        raise DecodeError("An expression holds something that is not part of a formula.")
    if number.value > _LARGEST_INTEGER:
        raise DecodeError("An expression holds an integer of more than 63 bits.")


def _check_symbol(node: ast.Call) -> None:
    named = len(node.args) == 1 and isinstance(node.args[0], ast.Constant)
    assumed = all(
        word.arg in _ASSUMPTIONS and isinstance(word.value, ast.Constant) for word in node.keywords
    )
    if not (named and assumed and isinstance(node.args[0].value, str)):  # type: ignore[attr-defined]
        raise DecodeError("An expression holds a symbol without a plain name.")


def _check_float(node: ast.Call) -> None:
    first, words = node.args[0] if node.args else None, node.keywords
    if not (len(node.args) == 1 and isinstance(first, ast.Constant)):
        raise DecodeError("An expression holds a number that cannot be read.")
    float(first.value)  # type: ignore[arg-type]  # raises ValueError for what is no number
    for word in words:
        _check_integer(word.value)
    if any(word.arg not in ("precision", "dps") for word in words):
        raise DecodeError("An expression holds a number of an unsupported type.")
    if any(word.value.value > 256 for word in words):  # type: ignore[attr-defined]
        raise DecodeError("An expression holds a number with too many digits.")


def _is_small_power(args: list[ast.expr]) -> bool:
    """Return whether base and exponent, both without symbols, were written out and small."""
    if len(args) != 2 or not all(_is_written_out(part) for part in args):
        return False
    exponent = args[1]
    if isinstance(exponent, ast.Name):
        return True
    numbers = [float(ast.literal_eval(part)) for part in exponent.args]  # type: ignore[attr-defined]
    return all(abs(number) <= _LARGEST_POWER for number in numbers)


def _is_written_out(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in ("Float", "Integer", "Rational")
    return isinstance(node, ast.Name)
