"""A backend fetches what it needs once, and implements BackendV2."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from typing import Any

import pytest
from qiskit import QuantumCircuit, pulse, transpile
from qiskit.circuit import Delay, Measure
from qiskit.transpiler import CouplingMap
from tests.backend.conftest import Service

from qiskit_ibm_runtime.exceptions import IBMBackendApiProtocolError
from qiskit_ibm_runtime.ibm_backend import IBMBackend, IBMRetiredBackend
from qiskit_ibm_runtime.ibm_qubit_properties import IBMQubitProperties
from qiskit_ibm_runtime.utils.backend_converter import convert_to_target
from qiskit_ibm_runtime.utils.backend_decoder import (
    configuration_from_server_data,
    defaults_from_server_data,
    properties_from_server_data,
)


def test_configuration_fields_cost_no_request(service: Service, backend: IBMBackend) -> None:
    known = [
        backend.name,
        backend.backend_version,
        backend.online_date,
        backend.description,
        backend.options.shots,
        backend.service,
        backend.dtm,
        backend.meas_map,
        backend.max_circuits,
        backend.configuration().n_qubits,
        backend.simulator,
        backend.basis_gates,
        backend.n_qubits,
        backend.drive_channel(1),
        backend.measure_channel(1),
        backend.acquire_channel(1),
        backend.control_channel((0, 1)),
        repr(backend),
    ]

    assert None not in known
    assert service.asked == []


@pytest.mark.parametrize("name", ["typo", "_private", "__wrapped__"])
def test_missing_attribute_costs_no_request(
    service: Service, backend: IBMBackend, name: str
) -> None:
    assert not hasattr(backend, name)
    with pytest.raises(AttributeError, match=f"'IBMBackend' object has no attribute '{name}'"):
        getattr(backend, name)
    assert service.asked == []


def test_num_qubits_coupling_map_and_dt_cost_no_request(
    service: Service, backend: IBMBackend
) -> None:
    found = backend.num_qubits, backend.dt, set(backend.coupling_map.get_edges())

    assert service.asked == []
    target = backend.target
    assert found == (target.num_qubits, target.dt, set(target.build_coupling_map().get_edges()))


def test_coupling_map_omits_known_faults(service: Service, backend: IBMBackend) -> None:
    service.break_gate(3, 4)
    assert (3, 4) in backend.coupling_map.get_edges()

    backend.properties()

    assert not {(3, 4), (4, 3)} & set(backend.coupling_map.get_edges())


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_transpiles_around_faulty_couplings(service: Service, level: int) -> None:
    service.close_ring()
    service.break_gate(1, 2)
    circuit = QuantumCircuit(5)
    for pair in ((0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (0, 2), (1, 3)):
        circuit.cx(*pair)

    backend = service.backend()
    found = transpile(circuit, backend, optimization_level=level, seed_transpiler=7)

    places = {frozenset(found.find_bit(bit).index for bit in step.qubits) for step in found.data}
    assert frozenset({1, 2}) not in places


def test_channels_match_the_device(backend: IBMBackend) -> None:
    assert pulse.DriveChannel(1) == backend.drive_channel(1)
    assert pulse.MeasureChannel(2) == backend.measure_channel(2)
    assert pulse.AcquireChannel(0) == backend.acquire_channel(0)
    assert [pulse.ControlChannel(0)] == backend.control_channel((0, 1))


def test_implements_backend_v2(service: Service, backend: IBMBackend) -> None:
    assert backend.num_qubits == 5
    assert backend.version == 2
    assert {"id", "rz", "sx", "x", "cx", "measure", "delay"} <= set(backend.operation_names)
    assert any(isinstance(operation, Measure) for operation in backend.operations)
    assert isinstance(backend.coupling_map, CouplingMap)
    assert (0, 1) in backend.coupling_map.get_edges()
    assert backend.configuration().dt == backend.dt
    duration = backend.instruction_durations.get("sx", [0], "s")
    assert backend.properties().gate_length("sx", [0]) == pytest.approx(duration)
    assert len(backend.instructions) > 20
    assert service.asked == ["properties"]


def test_qubit_properties_match_the_calibration(backend: IBMBackend) -> None:
    one = backend.qubit_properties(1)
    properties = backend.properties()

    assert isinstance(one, IBMQubitProperties)
    assert (properties.t1(1), properties.t2(1)) == (one.t1, one.t2)
    assert properties.frequency(1) == one.frequency
    assert properties.qubit_property(1, "anharmonicity")[0] == one.anharmonicity
    assert len(backend.qubit_properties([0, 1])) == 2


def test_errors_and_durations_match_the_calibration(backend: IBMBackend) -> None:
    target, properties = backend.target, backend.properties()

    cx = target["cx"][(1, 0)]
    measure = target["measure"][(3,)]

    assert properties.gate_error("cx", [1, 0]) == cx.error
    assert properties.gate_length("cx", [1, 0]) == cx.duration
    assert (properties.readout_error(3), properties.readout_length(3)) == (
        measure.error,
        measure.duration,
    )


def test_timing_constraints_reach_the_target(service: Service) -> None:
    service.conf["timing_constraints"] = {
        "granularity": 16,
        "min_length": 64,
        "pulse_alignment": 1,
        "acquire_alignment": 8,
    }

    target = service.backend().target

    assert (target.granularity, target.min_length, target.pulse_alignment) == (16, 64, 1)
    name = "acquire_alignment" if hasattr(type(target), "acquire_alignment") else "aquire_alignment"
    assert getattr(target, name) == 8


def test_target_is_cached_until_refresh(service: Service, backend: IBMBackend) -> None:
    first = backend.target
    assert first is backend.target
    service.props["qubits"][0][0]["value"] = 1.0  # T1 in microseconds

    backend.properties(refresh=True)

    assert first is not backend.target
    assert pytest.approx(1e-6) == backend.qubit_properties(0).t1
    assert service.asked == ["properties", "properties"]


def test_pulse_defaults_are_fetched_on_first_use(service: Service, backend: IBMBackend) -> None:
    properties = backend.target["cx"][(0, 1)]
    copied = copy.deepcopy(backend.target)
    assert "defaults" not in service.asked

    schedule = properties.calibration

    assert isinstance(schedule, pulse.Schedule)
    assert schedule == copied["cx"][(0, 1)].calibration
    schedules = backend.defaults().instruction_schedule_map
    assert schedules.get("measure", [2]) == backend.target["measure"][(2,)].calibration
    assert backend.instruction_schedule_map.has("sx", 0)
    assert service.asked.count("defaults") == 1


def test_device_without_pulse_support_is_not_asked_for_defaults(service: Service) -> None:
    service.conf["open_pulse"] = False
    backend = service.backend()

    assert backend.target["cx"][(0, 1)].calibration is None
    assert "defaults" not in service.asked


def test_transpiling_does_not_fetch_pulses(service: Service, backend: IBMBackend) -> None:
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 2)
    circuit.measure_all()

    native = transpile(circuit, backend, optimization_level=1, seed_transpiler=1)

    assert set(native.count_ops()) <= {"rz", "sx", "x", "cx", "measure", "barrier"}
    assert service.asked == ["properties"]


def test_transpiler_uses_custom_pulse_in_the_target(backend: IBMBackend) -> None:
    with pulse.build(name="mine") as mine:
        pulse.play(pulse.Constant(64, 0.1), pulse.DriveChannel(0))
    schedules = copy.deepcopy(backend.target.instruction_schedule_map())
    schedules.add("x", [0], mine)
    circuit = QuantumCircuit(1)
    circuit.x(0)

    native = transpile(circuit, backend, inst_map=schedules, initial_layout=[0])

    assert "x" in native.calibrations
    assert not backend.target.instruction_schedule_map().has_custom_gate()


def test_simulator_has_no_calibration_and_makes_no_request(service: Service) -> None:
    service.conf.update(simulator=True, open_pulse=False)
    backend = service.backend()

    assert backend.properties() is None
    assert "cx" in backend.target.operation_names
    with pytest.raises(NotImplementedError):
        backend.qubit_properties(0)
    backend.check_faulty(QuantumCircuit(1))
    assert service.asked == []


def test_missing_calibration_is_requested_once(service: Service) -> None:
    service.props = {}
    backend = service.backend()

    assert backend.properties() is backend.properties() is None
    assert backend.target is not None
    assert service.asked == ["properties"]


def test_simulator_gate_without_coupling_keeps_width_and_parameters() -> None:
    from qiskit.providers.models import QasmBackendConfiguration

    gates = [
        {
            "name": "u3",
            "parameters": ["a", "b", "c"],
            "qasm_def": "gate u3(a,b,c) q { U(a,b,c) q; }",
        },
        {"name": "ccx", "parameters": [], "qasm_def": "gate ccx a,b,c { }"},
    ]
    configuration = QasmBackendConfiguration.from_dict(
        {
            "backend_name": "s",
            "backend_version": "1.0.0",
            "n_qubits": 3,
            "basis_gates": ["u3", "ccx"],
            "gates": gates,
            "local": False,
            "simulator": True,
            "conditional": False,
            "open_pulse": False,
            "memory": False,
            "max_shots": 10,
            "coupling_map": None,
        }
    )

    target = convert_to_target(configuration)

    assert (
        target.operation_from_name("u3").num_qubits,
        len(target.operation_from_name("u3").params),
    ) == (1, 3)
    assert target.operation_from_name("ccx").num_qubits == 3
    assert isinstance(target.operation_from_name("delay"), Delay)


@pytest.mark.parametrize("level", range(4))
def test_transpiles_for_simulator_that_lists_gates_by_name_only(
    service: Service, level: int
) -> None:
    service.conf.update(
        simulator=True,
        open_pulse=False,
        coupling_map=None,
        basis_gates=["cx", "h", "u3", "unitary"],
    )
    service.conf["gates"] = [{"name": "cx", "parameters": [], "qasm_def": "gate cx a,b { }"}]
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 2)
    circuit.reset(1)
    circuit.measure_all()

    fitted = transpile(circuit, service.backend(), optimization_level=level)

    # Whether the Hadamard gate becomes a u3 depends on the version of terra.
    used = set(fitted.count_ops())
    assert {"cx", "measure"} <= used <= {"barrier", "cx", "h", "measure", "reset", "u3"}


def test_two_qubit_gate_listed_by_name_only_is_not_in_coupled_target(service: Service) -> None:
    service.conf.update(simulator=True, open_pulse=False)
    service.conf["basis_gates"] += ["h", "cz"]

    target = service.backend().target

    assert target.instruction_supported("h", (4,))
    assert "cz" not in target.operation_names


def test_target_includes_supported_control_flow(service: Service) -> None:
    service.conf["supported_instructions"] = ["if_else", "for_loop", "play", "cx"]

    assert {"if_else", "for_loop"} <= set(service.backend().target.operation_names)


@pytest.mark.parametrize("missing", ["T1", "frequency", "readout_length", "readout_error"])
def test_calibration_may_lack_a_value(service: Service, missing: str) -> None:
    for qubit in service.props["qubits"]:
        qubit[:] = [value for value in qubit if value["name"] != missing]

    backend = service.backend()

    assert backend.target.num_qubits == 5
    assert backend.qubit_properties(2).t2 is not None


def test_past_calibration_is_not_cached(service: Service, backend: IBMBackend) -> None:
    now = backend.target
    moment = dt.datetime(2023, 5, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))

    past = backend.target_history(datetime=moment)
    backend.properties(datetime=moment)

    assert past is not now
    assert now is backend.target
    assert service.asked[-1] == "properties 2023-05-01T10:00:00+00:00"


def test_properties_validates_arguments(backend: IBMBackend) -> None:
    with pytest.raises(TypeError, match="boolean"):
        backend.properties(refresh="yes")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="datetime"):
        backend.properties(datetime="2023")  # type: ignore[arg-type]


def test_status_is_requested_each_time(service: Service, backend: IBMBackend) -> None:
    assert backend.status().pending_jobs == 3
    service.state["pending_jobs"] = 5

    assert backend.status().pending_jobs == 5


def test_malformed_status_is_one_error(service: Service, backend: IBMBackend) -> None:
    service.state = {"up": True}

    with pytest.raises(IBMBackendApiProtocolError, match="getting backend status"):
        backend.status()


def test_refresh_fetches_everything_again_on_next_use(
    service: Service, backend: IBMBackend
) -> None:
    before = backend.target
    service.conf["max_experiments"] = 7
    service.asked.clear()

    backend.refresh()

    assert service.asked == ["configuration"]
    assert backend.max_circuits == 7
    assert before is not backend.target


def test_validates_options(backend: IBMBackend) -> None:
    backend.set_options(shots=100)
    for wrong in ({"shots": 0}, {"shots": 10**9}, {"noise_model": 1}, {"seed_simulator": 1}):
        with pytest.raises((ValueError, TypeError)):
            backend.set_options(**wrong)
    with pytest.raises(AttributeError):
        backend.set_options(unknown=1)


def test_configuration_may_lack_max_experiments(service: Service) -> None:
    del service.conf["max_experiments"]

    assert service.backend().max_circuits is None


def test_run_error_names_the_replacement(backend: IBMBackend) -> None:
    with pytest.raises(RuntimeError, match="not supported in the Qiskit Runtime environment"):
        backend.run(QuantumCircuit(1))


def test_calling_a_backend_returns_it(backend: IBMBackend) -> None:
    assert backend is backend()
    assert f"<IBMBackend('{backend.name}')>" == repr(backend)


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
def test_copy_shares_the_service_but_not_the_options(backend: IBMBackend, make: Any) -> None:
    copied = make(backend)
    copied.set_options(shots=7)

    assert backend.service is copied.service
    assert (backend.options.shots, copied.options.shots) == (4000, 7)
    assert backend.target is not None
    assert copied.num_qubits == 5


_services: dict[int, Service] = {}


def _by_number(_: Service) -> tuple[Any, ...]:
    """Pickle by reference, as the real service does."""
    return _service_of_number, (0,)


def _service_of_number(number: int) -> Service:
    return _services[number]


def test_pickle_has_no_connection_and_works_after_loading(
    service: Service, backend: IBMBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.properties()
    monkeypatch.setattr(Service, "__reduce__", _by_number)
    monkeypatch.setitem(_services, 0, service)
    backend._api_client = lambda: None  # type: ignore[assignment]  # an object holding a lambda cannot be pickled

    back = pickle.loads(pickle.dumps(backend))

    assert (backend.name, backend._instance) == (back.name, back._instance)
    assert service is back.service
    assert back.status().pending_jobs == 3
    assert backend.properties().to_dict() == back.properties().to_dict()
    assert back.defaults() is not None
    assert service.asked == ["properties", "status", "defaults"]


def test_earlier_pickle_fetches_what_was_not_fetched(
    service: Service, backend: IBMBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Service, "__reduce__", _by_number)
    monkeypatch.setitem(_services, 0, service)
    names = ["_properties", "_defaults"]
    state = {**backend.__getstate__(), **dict.fromkeys(names), "_unasked": names}
    monkeypatch.setattr(IBMBackend, "__getstate__", lambda _: state)

    back = pickle.loads(pickle.dumps(backend))

    assert back.properties() is not None
    assert back.defaults() is not None


def test_retired_backend_makes_no_request() -> None:
    backend = IBMRetiredBackend.from_name("ibmq_gone", api=object())  # type: ignore[arg-type]

    assert repr(backend) == "<IBMRetiredBackend('ibmq_gone')>"
    assert (
        backend.backend_version,
        backend.configuration().n_qubits,
        backend.options.shots,
    ) == ("0.0.0", 1, 4000)
    status = backend.status()
    assert (status.operational, status.pending_jobs) == (False, 0)
    assert "no longer available" in status.status_msg
    assert backend.properties() is backend.defaults() is None
    assert pickle.loads(pickle.dumps(IBMRetiredBackend.from_name("ibmq_gone"))).name == "ibmq_gone"


def test_does_not_modify_service_documents(service: Service) -> None:
    given = copy.deepcopy((service.conf, service.props, service.defs))

    configuration_from_server_data(service.conf)
    properties_from_server_data(service.props)
    defaults_from_server_data(service.defs)

    assert given == (service.conf, service.props, service.defs)
