"""Finding backends, and every public attribute and method of a backend."""

from __future__ import annotations

import copy
from datetime import datetime, timezone
from functools import partial
from itertools import chain

from qiskit import QuantumCircuit
from tests.differential.calls import FLAG, FUNCTION, NUMBER, TEXT, Place, each
from tests.differential.record import Calls
from tests.standin import DEVICE

FIELDS = [
    *("name", "backend_name", "backend_version", "num_qubits", "n_qubits", "basis_gates"),
    *("coupling_map", "dt", "dtm", "max_circuits", "max_shots", "max_experiments", "meas_map"),
    *("simulator", "local", "conditional", "open_pulse", "memory", "online_date", "description"),
    *("version", "operation_names", "instructions", "supported_instructions", "gates"),
    *(
        "quantum_volume",
        "processor_type",
        "sample_name",
        "url",
        "credits_required",
        "input_allowed",
    ),
    *(
        "rep_times",
        "default_rep_delay",
        "rep_delay_range",
        "dynamic_reprate_enabled",
        "n_uchannels",
    ),
    *("qubit_lo_range", "meas_lo_range", "u_channel_lo", "uchannels_enabled", "hamiltonian"),
    *("provider", "options", "instruction_durations", "qubit_properties", "parametric_pulses"),
    *("timing_constraints", "acquisition_latency", "conditional_latency", "measure_esp_enabled"),
    *("supported_features", "clops", "allow_q_object", "allow_object_storage", "id_warning_issued"),
    *("foo", "_instance", "_configuration", "channels", "meas_kernels", "discriminators"),
]


def finding(place: Place) -> Calls:
    """Find backends with odd arguments, one at a time."""
    for label, service in (("quantum", place.service()), ("cloud", place.cloud())):
        for find in (service.backends, service.backend, service.get_backend, service.least_busy):
            name = f"{label} {find.__name__}"
            yield f"{name} plain", find
            several = find.__name__ in ("backends", "least_busy")
            texts = ["instance"] if find.__name__ == "least_busy" else ["instance", "name"]
            steps = [each(find, TEXT, *texts)]
            if several:
                steps += [each(find, NUMBER, "min_num_qubits", "n_qubits")]
                steps += [each(find, FUNCTION, "filters"), each(find, FLAG, "simulator")]
                steps += [each(find, FLAG, "operational"), each(find, TEXT, "foo", "status_msg")]
            for step, call in chain.from_iterable(steps):
                yield f"{name} {step}", call
            yield f"{name} instance", partial(find, instance="h/g/p")
            yield f"{name} unknown instance", partial(find, instance="x/y/z")


def fields(place: Place) -> Calls:
    """Read every attribute of a device."""
    backend = place.service().backend(DEVICE)
    for name in FIELDS:
        yield name, lambda name=name: getattr(backend, name)
    yield "configuration", backend.configuration
    yield "names", lambda: sorted(backend.configuration().to_dict())
    yield "call", lambda: backend() is backend
    yield "name()", lambda: [backend.name()]
    yield "repr", lambda: repr(backend)
    yield "deep copy", lambda: copy.deepcopy(backend).name
    yield "shallow copy", lambda: copy.copy(backend).name
    yield (
        "options",
        lambda: {name: getattr(backend.options, name) for name in vars(backend.options)},
    )
    yield "set option", lambda: backend.set_options(shots=100)
    yield "set odd option", lambda: backend.set_options(shots=10**9)
    yield "set unknown option", lambda: backend.set_options(foo=1)


def methods(place: Place) -> Calls:
    """Call every method of a device, with odd arguments."""
    backend = place.service().backend(DEVICE)
    yield "status", backend.status
    yield "properties", backend.properties
    yield "dates", lambda: backend.properties().last_update_date.astimezone(timezone.utc)
    yield from each(backend.properties, FLAG, "refresh")
    yield from each(backend.properties, TEXT, "datetime")
    yield "properties then", partial(backend.properties, datetime=datetime(2021, 1, 1))
    yield "defaults", lambda: backend.defaults().to_dict()["cmd_def"][0]["name"]
    yield from each(lambda **given: backend.defaults(**given) is not None, FLAG, "refresh")
    yield (
        "target",
        lambda: {
            name: sorted(map(str, backend.target[name] or ()))
            for name in backend.target.operation_names
        },
    )
    yield "error", lambda: backend.target["cx"][(0, 1)].error
    yield "duration", lambda: backend.target["cx"][(0, 1)].duration
    yield "qubit", lambda: vars(backend.target.qubit_properties[0])
    yield "qubit_properties", lambda: [vars(entry) for entry in backend.qubit_properties([0, 1])]
    yield "history", lambda: backend.target_history(datetime(2021, 1, 1)).num_qubits
    yield from each(lambda **given: backend.target_history(**given).num_qubits, TEXT, "datetime")
    for name in ("drive_channel", "measure_channel", "acquire_channel"):
        for qubit in (0, 4, 5, -1, "0", None):
            yield (
                f"{name} {qubit}",
                lambda name=name, qubit=qubit: str(getattr(backend, name)(qubit)),
            )
    for qubits in ((0, 1), [1, 0], (0, 4), (0,), None):
        yield (
            f"control_channel {qubits}",
            lambda qubits=qubits: str(backend.control_channel(qubits)),
        )
    yield "run", backend.run
    circuit = QuantumCircuit(5)
    circuit.cx(0, 1)
    yield "check", partial(backend.check_faulty, circuit)
    for status in ({}, [], {"state": False, "status": "internal"}, {"length_queue": 5}, None):
        place.answers[f"GET /backends/{DEVICE}/status"] = (200, status)
        yield f"status {status}", backend.status


GROUPS = [finding, fields, methods]
