"""Validation of untrusted parameter expressions before SymPy evaluates them.

Qiskit before 1.0 passes the text of an expression to SymPy, which evaluates it as Python, so a
malicious payload can run code on the reader's machine (CVE-2025-2000). :func:`check_expression`
accepts only the syntax that SymPy writes for formulas.
"""

from __future__ import annotations

import ast
import re
import threading

from qiskit_ibm_runtime.exceptions import DecodeError

_LONGEST = 2**20  # characters; terra's own largest pulse envelope has under 2,000
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
# Parsing in several threads corrupts the recursion counter (seen in CPython 3.11.7):
# https://github.com/python/cpython/issues/106905
_one_parser = threading.Lock()


def check_expression(text: str) -> None:
    """Check that a string is the ``srepr`` of a formula and cheap to evaluate.

    Raises:
        DecodeError: If the string contains anything else, or a number that takes too long to
            evaluate.
    """
    try:
        if len(text) > _LONGEST:
            raise DecodeError(f"An expression is too long: it has {len(text)} characters.")
        with _one_parser:
            tree = ast.parse(text, mode="eval")
        _check(tree.body, 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        if isinstance(exc, DecodeError):
            raise
        raise DecodeError("An expression is not a valid formula.") from None


def _check(node: ast.expr, depth: int) -> bool:
    """Check a part of a formula, and return whether it contains no symbols."""
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
        raise DecodeError(f"An expression calls {name} with keyword arguments.")
    if name in ("Integer", "Rational"):
        for argument in args:
            _check_integer(argument)
        return True
    if name not in _FUNCTIONS:
        raise DecodeError(f"An expression calls {name!r}, which is not allowed in formulas.")
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
        raise DecodeError("An expression contains syntax that is not allowed in formulas.")
    if number.value > _LARGEST_INTEGER:
        raise DecodeError("An expression contains an integer of more than 63 bits.")


def _check_symbol(node: ast.Call) -> None:
    named = len(node.args) == 1 and isinstance(node.args[0], ast.Constant)
    assumed = all(
        word.arg in _ASSUMPTIONS and isinstance(word.value, ast.Constant) for word in node.keywords
    )
    if not (named and assumed and isinstance(node.args[0].value, str)):  # type: ignore[attr-defined]
        raise DecodeError("An expression contains a symbol without a plain name.")


def _check_float(node: ast.Call) -> None:
    first, words = node.args[0] if node.args else None, node.keywords
    if not (len(node.args) == 1 and isinstance(first, ast.Constant)):
        raise DecodeError("An expression contains a malformed number.")
    float(first.value)  # type: ignore[arg-type]  # raises ValueError if it is not a number
    for word in words:
        _check_integer(word.value)
    if any(word.arg not in ("precision", "dps") for word in words):
        raise DecodeError("An expression contains a number of an unsupported type.")
    if any(word.value.value > 256 for word in words):  # type: ignore[attr-defined]
        raise DecodeError("An expression contains a number with too many digits.")


def _is_small_power(args: list[ast.expr]) -> bool:
    """Return whether base and exponent are literals and the exponent is small."""
    if len(args) != 2 or not all(_is_literal(part) for part in args):
        return False
    exponent = args[1]
    if isinstance(exponent, ast.Name):
        return True
    numbers = [float(ast.literal_eval(part)) for part in exponent.args]  # type: ignore[attr-defined]
    return all(abs(number) <= _LARGEST_POWER for number in numbers)


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in ("Float", "Integer", "Rational")
    return isinstance(node, ast.Name)
