"""Types of the inputs of V2 programs; circuits and arrays are decoded elsewhere.

The server validates submissions against them, and programs read their options from them. Unknown
keys are rejected at the top level and in ``options``, and ignored in nested options, as in the
published schemas.
"""

# Without `from __future__ import annotations`: msgspec reads the types, also on Python 3.9.
from typing import Annotated, Any, Literal, Optional, Union

import msgspec
from msgspec import Meta, Struct

from .errors import INVALID_CIRCUIT, OPTION, V1, PubError

Positive = Annotated[int, Meta(ge=1)]
Natural = Annotated[int, Meta(ge=0)]
Precision = Annotated[float, Meta(gt=0)]
Strategy = Literal["active", "active-accum", "active-circuit", "all"]
MOST_PUBS = 10_000
"""Limit on PUBs in one job."""


class DynamicalDecoupling(Struct):
    enable: bool = False
    sequence_type: Literal["XX", "XpXm", "XY4"] = "XX"
    extra_slack_distribution: Literal["middle", "edges"] = "middle"
    scheduling_method: Literal["alap", "asap"] = "alap"
    skip_reset_qubits: bool = False


class Execution(Struct):
    init_qubits: bool = True
    rep_delay: Optional[Annotated[float, Meta(ge=0)]] = None
    meas_type: Literal["classified", "kerneled", "avg_kerneled"] = "classified"


class Twirling(Struct):
    enable_gates: Optional[bool] = None
    enable_measure: Optional[bool] = None
    num_randomizations: Union[Positive, Literal["auto"]] = "auto"
    shots_per_randomization: Union[Positive, Literal["auto"]] = "auto"
    strategy: Strategy = "active-accum"


class Simulator(Struct):
    seed_simulator: Optional[int] = None
    noise_model: Any = None
    coupling_map: Any = None
    basis_gates: Any = None


class Zne(Struct):
    amplifier: Literal["gate_folding", "gate_folding_front", "gate_folding_back", "pea"] = (
        "gate_folding"
    )
    noise_factors: Annotated[list[Annotated[float, Meta(ge=1)]], Meta(min_length=1)] = (
        msgspec.field(default_factory=lambda: [1.0, 3.0, 5.0])
    )
    extrapolator: Union[str, list[str]] = msgspec.field(
        default_factory=lambda: ["exponential", "linear"]
    )
    extrapolated_noise_factors: Union[list[float], Literal["auto"]] = "auto"


class Resilience(Struct):
    measure_mitigation: Optional[bool] = None
    zne_mitigation: Optional[bool] = None
    zne: Zne = msgspec.field(default_factory=Zne)
    pec_mitigation: bool = False


class SamplerOptions(Struct, forbid_unknown_fields=True):
    default_shots: Optional[Positive] = None
    dynamical_decoupling: DynamicalDecoupling = msgspec.field(default_factory=DynamicalDecoupling)
    execution: Execution = msgspec.field(default_factory=Execution)
    twirling: Twirling = msgspec.field(default_factory=Twirling)
    simulator: Optional[Simulator] = None
    experimental: Optional[dict[str, Any]] = None


class EstimatorOptions(SamplerOptions, forbid_unknown_fields=True):
    default_precision: Precision = 0.015625
    seed_estimator: Optional[Natural] = None
    resilience: Resilience = msgspec.field(default_factory=Resilience)


class SamplerParams(Struct, forbid_unknown_fields=True):
    """Inputs of ``sampler``; a PUB is (circuit, values, shots)."""

    pubs: Annotated[list[list[Any]], Meta(min_length=1)]
    version: Literal[2]
    options: SamplerOptions = msgspec.field(default_factory=SamplerOptions)
    support_qiskit: bool = False
    shots: Optional[Positive] = None

    def __post_init__(self) -> None:
        _check_lengths(self.pubs, 1, 3, "circuit, values and shots")


class EstimatorParams(Struct, forbid_unknown_fields=True):
    """Inputs of ``estimator``; a PUB is (circuit, observables, values, precision)."""

    pubs: Annotated[list[list[Any]], Meta(min_length=1)]
    version: Literal[2]
    options: EstimatorOptions = msgspec.field(default_factory=EstimatorOptions)
    support_qiskit: bool = False
    resilience_level: Annotated[int, Meta(ge=0, le=2)] = 1
    precision: Optional[Precision] = None

    def __post_init__(self) -> None:
        _check_lengths(self.pubs, 2, 4, "circuit, observables, values and precision")


class Tensor(Struct):
    data: str
    shape: list[Natural]
    dtype: Literal["f64"] = "f64"


class CircuitItem(Struct, tag_field="item_type", tag="circuit"):
    circuit_arguments: Tensor
    shape: list[Natural]
    chunk_size: Union[Positive, Literal["auto"]] = "auto"


class QpyCircuits(Struct):
    b64_data: str
    qpy_version: int
    num_programs: Positive


class QasmCircuits(Struct):
    data: list[str]


class QuantumProgram(Struct):
    shots: Positive
    circuits: Any
    items: Annotated[list[CircuitItem], Meta(min_length=1, max_length=MOST_PUBS)]
    semantic_role: Optional[str] = None
    meas_level: Literal["classified", "kerneled", "avg_kerneled", "both"] = "classified"
    passthrough_data: Any = None

    def __post_init__(self) -> None:
        kind = QasmCircuits if isinstance(self.circuits, dict) and "data" in self.circuits else None
        self.circuits = msgspec.convert(self.circuits, kind or QpyCircuits)


class ExecutorOptions(Struct):
    init_qubits: bool = True
    rep_delay: Optional[Annotated[float, Meta(ge=0)]] = None
    scheduler_timing: bool = False
    stretch_values: bool = False
    experimental: Optional[dict[str, Any]] = None


class ExecutorParams(Struct):
    """Inputs of ``executor``: one circuit for each item."""

    schema_version: Literal["v2.0"]
    quantum_program: QuantumProgram
    options: ExecutorOptions = msgspec.field(default_factory=ExecutorOptions)


PARAMS: dict[str, Any] = {
    "sampler": SamplerParams,
    "estimator": EstimatorParams,
    "executor": ExecutorParams,
}
"""Input types of each program."""


def _check_lengths(pubs: list[list[Any]], least: int, most: int, parts: str) -> None:
    if len(pubs) > MOST_PUBS:
        raise ValueError(f"A job has at most {MOST_PUBS} PUBs")
    for number, pub in enumerate(pubs):
        if not least <= len(pub) <= most:
            raise ValueError(
                f"A PUB consists of {parts}; got {len(pub)} elements - at `$.pubs[{number}]`"
            )


def checked(program: str, data: Any) -> Any:
    """Validate the inputs of a program.

    Args:
        program: Name of the program.
        data: JSON bytes, or the decoded dict.

    Raises:
        PubError: If they do not match the types; names the offending key.
    """
    model = PARAMS[program]
    try:
        if isinstance(data, dict):
            return msgspec.convert(data, model)
        return msgspec.json.decode(data, type=model)
    except msgspec.ValidationError as error:
        text = str(error)
        if "item_type" in text:
            only = "Only items of type 'circuit' are supported; samplex items are not."
            raise PubError(INVALID_CIRCUIT, only) from error
        if "`version`" in text or "$.version" in text:
            ended = "V1 primitives are no longer supported; set 'version' to 2."
            raise PubError(V1, ended) from error
        code = OPTION if "options" in text or "unknown field" in text else INVALID_CIRCUIT
        raise PubError(code, f"Invalid inputs of {program}: {text}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise PubError(
            INVALID_CIRCUIT, f"Inputs of {program} are not valid JSON: {error}"
        ) from error
