"""What requests and answers look like; checked here, and published in the OpenAPI description."""

from __future__ import annotations

from typing import Any

from .schema import Schema  # noqa: TC001 - endpoints take it from here

STATUSES = ["Queued", "Running", "Completed", "Failed", "Cancelled"]
LOG_LEVELS = ["CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"]

TEXT: Schema = {"type": "string"}
ANY_OBJECT: Schema = {"type": "object"}
_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 256}
_NULLABLE_TEXT: Schema = {"type": ["string", "null"]}
MOMENT: Schema = {"type": "string", "format": "date-time"}
LARGEST_PAGE = 200
LIMIT: Schema = {
    "type": "integer",
    "minimum": 1,
    "description": f"More than {LARGEST_PAGE} is answered with {LARGEST_PAGE}.",
}
OFFSET: Schema = {"type": "integer", "minimum": 0, "maximum": 10**15}
FLAG: Schema = {"type": "boolean"}
HGP: Schema = {"type": "string", "pattern": "^[^/]+/[^/]+/[^/]+$"}


def object_of(required: dict[str, Any], optional: dict[str, Any] | None = None) -> Schema:
    """An object with these members; others may be there."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
    }


def array_of(items: Schema) -> Schema:
    """A list of such values."""
    return {"type": "array", "items": items}


LOGIN = object_of({"apiToken": {"type": "string", "minLength": 1, "maxLength": 4096}})
LOGIN_ANSWER = object_of(
    {"id": TEXT, "ttl": {"type": "integer"}, "created": MOMENT, "userId": TEXT}
)
VERSION = object_of({"api-auth": TEXT, "api-app": TEXT})
USER = object_of(
    {
        "id": TEXT,
        "urls": object_of({"http": TEXT, "ws": TEXT, "services": object_of({"runtime": TEXT})}),
    }
)
HUBS = array_of(object_of({"name": TEXT, "groups": ANY_OBJECT}))
IAM_TOKEN = object_of(
    {
        "access_token": TEXT,
        "refresh_token": TEXT,
        "token_type": {"type": "string", "enum": ["Bearer"]},
        "expires_in": {"type": "integer"},
        "expiration": {"type": "integer"},
        "scope": TEXT,
    }
)
IAM_FORM = object_of(
    {
        "grant_type": {"type": "string", "enum": ["urn:ibm:params:oauth:grant-type:apikey"]},
        "apikey": {"type": "string", "minLength": 1},
    },
    {"response_type": TEXT},
)
RESOURCES = object_of(
    {
        "rows_count": {"type": "integer"},
        "next_url": {"type": "null"},
        "resources": array_of(object_of({"crn": TEXT, "name": TEXT})),
    }
)

DEVICES = object_of({"devices": array_of(TEXT)})
BACKEND_STATUS = object_of(
    {
        "state": FLAG,
        "status": TEXT,
        "message": TEXT,
        "length_queue": {"type": "integer", "minimum": 0},
        "backend_version": TEXT,
    }
)

SUBMIT = object_of(
    {"program_id": {**_NAME, "examples": ["hello-world"]}, "params": ANY_OBJECT},
    {
        # Runs of letters and digits, joined by single separators, then a tag.
        "runtime": {
            "type": "string",
            "maxLength": 256,
            "pattern": r"^[A-Za-z0-9]+(?:[/._-][A-Za-z0-9]+)*:[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$",
        },
        "log_level": {"type": "string", "enum": LOG_LEVELS},
        "backend": {**_NAME, "examples": ["ibmq_qasm_simulator"]},
        "session_id": _NAME,
        "tags": {"type": "array", "items": _NAME, "maxItems": 100},
        "cost": {"type": "integer", "minimum": 1, "maximum": 10_000_000},
        "start_session": FLAG,
        "session_time": {"type": ["integer", "null"], "minimum": 1, "maximum": 10_000_000},
        "hub": _NAME,
        "group": _NAME,
        "project": _NAME,
    },
)
SUBMITTED = object_of({"id": TEXT, "backend": TEXT}, {"session_id": _NULLABLE_TEXT})
JOB = object_of(
    {
        "id": TEXT,
        "backend": TEXT,
        "state": object_of({"status": {"type": "string", "enum": STATUSES}, "reason": TEXT}),
        "status": {"type": "string", "enum": STATUSES},
        "program": object_of({"id": TEXT}),
        "created": MOMENT,
        "tags": array_of(TEXT),
        "session_id": _NULLABLE_TEXT,
    },
    {
        "hub": TEXT,
        "group": TEXT,
        "project": TEXT,
        "cost": {"type": "integer"},
        "runtime": TEXT,
        "params": ANY_OBJECT,
        "usage": object_of({"seconds": {"type": "number"}}),
        "user_id": TEXT,
        "ended": MOMENT,
    },
)
_COUNTS = {
    "count": {"type": "integer", "minimum": 0},
    "limit": {"type": "integer"},
    "offset": {"type": "integer"},
}
JOBS = object_of({"jobs": array_of(JOB), **_COUNTS})
JOB_TYPE = object_of({"type": {"type": "string", "enum": ["RUNTIME"]}})
METRICS = object_of(
    {
        "timestamps": object_of(
            {"created": MOMENT, "running": _NULLABLE_TEXT, "finished": _NULLABLE_TEXT}
        ),
        "qiskit_version": TEXT,
        "bss": object_of({"seconds": {"type": "number"}}),
        "usage": object_of({"seconds": {"type": "number"}, "quantum_seconds": {"type": "number"}}),
        "position_in_queue": {"type": ["integer", "null"]},
    }
)

_COST: Schema = {"type": "integer", "minimum": 1, "maximum": 10_000_000}
_DESCRIPTION: Schema = {"type": "string", "maxLength": 65536}
BASE64: Schema = {
    "type": "string",
    "pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$",
    "contentEncoding": "base64",
}
CREATE_PROGRAM = object_of(
    {"name": _NAME, "data": BASE64, "cost": _COST},
    {"description": _DESCRIPTION, "is_public": FLAG, "spec": ANY_OBJECT},
)
UPDATE_PROGRAM: Schema = {
    "type": "object",
    "properties": {
        "name": _NAME,
        "description": _DESCRIPTION,
        "cost": _COST,
        "spec": ANY_OBJECT,
    },
    "additionalProperties": False,
}
PROGRAM = object_of(
    {
        "id": TEXT,
        "name": TEXT,
        "description": TEXT,
        "cost": {"type": "integer"},
        "creation_date": MOMENT,
        "update_date": MOMENT,
        "is_public": FLAG,
    },
    {"spec": ANY_OBJECT, "data": TEXT},
)
PROGRAMS = object_of({"programs": array_of(PROGRAM), **_COUNTS})

RUNTIME_ERROR = object_of(
    {
        "errors": array_of(
            object_of(
                {"code": {"type": "integer"}, "message": TEXT},
                {"solution": TEXT, "more_info": TEXT},
            )
        ),
        "trace": TEXT,
    }
)
ACCOUNT_ERROR = object_of(
    {
        "error": object_of(
            {
                "status": {"type": "integer"},
                "name": TEXT,
                "message": TEXT,
                "code": {"type": "integer"},
            }
        )
    }
)
