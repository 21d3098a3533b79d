"""Options of Sampler and Estimator: merging, validation, and conversion to program inputs."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from qiskit_ibm_runtime._primitives.option_readers import SECONDS, level_up_to
from qiskit_ibm_runtime.runtime_options import RuntimeOptions
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel

from .environment_options import EnvironmentOptions
from .execution_options import ExecutionOptions
from .flexible import (
    Flexible,
    Section,
    SectionField,
    flexible,
    is_section,
    section,
    sections_of,
    to_dict,
)
from .resilience_options import ResilienceOptions
from .simulator_options import SimulatorOptions
from .transpilation_options import TranspilationOptions


@flexible
@dataclass
class Options(Flexible):
    """Options of Sampler and Estimator, grouped in sections.

    Options are validated when a job is submitted: an invalid value raises ``ValueError`` with the
    name of the option and its allowed values. Numpy scalars and arrays are accepted like Python
    numbers and lists. Set the environment variable ``QISKIT_RUNTIME_SKIP_OPTIONS_VALIDATION`` to
    any value to skip validation.

    A section may be given or assigned as a dict; missing fields keep their defaults. Undeclared
    names are kept; when a job is submitted, each issues a warning that suggests the closest known
    name, and is sent to the service.

    .. code-block:: python

        from qiskit import QuantumCircuit
        from qiskit_ibm_runtime import Options, QiskitRuntimeService, Sampler

        options = Options(optimization_level=1, environment={"job_tags": ["run-7"]})
        options.execution.shots = 1000
        options.simulator = {"seed_simulator": 42}

        bell = QuantumCircuit(2)
        bell.h(0)
        bell.cx(0, 1)
        bell.measure_all()

        service = QiskitRuntimeService(channel="local")
        sampler = Sampler(session=service.backend("ibmq_qasm_simulator"), options=options)
        job = sampler.run(bell)
        other = sampler.run(bell, shots=10)  # for this run only
        print(job.result().quasi_dists, job.tags)

    Attributes:
        optimization_level: Optimization level of the transpiler, from 0 (none) to 3. IBM's
            service adds `dynamical decoupling <https://doi.org/10.1103/PhysRevLett.82.2417>`_
            from level 1 on. ``None`` means 3, or 1 on a simulator without a noise model.
        resilience_level: Error mitigation level; higher is slower. 0 is no mitigation. 1 mitigates
            readout errors: `M3 <https://doi.org/10.1103/PRXQuantum.2.040326>`_ for the Sampler,
            `TREX <https://doi.org/10.1103/PhysRevA.105.032620>`_ for the Estimator. Only for the
            Estimator, 2 is `zero-noise extrapolation
            <https://doi.org/10.1103/PhysRevLett.119.180509>`_ and 3 is `probabilistic error
            cancellation <https://doi.org/10.1038/s41567-023-02042-2>`_. ``None`` means 1, or 0 on
            a simulator without a noise model.
        max_execution_time: Maximum execution time of the job in seconds; the service defines the
            allowed range. ``None`` means the service's default.
        transpilation: See :class:`TranspilationOptions`.
        resilience: See :class:`ResilienceOptions`.
        execution: See :class:`ExecutionOptions`.
        environment: See :class:`EnvironmentOptions`.
        simulator: See :class:`SimulatorOptions`.
    """

    _DEFAULT_OPTIMIZATION_LEVEL: ClassVar[int] = 3
    _DEFAULT_RESILIENCE_LEVEL: ClassVar[int] = 1
    _MAX_OPTIMIZATION_LEVEL: ClassVar[int] = 3
    _MAX_RESILIENCE_LEVEL_ESTIMATOR: ClassVar[int] = 3
    _MAX_RESILIENCE_LEVEL_SAMPLER: ClassVar[int] = 1

    optimization_level: int | None = None
    resilience_level: int | None = None
    max_execution_time: int | None = None
    transpilation: SectionField[TranspilationOptions] = section(TranspilationOptions)
    resilience: SectionField[ResilienceOptions] = section(ResilienceOptions)
    execution: SectionField[ExecutionOptions] = section(ExecutionOptions)
    environment: SectionField[EnvironmentOptions] = section(EnvironmentOptions)
    simulator: SectionField[SimulatorOptions] = section(SimulatorOptions)

    def _repr_html_(self) -> str:
        """Show the options by section, with changed values in bold."""
        from qiskit_ibm_runtime._display.html import Markup, card, muted, to_html

        def changed(text: str) -> Markup:
            return Markup(f"<b>{to_html(text)}</b>")

        facts: dict[str, Any] = {}
        sections: dict[str, Any] = {}
        for name, value in ((each.name, getattr(self, each.name)) for each in fields(self)):
            if isinstance(value, Section):
                lines = [changed(f"{key} = {inner!r}") for key, inner in value.items()]
                rest = [key for key in to_dict(value) if key not in value]
                lines.append(muted(", ".join(f"{key} = {value[key]!r}" for key in rest)))
                sections[name] = Markup("<br>".join(lines))
            else:
                facts[name] = muted("default") if value is None else changed(repr(value))
        return card(type(self).__name__, "", {**facts, **sections})

    @staticmethod
    def validate_options(options: Mapping[str, Any]) -> None:
        """Validate the levels, execution time and resilience section of a nested dict of options.

        The other options are validated when the request of a job is made.

        Raises:
            ValueError: If a value is invalid.
        """
        reader = level_up_to(Options._MAX_OPTIMIZATION_LEVEL)
        reader.convert("optimization_level", options.get("optimization_level"))
        ResilienceOptions.validate_resilience_options(options.get("resilience") or {})
        SECONDS.convert("max_execution_time", options.get("max_execution_time"))

    @staticmethod
    def _merge_options(
        old_options: Mapping[str, Any], new_options: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return old options updated with new ones; neither is modified.

        A flat name belongs to the section that has it (``shots`` to ``execution``), or else to the
        top level. A section given as a mapping updates that section and takes precedence over flat
        names; given as an options object it replaces the section; ``None`` leaves it unchanged.
        Values that are mappings themselves, such as layouts, are replaced, not merged.

        Args:
            old_options: Options as a nested dict.
            new_options: Options that override them: nested, flat or both.

        Returns:
            A new nested dict, which shares no container with its inputs except noise models:
            copying the dict form of one with 127 qubits takes 0.1 seconds.

        Raises:
            TypeError: If a section is not ``None``, a mapping or an object of its class.
        """
        new = new_options or {}
        result = {
            name: _copied(name, _section_dict(name, value) if name in SECTIONS else value)
            for name, value in old_options.items()
        }
        for name, value in new.items():
            if name not in SECTIONS:
                homes = (result[each] for each in SECTIONS if name in (result.get(each) or ()))
                next(homes, result)[name] = _copied(name, value)
        for name in SECTIONS:
            given = _section_dict(name, new.get(name))
            if given is not None:
                kept = result.get(name) if _is_mapping(new[name]) else None
                result[name] = {**(kept or {}), **_copied(name, given)}
        return result

    @staticmethod
    def _get_program_inputs(
        options: Mapping[str, Any], inputs: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the inputs of a primitive program, including options given as a nested dict.

        Unknown top-level names are included under their own names, but do not replace other inputs.
        Each unknown name, at the top level or in a section, issues one warning.
        """
        _warn_of_names(options)
        simulator = options.get("simulator") or {}
        return {
            "transpilation_settings": {
                **(options.get("transpilation") or {}),
                "optimization_settings": {"level": options.get("optimization_level")},
                "coupling_map": simulator.get("coupling_map"),
                "basis_gates": simulator.get("basis_gates"),
            },
            "resilience_settings": {
                **(options.get("resilience") or {}),
                "level": options.get("resilience_level"),
            },
            "run_options": {
                **(options.get("execution") or {}),
                "noise_model": simulator.get("noise_model"),
                "seed_simulator": simulator.get("seed_simulator"),
            },
            **{name: options[name] for name in _unknown_names(options)},
            **(inputs or {}),
        }

    @staticmethod
    def _get_runtime_options(options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the job options in options of a primitive, given as a nested dict."""
        environment = options.get("environment") or {}
        result = {"max_execution_time": options.get("max_execution_time")}
        result.update({name: environment[name] for name in JOB_OPTIONS if name in environment})
        if "image" in options:
            result["image"] = options["image"]
        return result


SECTIONS = sections_of(Options)
DEFAULTS = {name: to_dict(cls()) for name, cls in SECTIONS.items()}
TOP_LEVEL = tuple(entry.name for entry in fields(Options))
JOB_OPTIONS = tuple(entry.name for entry in fields(RuntimeOptions))
_PLAIN = frozenset({bool, int, float, str, type(None)})
_DEPRECATED = ("translation_method", "timing_constraints")
_ALSO_KNOWN = {"environment": JOB_OPTIONS, "transpilation": _DEPRECATED}
_HOMES = {name: home for home, names in DEFAULTS.items() for name in names}


def completed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options, a nested dict, with all fields in each section; values are not copied."""
    given = {name: _section_dict(name, options.get(name)) or {} for name in SECTIONS}
    return {**options, **{name: {**DEFAULTS[name], **given[name]} for name in SECTIONS}}


def _section_dict(name: str, value: Any) -> Any:
    """Return a section as a mapping, or ``None``."""
    if value is None or type(value) is dict:
        return value
    if is_section(value, SECTIONS[name]):
        return to_dict(value)
    if _is_mapping(value):
        return value
    raise TypeError(
        f"{name!r} takes {SECTIONS[name].__name__} or a dict, not {type(value).__name__}."
    )


def _copied(name: str, value: Any) -> Any:
    """Copy containers, not values: callbacks and noise models must keep their identity."""
    kind = type(value)
    # Check the most frequent case first: a coupling map contains hundreds of integers.
    if kind in _PLAIN or name == "noise_model":
        return value
    if kind in (list, tuple, set):
        return kind([_copied("", item) for item in value])
    return {key: _copied(key, item) for key, item in value.items()} if _is_mapping(value) else value


def _is_mapping(value: Any) -> bool:
    """Return whether this is a mapping, but not an options object."""
    return isinstance(value, Mapping) and not isinstance(value, Flexible)


def _unknown_names(options: Mapping[str, Any]) -> list[str]:
    """Return top-level names that 0.9.3 sends to the program unchanged."""
    return [name for name in options if name not in TOP_LEVEL and name != "image"]


def _warn_of_names(options: Mapping[str, Any]) -> None:
    """Warn once for each unknown or deprecated name, with a suggestion."""
    unknown = [("", name) for name in _unknown_names(options)]
    unknown += [
        (home, name)
        for home, known in DEFAULTS.items()
        for name in options.get(home) or ()
        if name not in known and name not in _ALSO_KNOWN.get(home, ())
    ]
    for home, name in unknown:
        path = f"{home}.{name}" if home else name
        fate = "It is sent to the service, which may ignore it."
        if home in ("environment", "simulator"):
            fate = "It is not sent to the service."
        _warn(f"The option '{path}' is unrecognised. {fate}{_suggestion(name, home)}", UserWarning)
    for name in _DEPRECATED:
        if name in (options.get("transpilation") or ()):
            _warn(
                f"The transpilation option {name!r} is deprecated as of qiskit-ibm-runtime 0.8 and "
                "will be removed no sooner than 3 months after that release date.",
                DeprecationWarning,
            )


def _suggestion(name: Any, home: str = "") -> str:
    """Return " Did you mean …?" for a name close to a known one, else nothing.

    Args:
        name: The unknown name; may have any type, as it may be the key of a user's dict.
        home: Section in which it was used, whose names are preferred.
    """
    if not isinstance(name, str):
        return ""
    sought = name.lower()
    for names in (tuple(DEFAULTS.get(home, ())), (*TOP_LEVEL, *_HOMES)):
        close = difflib.get_close_matches(sought, names, n=1, cutoff=0.75)
        # A name may also be one word of a known name, such as `seed`.
        close = close or [known for known in names if sought in known.split("_")]
        if len(close) == 1:
            meant, owner = close[0], _HOMES.get(close[0])
            # This notation works for `Options` and for the nested dict of a primitive.
            how = f" Write {owner}={{{meant!r}: ...}}." if owner else ""
            return f" Did you mean {f'{owner}.{meant}' if owner else meant!r}?{how}"
    return ""


def _warn(message: str, category: type[Warning]) -> None:
    warnings.warn(message, category, stacklevel=caller_stacklevel())
