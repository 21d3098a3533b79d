"""Properties of one qubit."""

from __future__ import annotations

from qiskit.providers.backend import QubitProperties


class IBMQubitProperties(QubitProperties):  # type: ignore[misc]
    """Relaxation times in seconds, frequency and anharmonicity in hertz."""

    __slots__ = ("anharmonicity",)

    def __init__(
        self,
        t1: float | None = None,
        t2: float | None = None,
        frequency: float | None = None,
        anharmonicity: float | None = None,
    ) -> None:
        super().__init__(t1=t1, t2=t2, frequency=frequency)
        self.anharmonicity = anharmonicity

    def __repr__(self) -> str:
        return (
            f"IBMQubitProperties(t1={self.t1}, t2={self.t2}, frequency={self.frequency}, "
            f"anharmonicity={self.anharmonicity})"
        )
