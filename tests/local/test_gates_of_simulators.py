"""What the simulators say they can do, the installed Aer can do."""

from __future__ import annotations

import pytest
from qiskit_aer import AerSimulator

from qiskit_ibm_runtime.local.devices.simulators import METHODS, simulator_configuration


@pytest.mark.parametrize("name", METHODS)
def test_every_gate_of_a_simulator_is_known_to_the_installed_aer(name):
    """
    A program that transpiles for the simulator would otherwise fail when it runs, as one with a ccz
    did on Aer 0.12.
    """
    listed = set(simulator_configuration(name, 2**32)["basis_gates"])

    assert listed <= set(AerSimulator(method=METHODS[name]).configuration().basis_gates)
