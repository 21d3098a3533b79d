"""Types of requests and responses of the platform protocol."""

# Without `from __future__ import annotations`: msgspec reads the types, also on Python 3.9.
from typing import Annotated, Literal, Optional, Union

from msgspec import UNSET, Meta, Struct, UnsetType

from qiskit_ibm_runtime.local.protocol.models import (
    LARGEST_PAGE,
    JobFilter,
    LogLevel,
    Name,
    Object,
    ProgramId,
    Time,
)

LONGEST = 10_800
"""Limit on the execution time of a job, in seconds."""
Tags = Annotated[list[Annotated[str, Meta(max_length=86)]], Meta(max_length=8)]
Mode = Literal["dedicated", "batch"]


class SearchQuery(Struct):
    limit: Annotated[int, Meta(ge=1, le=1000)] = 10


class Search(Struct):
    query: str = ""
    fields: list[str] = []
    search_cursor: Optional[str] = None


class BackendQuery(Struct):
    fields: Optional[str] = None


class DocumentQuery(Struct):
    calibration_id: Optional[str] = None
    updated_before: Optional[str] = None


class Submit(Struct):
    program_id: Name
    backend: Name
    params: Object
    runtime: Optional[str] = None
    log_level: Optional[LogLevel] = None
    session_id: Optional[Annotated[str, Meta(min_length=1, max_length=36)]] = None
    tags: Tags = []
    cost: Optional[Annotated[int, Meta(ge=0, le=LONGEST)]] = None
    private: bool = False
    calibration_id: Optional[str] = None
    start_session: bool = False


class Submitted(Struct, omit_defaults=True):
    id: str
    backend: str
    session_id: Optional[str] = None
    private: bool = False
    calibration_id: Optional[str] = None


class State(Struct):
    status: str
    reason: Union[str, UnsetType] = UNSET
    reason_code: Union[int, UnsetType] = UNSET
    reason_solution: Union[str, UnsetType] = UNSET


class Usage(Struct):
    qpu_charge_time_seconds: int
    status: Literal["pending", "complete"]


class Job(Struct):
    id: str
    backend: str
    state: State
    status: str
    program: ProgramId
    created: Time
    tags: list[str]
    user_id: str
    usage: Usage
    private: bool
    estimated_running_time_seconds: float
    cost: int
    runtime: Union[str, UnsetType] = UNSET
    session_id: Union[str, UnsetType] = UNSET
    calibration_id: Union[str, UnsetType] = UNSET
    params: Union[Object, UnsetType] = UNSET


class JobQuery(JobFilter):
    """Query of the job list; limit and offset out of range fall back to their defaults."""

    limit: Optional[str] = None
    offset: Optional[str] = None

    def size(self) -> int:
        return _within(self.limit, 1, LARGEST_PAGE, LARGEST_PAGE)

    def start(self) -> int:
        return _within(self.offset, 0, 10**15, 0)


class Jobs(Struct):
    jobs: list[Job]
    count: int
    limit: int
    offset: int


class NewTags(Struct):
    tags: Tags


class OpenSession(Struct):
    mode: Mode
    backend: Optional[Name] = None
    instance: Optional[str] = None
    max_ttl: Annotated[int, Meta(ge=1)] = 28_800


class ChangeSession(Struct):
    accepting_jobs: bool


def _within(text: Optional[str], least: int, most: int, usual: int) -> int:
    try:
        number = int(text or "")
    except ValueError:
        return usual
    return number if least <= number <= most else usual
