"""Lists and dicts that a notebook shows as tables; for programs they are lists and dicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .masking import masked

if TYPE_CHECKING:
    from qiskit_ibm_runtime.runtime_job import RuntimeJob

    Jobs = list[RuntimeJob]
    Fields = dict[str, Any]
    ByName = dict[str, Fields]
else:
    Jobs, Fields, ByName = list, dict, dict


class JobList(Jobs):
    """Jobs."""

    def _repr_html_(self) -> str:
        from .cards import jobs_table

        return jobs_table(self)


class AccountFields(Fields):
    """The fields of an account: its items are real, what is printed of it is masked."""

    def __repr__(self) -> str:
        return repr(masked(self))

    def _repr_html_(self) -> str:
        from .html import card

        return card("account", "", masked(self))


class AccountDict(ByName):
    """Accounts by name: their items are real, what is printed of them is masked."""

    def _repr_html_(self) -> str:
        from .cards import accounts_table

        return accounts_table(self)
