"""Conversion of transpiler layouts to and from the normal form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.circuit import QuantumRegister, Qubit
from qiskit.transpiler.layout import Layout, TranspileLayout

from qiskit_ibm_runtime.exceptions import CircuitError

from . import form

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def layout_of(circuit: QuantumCircuit) -> form.Layout | None:
    """Convert the layout of a circuit to the normal form.

    Raises:
        CircuitError: If the layout refers to qubits that the circuit does not have.
    """
    layout = getattr(circuit, "_layout", None)
    if layout is None:
        return None
    try:
        return _layout(layout, circuit)
    except (KeyError, IndexError) as exc:
        raise CircuitError(f"a layout that refers to qubits of another circuit ({exc!r})") from exc


def _layout(layout: TranspileLayout, circuit: QuantumCircuit) -> form.Layout:
    initial = mapping = final = None
    registers = {}
    if layout.initial_layout is not None:
        physical = layout.initial_layout.get_physical_bits()
        bits = [physical[place] for place in range(circuit.num_qubits)]
        initial = tuple(map(_virtual, bits))
        foreign = [bit._register for bit in bits if bit._register not in (None, *circuit.qregs)]
        registers = {register.name: register.size for register in foreign}
        virtual = layout.initial_layout.get_virtual_bits()
        if layout.input_qubit_mapping is not None:
            order = sorted(layout.input_qubit_mapping.items(), key=lambda pair: int(pair[1]))
            mapping = tuple(virtual[bit] for bit, _ in order)
    if layout.final_layout is not None:
        places = {bit: place for place, bit in enumerate(circuit.qubits)}
        physical = layout.final_layout.get_physical_bits()
        final = tuple(places[physical[place]] for place in range(circuit.num_qubits))
    inputs = getattr(layout, "_input_qubit_count", None)
    return form.Layout(initial, tuple(registers.items()), mapping, final, inputs)


def _virtual(bit: Any) -> tuple[str, int] | None:
    return None if bit._register is None else (bit._register.name, bit._index)


def to_layout(layout: form.Layout, circuit: QuantumCircuit) -> TranspileLayout:
    """Build the layout of a circuit that was built from its normal form."""
    registers = {register.name: register for register in circuit.qregs}
    registers.update((name, QuantumRegister(size, name)) for name, size in layout.registers)
    initial = mapping = final = None
    if layout.initial is not None:
        bits = [Qubit() if bit is None else registers[bit[0]][bit[1]] for bit in layout.initial]
        initial = Layout(dict(enumerate(bits)))
        if layout.mapping is not None:
            mapping = {bits[place]: number for number, place in enumerate(layout.mapping)}
    if layout.final is not None:
        final = Layout({circuit.qubits[bit]: place for place, bit in enumerate(layout.final)})
    made = TranspileLayout(initial, mapping, final)
    if layout.inputs is not None:
        made._input_qubit_count = layout.inputs
        made._output_qubit_list = circuit.qubits
    return made
