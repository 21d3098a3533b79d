"""Conditions on classical bits, as decision trees over single bits."""

from __future__ import annotations

from typing import Any, Callable, Union

from qiskit_ibm_runtime._circuits import form

MOST_BITS = 12
"""Limit on the classical bits of an expression, which is evaluated for all their values."""

Decision = Union[bool, "tuple[int, Decision, Decision]"]
"""Decision tree: a known result, or a bit with the trees for its values 0 and 1."""


def map_bits(value: Any, clbits: tuple[int, ...]) -> Any:
    """Map the bits of a condition or its target to another circuit."""
    if isinstance(value, form.Classical):
        return form.Classical(tuple([clbits[bit] for bit in value.bits]), value.register)
    if isinstance(value, form.Equal):
        return form.Equal(map_bits(value.target, clbits), value.value)
    if isinstance(value, form.Expression):
        parts = tuple(map_bits(part, clbits) for part in value.parts)
        return form.Expression(value.kind, value.width, parts)
    return value


def is_possible(condition: form.Equal) -> bool:
    """Return whether the target has enough bits for the value."""
    return 0 <= condition.value < 1 << len(condition.target.bits)


def decision_tree(condition: form.Condition) -> Decision:
    """Return the decision tree of a condition."""
    if isinstance(condition, form.Equal):
        return _equal(condition)
    return _tried(condition, bool)


def choice_tree(
    target: form.Classical | form.Expression, values: tuple[int | None, ...]
) -> Decision:
    """Return the decision tree for a target having one of some values; ``None`` matches all."""
    if None in values:
        return True
    if isinstance(target, form.Expression):
        return _tried(target, lambda value: value in values)
    found: Decision = False
    for value in values:
        found = _or(_equal(form.Equal(target, value or 0)), found)
    return found


def _equal(condition: form.Equal) -> Decision:
    if not is_possible(condition):
        return False
    found: Decision = True
    for place, bit in reversed(list(enumerate(condition.target.bits))):
        found = (bit, False, found) if condition.value >> place & 1 else (bit, found, False)
    return found


def _or(one: Decision, other: Decision) -> Decision:
    """Return the disjunction of two decision trees over the same bits in the same order."""
    if isinstance(one, bool):
        return True if one else other
    if isinstance(other, bool):
        return True if other else one
    bit, zero, set_one = one
    return bit, _or(zero, other[1]), _or(set_one, other[2])


def _tried(expression: form.Expression, wanted: Callable[[int], bool]) -> Decision:
    bits = sorted(_bits(expression))
    if len(bits) > MOST_BITS:
        raise ValueError(
            f"An expression in a condition reads {len(bits)} classical bits, and the limit is "
            f"{MOST_BITS}. Compare a register with a number instead."
        )

    def tree(known: dict[int, int]) -> Decision:
        if len(known) == len(bits):
            return wanted(_value(expression, known))
        bit = bits[len(known)]
        zero, one = tree({**known, bit: 0}), tree({**known, bit: 1})
        return zero if zero == one else (bit, zero, one)

    return tree({})


def _bits(expression: form.Expression) -> set[int]:
    found: set[int] = set()
    for part in expression.parts:
        if isinstance(part, form.Classical):
            found.update(part.bits)
        elif isinstance(part, form.Expression):
            found |= _bits(part)
    return found


_BINARY: dict[str, Callable[[int, int], int]] = {
    "BIT_AND": lambda a, b: a & b,
    "BIT_OR": lambda a, b: a | b,
    "BIT_XOR": lambda a, b: a ^ b,
    "LOGIC_AND": lambda a, b: a and b,
    "LOGIC_OR": lambda a, b: a or b,
    "EQUAL": lambda a, b: a == b,
    "NOT_EQUAL": lambda a, b: a != b,
    "LESS": lambda a, b: a < b,
    "LESS_EQUAL": lambda a, b: a <= b,
    "GREATER": lambda a, b: a > b,
    "GREATER_EQUAL": lambda a, b: a >= b,
}


def _value(expression: form.Expression, known: dict[int, int]) -> int:
    kind, width, parts = expression
    if kind == "Var":
        return sum(known[bit] << place for place, bit in enumerate(parts[0].bits))
    if kind == "Value":
        return int(parts[0])
    if kind == "Binary":
        name, left, right = parts
        return int(_BINARY[name](_value(left, known), _value(right, known)))
    if kind == "Cast":
        value = _value(parts[0], known)
        return int(value != 0) if width is None else value % (1 << width)
    value = _value(parts[1], known)
    if parts[0] == "LOGIC_NOT":
        return int(not value)
    return ~value % (1 << (width or 1))
