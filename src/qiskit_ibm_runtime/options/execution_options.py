from dataclasses import dataclass


@dataclass
class ExecutionOptions:
    shots: int = 4000
    init_qubits: bool = True
