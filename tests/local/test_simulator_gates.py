"""Advertised gates of the simulators against the installed Aer."""

from __future__ import annotations

import pytest
from qiskit_aer import AerSimulator

from qiskit_ibm_runtime.local.devices.simulators import METHODS, simulator_configuration


@pytest.mark.parametrize("name", METHODS)
def test_installed_aer_supports_every_advertised_gate(name):
    """
    Otherwise a program that transpiles for the simulator would fail when it runs, as one with a ccz
    did on Aer 0.12.
    """
    listed = set(simulator_configuration(name, 2**32)["basis_gates"])

    assert listed <= set(AerSimulator(method=METHODS[name]).configuration().basis_gates)
