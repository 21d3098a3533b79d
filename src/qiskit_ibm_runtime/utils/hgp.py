"""The ``hub/group/project`` format of instances."""

from __future__ import annotations

from typing import Any

from qiskit_ibm_runtime.exceptions import IBMInputValueError


def from_instance_format(instance: Any) -> tuple[str, str, str]:
    """Split ``hub/group/project``.

    Args:
        instance: A string with exactly three non-empty parts.

    Returns:
        Hub, group and project.

    Raises:
        IBMInputValueError: If it has another format.
    """
    parts = instance.split("/") if isinstance(instance, str) else []
    if len(parts) != 3 or not all(parts):
        raise IBMInputValueError(
            f"The instance {instance!r} is not in the correct hub/group/project format, "
            "such as 'ibm-q/open/main'."
        )
    hub, group, project = parts
    return hub, group, project


def to_instance_format(hub: str, group: str, project: str) -> str:
    """Join hub, group and project to ``hub/group/project``."""
    return f"{hub}/{group}/{project}"


def join_instance(*parts: Any) -> str | None:
    """Join a hub, a group and a project with slashes; ``None`` unless all three are known."""
    return "/".join(map(str, parts)) if all(parts) else None
