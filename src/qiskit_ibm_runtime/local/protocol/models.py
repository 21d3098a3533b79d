"""Types of requests and responses; they drive validation and the OpenAPI description."""

# Without `from __future__ import annotations`: msgspec reads the types, also on Python 3.9.
from typing import Annotated, Any, Literal, Optional, Union

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from qiskit_ibm_runtime.local import timestamps

LARGEST_PAGE = 200

Name = Annotated[str, Meta(min_length=1, max_length=256)]
Description = Annotated[str, Meta(max_length=65536)]
Seconds = Annotated[int, Meta(ge=1, le=10_000_000)]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Object = Annotated[Raw, Meta(extra_json_schema={"type": "object"})]
"""Object that is stored and returned unparsed."""
Base64 = Annotated[str, Meta(extra_json_schema={"contentEncoding": "base64"})]
HubGroupProject = Annotated[str, Meta(pattern="^[^/]+/[^/]+/[^/]+$")]
Limit = Optional[Annotated[int, Meta(ge=1)]]
Offset = Annotated[int, Meta(ge=0, le=10**15)]
Status = Literal["Queued", "Running", "Completed", "Failed", "Cancelled"]
LogLevel = Literal["CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"]
ApiKeyGrant = Literal["urn:ibm:params:oauth:grant-type:apikey"]


class Login(Struct, rename="camel"):
    api_token: Annotated[str, Meta(min_length=1, max_length=4096)]


class LoggedIn(Struct, rename="camel"):
    id: str
    ttl: int
    created: Time
    user_id: str


class Version(Struct, rename="kebab"):
    qiskit_ibm_runtime: Optional[str]
    qiskit_terra: Optional[str]
    api_auth: str = "0.1.0"
    api_app: str = "embedded"


class Services(Struct):
    runtime: str


class Addresses(Struct):
    http: str
    ws: str
    services: Services


class User(Struct):
    id: str
    urls: Addresses


class Hub(Struct):
    name: str
    groups: dict[str, Any]


class IamForm(Struct):
    grant_type: ApiKeyGrant
    apikey: Annotated[str, Meta(min_length=1)]
    response_type: Optional[str] = None


class IamToken(Struct):
    access_token: str
    expires_in: int
    expiration: int
    refresh_token: str = "not_supported"  # noqa: S105 - the value that the service sends
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    scope: str = "ibm openid"


class ResourceQuery(Struct):
    name: Optional[str] = None


class Resource(Struct):
    crn: str
    name: str


class Resources(Struct):
    rows_count: int
    resources: list[Resource]
    next_url: None = None


class Health(Struct):
    status: str = "ok"


class BackendQuery(Struct):
    provider: Optional[HubGroupProject] = None


class Devices(Struct):
    devices: list[str]


class BackendStatus(Struct):
    length_queue: int
    backend_version: str
    state: bool = True
    status: str = "active"
    message: str = "available"


class Page(Struct):
    """Page of a list to return; a limit above ``LARGEST_PAGE`` is reduced to it."""

    limit: Limit = None
    offset: Offset = 0


class JobFilter(Struct):
    """Query of a job list, except for its page."""

    backend: Optional[str] = None
    pending: Optional[bool] = None
    program: Optional[str] = None
    tags: list[str] = []
    session_id: Optional[str] = None
    created_after: Optional[Time] = None
    created_before: Optional[Time] = None
    sort: Literal["ASC", "DESC"] = "DESC"
    exclude_params: bool = False

    def __post_init__(self) -> None:
        for name in ("created_after", "created_before"):
            text = getattr(self, name)
            try:
                setattr(self, name, None if text is None else timestamps.parse_timestamp(text))
            except ValueError as error:
                raise ValueError(f"Expected an ISO 8601 time - at `$.{name}`") from error


class JobQuery(JobFilter):
    limit: Limit = None
    offset: Offset = 0
    provider: Optional[HubGroupProject] = None


class Brief(Struct):
    exclude_params: bool = False


class Submit(Struct):
    program_id: Annotated[Name, Meta(examples=["hello-world"])]
    params: Object
    # Letters and digits, joined by single separators, followed by a tag.
    runtime: Optional[
        Annotated[
            str,
            Meta(
                max_length=256,
                pattern=r"^[A-Za-z0-9]+(?:[/._-][A-Za-z0-9]+)*:[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$",
            ),
        ]
    ] = None
    log_level: Optional[LogLevel] = None
    backend: Optional[Annotated[Name, Meta(examples=["ibmq_qasm_simulator"])]] = None
    session_id: Optional[Name] = None
    tags: Annotated[list[Name], Meta(max_length=100)] = []
    cost: Optional[Seconds] = None
    start_session: bool = False
    session_time: Optional[Seconds] = None
    hub: Optional[Name] = None
    group: Optional[Name] = None
    project: Optional[Name] = None

    def __post_init__(self) -> None:
        start = bytes(memoryview(self.params)[:4])
        if start == b"null":
            self.params = Raw(b"{}")
        elif not start.startswith(b"{"):
            raise ValueError("Expected `object` - at `$.params`")


class Submitted(Struct):
    id: str
    backend: str
    session_id: Optional[str] = None


class State(Struct):
    status: Status
    reason: str


class ProgramId(Struct):
    id: str


class Usage(Struct):
    seconds: float
    quantum_seconds: Union[float, UnsetType] = UNSET


class Job(Struct):
    id: str
    backend: str
    state: State
    status: Status
    program: ProgramId
    created: Time
    tags: list[str]
    session_id: Optional[str]
    user_id: str
    usage: Usage
    cost: Union[int, UnsetType] = UNSET
    runtime: Union[str, UnsetType] = UNSET
    hub: Union[str, UnsetType] = UNSET
    group: Union[str, UnsetType] = UNSET
    project: Union[str, UnsetType] = UNSET
    ended: Union[Time, UnsetType] = UNSET
    params: Union[Object, UnsetType] = UNSET


class Jobs(Struct):
    jobs: list[Job]
    count: int
    limit: int
    offset: int


class JobType(Struct):
    type: Literal["RUNTIME"] = "RUNTIME"


class Timestamps(Struct):
    created: Time
    running: Optional[Time]
    finished: Optional[Time]


class Metrics(Struct):
    timestamps: Timestamps
    qiskit_version: str
    bss: Usage
    usage: Usage
    position_in_queue: Optional[int]


class CreateProgram(Struct):
    name: Name
    data: Base64
    cost: Seconds
    description: Description = ""
    is_public: bool = False
    spec: Optional[dict[str, Any]] = None


class UpdateProgram(Struct, forbid_unknown_fields=True):
    name: Union[Name, UnsetType] = UNSET
    description: Union[Description, UnsetType] = UNSET
    cost: Union[Seconds, UnsetType] = UNSET
    spec: Union[dict[str, Any], UnsetType] = UNSET


class Program(Struct):
    id: str
    name: str
    description: str
    cost: int
    creation_date: Time
    update_date: Time
    is_public: bool
    spec: Union[dict[str, Any], UnsetType] = UNSET
    data: Union[str, UnsetType] = UNSET


class Programs(Struct):
    programs: list[Program]
    count: int
    limit: int
    offset: int


class ErrorDetail(Struct):
    code: int
    message: str
    solution: str = ""
    more_info: str = ""


class ErrorBody(Struct):
    """Error response in the format of the runtime service."""

    errors: list[ErrorDetail]
    trace: str


class AccountErrorDetail(Struct, rename="camel"):
    status: int
    status_code: int
    message: str
    code: int
    name: str = "Error"


class AccountErrorBody(Struct):
    """Error response in the format of the authentication service."""

    error: AccountErrorDetail
