"""Subclasses of list and dict that notebooks show as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .masking import mask_fields

if TYPE_CHECKING:
    from qiskit_ibm_runtime.runtime_job import RuntimeJob

    Jobs = list[RuntimeJob]
    Fields = dict[str, Any]
    ByName = dict[str, Fields]
else:
    Jobs, Fields, ByName = list, dict, dict


class JobList(Jobs):
    """List of jobs, shown as a table."""

    def _repr_html_(self) -> str:
        from .cards import jobs_table

        return jobs_table(self)


class AccountFields(Fields):
    """Fields of an account: items have their real values, but the repr masks secrets."""

    def __repr__(self) -> str:
        return repr(mask_fields(self))

    def _repr_html_(self) -> str:
        from .html import card

        return card("account", "", mask_fields(self))


class AccountDict(ByName):
    """Accounts by name: items have their real values, but the table masks secrets."""

    def _repr_html_(self) -> str:
        from .cards import accounts_table

        return accounts_table(self)
