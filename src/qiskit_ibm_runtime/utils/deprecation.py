"""Deprecation warnings with a consistent wording that point at the caller's line."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
_PACKAGE = __name__.split(".", 1)[0]


def issue_deprecation_msg(msg: str, version: str, remedy: str, stacklevel: int = 2) -> None:
    """Warn that something is deprecated.

    Args:
        msg: Subject and verb, such as "The open method is deprecated".
        version: Release of this package in which the deprecation began.
        remedy: What to use instead, as a sentence.
        stacklevel: As for :func:`warnings.warn`: 1 points at the line that calls this function, 2
            at the caller of that function, and so on.
    """
    warnings.warn(
        f"{msg} as of qiskit-ibm-runtime {version} and will go away no sooner than 3 months "
        f"after that release. {remedy}",
        DeprecationWarning,
        stacklevel=stacklevel + 1,
    )


def deprecate_arguments(deprecated: str, version: str, remedy: str, stacklevel: int = 2) -> None:
    """Warn that a keyword argument is deprecated.

    Args:
        deprecated: Name of the argument.
        version: Release of this package in which the deprecation began.
        remedy: What to use instead, as a sentence.
        stacklevel: As in :func:`issue_deprecation_msg`.
    """
    issue_deprecation_msg(
        f"The '{deprecated}' keyword arguments are deprecated", version, remedy, stacklevel + 1
    )


def deprecate_function(
    deprecated: str, version: str, remedy: str, stacklevel: int = 2
) -> Callable[[F], F]:
    """Return a decorator that issues a warning on each call of a function.

    Args:
        deprecated: User-visible name of the function.
        version: Release of this package in which the deprecation began.
        remedy: What to use instead, as a sentence.
        stacklevel: 2 points at the line that calls the decorated function.

    Returns:
        The decorator.
    """

    def decorator(func: F) -> F:
        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            issue_deprecation_msg(
                f"The {deprecated} method is deprecated", version, remedy, stacklevel
            )
            return func(*args, **kwargs)

        return cast("F", wrapper)

    return decorator


def caller_stacklevel() -> int:
    """Return the ``stacklevel`` of the innermost line outside this package.

    Call this from the function that calls :func:`warnings.warn`. Users' subclasses of this
    package's classes count as outside.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    return level


def _is_ours(module: str) -> bool:
    return module == _PACKAGE or module.startswith(f"{_PACKAGE}.")
