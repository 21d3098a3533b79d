"""Options of primitives: construction, changes, and runs."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.transpiler import CouplingMap, Layout
from tests.ids import label

from qiskit_ibm_runtime import Estimator, Options, Sampler
from qiskit_ibm_runtime.options import ExecutionOptions, TranspilationOptions
from qiskit_ibm_runtime.options.flexible import to_dict

from .conftest import inputs, runtime_options

Run = Callable[..., Any]
DEFAULTS = to_dict(Options())


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"transpilation": {}},
        {"resilience_level": 9},
        {"shots": 7, "transpilation": {"initial_layout": [1, 2]}, "foo": 1},
        {"simulator": {"seed_simulator": 42}, "log_level": "INFO"},
    ],
    ids=label,
)
def test_dict_overrides_defaults(
    primitive: type[Any], recording_session: MagicMock, given: dict[str, Any]
) -> None:
    """
    Values are checked at the run, so they can be corrected until then.
    """
    made = primitive(session=recording_session, options=given)

    assert made.options.__dict__ == Options._merge_options(DEFAULTS, given)


def test_no_options_means_defaults(primitive: type[Any], recording_session: MagicMock) -> None:
    assert primitive(session=recording_session).options.__dict__ == DEFAULTS


def test_options_are_copied_from_the_argument(
    primitive: type[Any], recording_session: MagicMock
) -> None:
    options = Options(environment={"job_tags": ["a"]})
    made = primitive(session=recording_session, options=options)
    options.execution.shots = 1
    options.environment.job_tags.append("b")

    assert made.options.execution["shots"] == 4000
    assert made.options.environment["job_tags"] == ["a"]


def test_options_of_another_primitive_are_copied(
    primitive: type[Any], recording_session: MagicMock
) -> None:
    one = primitive(session=recording_session, options={"shots": 7, "job_tags": ["a"]})

    other = primitive(session=recording_session, options=one.options)
    one.set_options(shots=8)
    one.options.environment["job_tags"].append("b")

    assert other.options.execution["shots"] == 7
    assert other.options.environment["job_tags"] == ["a"]


def test_rejects_other_option_types(primitive: type[Any], recording_session: MagicMock) -> None:
    with pytest.raises(TypeError, match=r"'options' takes Options or a dict, not list"):
        primitive(session=recording_session, options=[("shots", 1)])


class TestSkipTranspilation:
    @pytest.mark.parametrize(
        ("options", "argument", "expected"),
        [
            (None, True, True),
            (Options(), True, False),
            (Options(transpilation={"skip_transpilation": True}), False, True),
            ({}, True, True),
            ({"transpilation": {"skip_transpilation": False}}, True, False),
            ({"skip_transpilation": False}, True, False),
            ({"skip_transpilation": True}, False, True),
        ],
        ids=label,
    )
    def test_explicit_option_takes_precedence_over_the_argument(
        self,
        primitive: type[Any],
        recording_session: MagicMock,
        options: Any,
        argument: bool,
        expected: bool,
    ) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            made = primitive(
                session=recording_session, options=options, skip_transpilation=argument
            )

        assert made.options.get("transpilation")["skip_transpilation"] is expected

    def test_argument_is_deprecated_with_a_warning_at_the_caller(
        self, primitive: type[Any], recording_session: MagicMock
    ) -> None:
        with pytest.warns(DeprecationWarning, match="skip_transpilation") as caught:
            primitive(session=recording_session, skip_transpilation=True)

        assert [warning.filename for warning in caught] == [__file__]


class TestRunOptions:
    def test_accepts_flat_and_nested_options(
        self, primitive: type[Any], recording_session: MagicMock, run: Run
    ) -> None:
        run(
            primitive(session=recording_session),
            shots=7,
            transpilation={"initial_layout": [0, 1]},
            log_level="INFO",
            image="a:1",
            max_execution_time=600,
            foo="foo",
        )

        sent = inputs(recording_session)
        assert sent["run_options"]["shots"] == 7
        assert sent["transpilation_settings"]["initial_layout"] == [0, 1]
        assert sent["foo"] == "foo"
        assert runtime_options(recording_session) == {
            "max_execution_time": 600,
            "log_level": "INFO",
            "job_tags": [],
            "image": "a:1",
        }
        assert not {"image", "log_level"} & sent.keys()

    def test_does_not_change_the_primitive(
        self, primitive: type[Any], recording_session: MagicMock, run: Run
    ) -> None:
        made = primitive(session=recording_session)
        before = copy.deepcopy(made.options.__dict__)

        run(made, shots=7, foo=1, execution={"init_qubits": False}, optimization_level=2)

        assert made.options.__dict__ == before

    def test_fills_in_levels_of_a_simulator(
        self, primitive: type[Any], recording_session: MagicMock, run: Run
    ) -> None:
        run(primitive(session=recording_session))

        assert levels(recording_session) == (1, 0)

    def test_fills_in_levels_of_a_simulator_with_noise(
        self, primitive: type[Any], recording_session: MagicMock, run: Run
    ) -> None:
        run(primitive(session=recording_session, options={"noise_model": {"errors": []}}))

        assert levels(recording_session) == (3, 1)

    def test_fills_in_levels_of_a_device(
        self, primitive: type[Any], recording_session: MagicMock, run: Run
    ) -> None:
        recording_session.service.backend().configuration().simulator = False

        run(primitive(session=recording_session))

        assert levels(recording_session) == (3, 1)

    def test_keeps_user_levels_if_the_backend_is_unknown(
        self, primitive: type[Any], recording_session: MagicMock, run: Run
    ) -> None:
        recording_session.backend.return_value = None
        made = primitive(session=recording_session)

        run(made, optimization_level=0, resilience_level=0)
        assert levels(recording_session) == (0, 0)
        run(made)
        assert levels(recording_session) == (3, 1)
        with pytest.raises(ValueError, match="optimization_level"):
            run(made, optimization_level=9)

    def test_looks_the_backend_up_once(
        self, primitive: type[Any], recording_session: MagicMock, run: Run
    ) -> None:
        made = primitive(session=recording_session)
        recording_session.service.backend.reset_mock()

        run(made)
        run(made)

        assert recording_session.service.backend.call_count == 1


class TestChanges:
    def test_set_options_accepts_names_of_any_level(
        self, primitive: type[Any], recording_session: MagicMock, run: Run
    ) -> None:
        made = primitive(session=recording_session, options={"shots": 1, "seed_simulator": 2})

        made.set_options(shots=7, transpilation={"layout_method": "dense"}, foo=1)
        run(made)

        sent = inputs(recording_session)
        assert sent["run_options"]["shots"] == 7
        assert sent["run_options"]["seed_simulator"] == 2
        assert sent["transpilation_settings"]["layout_method"] == "dense"
        assert sent["foo"] == 1

    @pytest.mark.parametrize(
        "change",
        [
            lambda options: options.execution.update(shots=7),
            lambda options: setattr(options, "execution", {"shots": 7}),
            lambda options: setattr(options, "execution", ExecutionOptions(shots=7)),
            lambda options: options.update_options(execution={"shots": 7}),
        ],
        ids=["in the section", "a dict", "an object", "update_options"],
    )
    def test_section_can_be_changed_in_place(
        self,
        primitive: type[Any],
        recording_session: MagicMock,
        run: Run,
        change: Callable[[Any], None],
    ) -> None:
        made = primitive(session=recording_session)

        change(made.options)
        run(made)
        assert inputs(recording_session)["run_options"]["shots"] == 7
        assert inputs(recording_session)["run_options"]["init_qubits"] is True
        run(made, shots=8, init_qubits=False)
        assert inputs(recording_session)["run_options"]["shots"] == 8
        assert inputs(recording_session)["run_options"]["init_qubits"] is False

    def test_level_can_be_changed_in_place(
        self, primitive: type[Any], recording_session: MagicMock, run: Run
    ) -> None:
        made = primitive(session=recording_session)

        made.options.optimization_level = 2
        made.options.update_options(resilience_level=1)
        run(made)

        assert levels(recording_session) == (2, 1)

    def test_flat_name_set_at_the_top_gets_a_suggestion(
        self, primitive: type[Any], recording_session: MagicMock, bell: QuantumCircuit
    ) -> None:
        made = primitive(session=recording_session)
        made.options.shots = 7
        given = [QuantumCircuit(1), "Z"] if primitive is Estimator else [bell]

        with pytest.warns(UserWarning, match=r"'shots'.*execution=\{'shots'") as caught:
            made.run(*given)

        assert [warning.filename for warning in caught] == [__file__]

    @pytest.mark.parametrize("wrong", [[1], TranspilationOptions(), "shots=7"], ids=label)
    def test_section_of_the_wrong_type_is_rejected_not_dropped(
        self, primitive: type[Any], recording_session: MagicMock, run: Run, wrong: Any
    ) -> None:
        made = primitive(session=recording_session)
        refusal = r"'execution' takes ExecutionOptions or a dict, not"

        with pytest.raises(TypeError, match=refusal):
            run(made, execution=wrong)
        with pytest.raises(TypeError, match=refusal):
            made.set_options(execution=wrong)
        made.options.execution = wrong
        with pytest.raises(TypeError, match=refusal):
            run(made)
        recording_session.run.assert_not_called()

    def test_one_primitive_does_not_change_another(
        self, primitive: type[Any], recording_session: MagicMock
    ) -> None:
        given = {"environment": {"job_tags": ["a"]}}
        one, other = (primitive(session=recording_session, options=given) for _ in range(2))

        one.options.environment["job_tags"].append("b")
        one.options.execution["shots"] = 7

        assert other.options.environment["job_tags"] == given["environment"]["job_tags"] == ["a"]
        assert other.options.execution["shots"] == 4000


class TestChecks:
    @pytest.mark.parametrize(
        ("bad", "named"),
        [
            ({"optimization_level": 4}, "optimization_level"),
            ({"resilience_level": 4}, "resilience_level"),
            ({"resilience": {"extrapolator": "CubicExtrapolator"}}, "noise_factors"),
        ],
        ids=label,
    )
    def test_run_at_submit_and_stop_it(
        self,
        primitive: type[Any],
        recording_session: MagicMock,
        run: Run,
        bad: dict[str, Any],
        named: str,
    ) -> None:
        made = primitive(session=recording_session, options=bad)
        made.set_options(**bad)

        with pytest.raises(ValueError, match=named):
            run(made)
        recording_session.run.assert_not_called()

    @pytest.mark.parametrize("value", ["1", "0"])
    def test_can_be_disabled(
        self,
        primitive: type[Any],
        recording_session: MagicMock,
        run: Run,
        monkeypatch: pytest.MonkeyPatch,
        value: str,
    ) -> None:
        made = primitive(session=recording_session)
        monkeypatch.setenv("QISKIT_RUNTIME_SKIP_OPTIONS_VALIDATION", value)

        run(made, optimization_level=9, resilience_level=9, shots=0, coupling_map="line")

        assert levels(recording_session) == (9, 9)
        assert inputs(recording_session)["transpilation_settings"]["coupling_map"] == "line"

    @pytest.mark.parametrize("value", ["", None])
    def test_stay_on_if_the_variable_is_empty(
        self,
        primitive: type[Any],
        recording_session: MagicMock,
        run: Run,
        monkeypatch: pytest.MonkeyPatch,
        value: str | None,
    ) -> None:
        if value is not None:
            monkeypatch.setenv("QISKIT_RUNTIME_SKIP_OPTIONS_VALIDATION", value)

        with pytest.raises(ValueError, match="optimization_level"):
            run(primitive(session=recording_session), optimization_level=9)

    def test_sampler_allows_resilience_levels_up_to_one(
        self, recording_session: MagicMock, run: Run
    ) -> None:
        made = Sampler(session=recording_session)

        run(made, resilience_level=1)
        with pytest.raises(ValueError, match=r"resilience_level.*0 to 1.*2"):
            run(made, resilience_level=2)
        with pytest.raises(ValueError, match=r"resilience_level.*0 to 1.*'1'"):
            run(made, resilience_level="1")
        for none in (0, None, False, ""):  # as in 0.9.3
            run(made, resilience_level=none)

    def test_estimator_level_three_needs_a_coupling_map_on_a_simulator(
        self, recording_session: MagicMock, run: Run
    ) -> None:
        made = Estimator(session=recording_session)

        with pytest.raises(ValueError, match=r"a coupling map is required\."):
            run(made, resilience_level=3)
        run(made, resilience_level=3, coupling_map=[[0, 1]])
        recording_session.service.backend().configuration().simulator = False
        run(made, resilience_level=3)

        assert recording_session.run.call_count == 2


class TestOptionValues:
    def test_are_never_copied(
        self, primitive: type[Any], recording_session: MagicMock, run: Run
    ) -> None:
        class NoiseModel:
            """A noise model of 127 qubits, a callback of an object with a socket, a lock."""

            copies = 0

            def __deepcopy__(self, memo: object) -> NoiseModel:
                NoiseModel.copies += 1
                return NoiseModel()

            __copy__ = __deepcopy__  # type: ignore[assignment]

            def callback(self, *_: object) -> None: ...

        precious = NoiseModel()
        options = Options(environment={"callback": precious.callback})
        options.simulator.noise_model = precious
        made = primitive(session=recording_session, options=options)
        made.set_options(shots=7)

        run(made, seed_simulator=1)

        assert inputs(recording_session)["run_options"]["noise_model"] is precious
        assert recording_session.run.call_args.kwargs["callback"].__self__ is precious
        assert NoiseModel.copies == 0

    def test_real_noise_model_is_not_copied(
        self,
        primitive: type[Any],
        recording_session: MagicMock,
        run: Run,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """
        Count copies of a noise model, because timings depend on the machine.
        """
        from qiskit_aer.noise import NoiseModel, depolarizing_error

        model = NoiseModel()
        for qubit in range(127):
            model.add_quantum_error(depolarizing_error(0.01, 1), ["x"], [qubit])
        copies = MagicMock(side_effect=AssertionError)
        monkeypatch.setattr(NoiseModel, "__deepcopy__", copies, raising=False)
        made = primitive(session=recording_session, options={"noise_model": model})

        made.set_options(shots=7)
        run(made, shots=8)

        assert inputs(recording_session)["run_options"]["noise_model"] is model
        assert copies.call_count == 0

    def test_reach_the_session_unchanged(
        self, primitive: type[Any], recording_session: MagicMock, run: Run
    ) -> None:
        """
        Mocks receive the original values; they are interpreted when a request is encoded.
        """
        shots, edges = np.int64(7), CouplingMap([[0, 1]])
        layout = Layout.from_intlist([1, 0], QuantumRegister(2, "q"))

        run(
            primitive(session=recording_session),
            shots=shots,
            coupling_map=edges,
            initial_layout=layout,
        )

        assert inputs(recording_session)["run_options"]["shots"] is shots
        assert inputs(recording_session)["transpilation_settings"]["coupling_map"] is edges
        assert inputs(recording_session)["transpilation_settings"]["initial_layout"] is layout


def levels(session: MagicMock) -> tuple[int, int]:
    sent = inputs(session)
    return (
        sent["transpilation_settings"]["optimization_settings"]["level"],
        sent["resilience_settings"]["level"],
    )
