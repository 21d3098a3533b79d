"""OpenQASM 3 exporter for the subset that the platform's importers accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.exceptions import IBMInputValueError

from .isa import BitCondition, Column, Condition, Isa, RegisterCondition, Step, each_step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qiskit_ibm_runtime._circuits import form

# Gates of stdgates.inc, by Qiskit's names.
_STANDARD = frozenset(
    (
        *("p", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "rx", "ry", "rz", "u1", "u2"),
        *("u3", "cx", "cy", "cz", "cp", "crx", "cry", "crz", "ch", "swap", "ccx", "cswap", "cu"),
    )
)
_DEFINED = {
    # Equal to Qiskit's up to a global phase; importers do not support rzx.
    "ecr": "gate ecr a, b { s a; sx b; cx a, b; x a; }",
    "rzz": "gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; }",
}
_UNARY = {"BIT_NOT": "~", "LOGIC_NOT": "!"}
_BINARY = {
    "BIT_AND": "&",
    "BIT_OR": "|",
    "BIT_XOR": "^",
    "LOGIC_AND": "&&",
    "LOGIC_OR": "||",
    "EQUAL": "==",
    "NOT_EQUAL": "!=",
    "LESS": "<",
    "LESS_EQUAL": "<=",
    "GREATER": ">",
    "GREATER_EQUAL": ">=",
}


def to_qasm3(isa: Isa, note: str = "") -> str:
    """Return a circuit as an OpenQASM 3 program.

    Args:
        isa: The circuit.
        note: Text of a comment at the top, without line breaks.

    Raises:
        IBMInputValueError: If the circuit contains a gate that is not in ``stdgates.inc``.
    """
    return "\n".join(_lines(isa, note)) + "\n"


def read_comment(program: str) -> str:
    """Return the note that :func:`to_qasm3` wrote; empty if there is none."""
    lines = program.split("\n", 2)
    return lines[1][3:] if len(lines) > 1 and lines[1].startswith("// ") else ""


def _lines(isa: Isa, note: str) -> Iterator[str]:
    yield "OPENQASM 3.0;"
    if note:
        yield f"// {note}"
    yield 'include "stdgates.inc";'
    used = {step.name for step in each_step(isa.steps)}
    for name in sorted(used & _DEFINED.keys()):
        yield _DEFINED[name]
    for place in range(len(isa.angles)):
        yield f"input float[64] {Column(place).name};"
    if isa.qubits:
        yield f"qubit[{isa.qubits}] q;"
    for name, size in isa.registers:
        yield f"bit[{size}] {name};"
    bits = [f"{name}[{place}]" for name, size in isa.registers for place in range(size)]
    yield from _StatementWriter(bits).steps(isa.steps)


class _StatementWriter:
    def __init__(self, bits: list[str]) -> None:
        self._bits = bits

    def steps(self, steps: Iterable[Step], indent: str = "") -> Iterator[str]:
        for step in steps:
            if step.condition is None:
                yield indent + self._plain(step)
                continue
            yield f"{indent}if ({self._condition(step.condition)}) {{"
            yield from self.steps(step.bodies[0], indent + "  ")
            if len(step.bodies) > 1:
                yield f"{indent}}} else {{"
                yield from self.steps(step.bodies[1], indent + "  ")
            yield f"{indent}}}"

    def _plain(self, step: Step) -> str:
        qubits = ", ".join(f"q[{qubit}]" for qubit in step.qubits)
        if step.name == "measure":
            return f"{self._bits[step.clbits[0]]} = measure {qubits};"
        if step.name in ("barrier", "reset"):
            return f"{step.name} {qubits};"
        if step.name == "delay":
            return f"delay[{step.params[0]}dt] {qubits};"
        closed = step.state == (1 << step.controls) - 1
        if step.name not in _STANDARD | _DEFINED.keys() or not closed:
            raise IBMInputValueError(
                f"Cannot encode the gate {step.name!r} in OpenQASM 3. Set "
                "QISKIT_IBM_PLATFORM_ENCODING=qpy."
            )
        params = ", ".join(map(_angle, step.params))
        return f"{step.name}({params}) {qubits};" if params else f"{step.name} {qubits};"

    def _condition(self, condition: Condition) -> str:
        if isinstance(condition, BitCondition):
            return ("" if condition.value else "!") + self._bits[condition.bits[0]]
        if isinstance(condition, RegisterCondition):
            return f"{condition.register} == {condition.value}"
        return self._tree(condition.tree)

    def _tree(self, node: form.Expression) -> str:
        kind, _, parts = node
        if kind == "Var":
            target: form.Classical = parts[0]
            return target.register or self._bits[target.bits[0]]
        if kind == "Value":
            return str(parts[0]).lower()
        if kind == "Cast":
            return self._tree(parts[0])
        operands = [self._tree(part) for part in parts[1:]]
        if kind == "Unary":
            return f"{_UNARY[parts[0]]}({operands[0]})"
        return f"({operands[0]} {_BINARY[parts[0]]} {operands[1]})"


def _angle(value: Any) -> str:
    return value.name if isinstance(value, Column) else repr(float(value))
