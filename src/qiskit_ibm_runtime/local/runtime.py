"""State of a server, shared by its endpoints."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from . import programs
from .devices import catalog, herons
from .protocol.authentication import Authenticator
from .protocol.responses import (
    BACKEND_NOT_FOUND,
    INSTANCE_NOT_FOUND,
    JOB_IS_FINAL,
    JOB_NOT_FOUND,
    PROGRAM_NOT_FOUND,
    SESSION_NOT_FOUND,
    RequestError,
)
from .scheduling.message_broker import MessageBroker
from .scheduling.scheduler import Scheduler
from .settings import SettingsError
from .storage.job_records import CANCELLED
from .storage.program_records import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .execution.executor import Executor
    from .protocol.authentication import Caller
    from .settings import Instance, Settings
    from .storage.job_records import Job
    from .storage.session_records import Session
    from .storage.store import Store

_RELEASED = "2023-04-20T00:00:00.000000Z"


class Runtime:
    """State that endpoints share: settings, store, executor, scheduler and authenticator.

    Args:
        settings: Settings of the server.
        store: Persistent state.
        executor: Runs the jobs.
        clock: Seconds since 1970.

    Raises:
        SettingsError: If the settings name unknown backends.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        executor: Executor,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings, self.store, self.executor, self.clock = settings, store, executor, clock
        self.broker = MessageBroker(store)
        self.scheduler = Scheduler(
            store, self.broker, executor, settings.session_idle_seconds, clock
        )
        self.authenticator = Authenticator(
            settings.users,
            [service.key for service in settings.services],
            store.secret("signing"),
            settings.access_token_seconds,
            clock,
        )
        self.backends = _chosen(settings.devices)
        instances: tuple[Instance, ...] = (*settings.hubs, *settings.services)
        for instance in instances:
            unknown = set(instance.devices or ()) - {*self.backends, *herons.WIDTHS}
            if unknown:
                raise SettingsError(
                    f"{instance.name} lists {', '.join(sorted(unknown))}, which this server does "
                    "not offer. Add these to 'devices', or remove them from the instance."
                )

    def instance(self, caller: Caller, hgp: str | None) -> Instance:
        """Return the instance of a request: that of its CRN, the named one, or the default one.

        Raises:
            RequestError: 404 if the hub/group/project does not exist.
        """
        if caller.crn is not None:
            return next(one for one in self.settings.services if one.crn == caller.crn)
        if hgp is None:
            return self.settings.hubs[0]
        for one in self.settings.hubs:
            if one.name == hgp:
                return one
        raise RequestError(404, INSTANCE_NOT_FOUND, f"Hub/group/project not found: {hgp}")

    def backends_of(self, instance: Instance) -> list[str]:
        """Return the names of the backends in an instance."""
        return [
            name for name in self.backends if instance.devices is None or name in instance.devices
        ]

    def backends_for(self, caller: Caller) -> list[str]:
        """Return the names of the backends in any instance of the caller."""
        if caller.crn is not None:
            return self.backends_of(self.instance(caller, None))
        seen = {name for hub in self.settings.hubs for name in self.backends_of(hub)}
        return [name for name in self.backends if name in seen]

    def devices_for(self, caller: Caller) -> list[str]:
        """Return the names of the devices that the platform protocol offers to a caller."""
        instance = self.instance(caller, None)
        offered = [name for name in self.backends if not catalog.is_simulator(name)]
        if self.settings.devices is None:
            offered += herons.WIDTHS
        return [name for name in offered if instance.devices is None or name in instance.devices]

    @staticmethod
    def qubits(backend: str) -> int:
        """Return the number of qubits of a backend."""
        return int(catalog.configuration(backend)["n_qubits"])

    def programs(self, user: str) -> list[Program]:
        """Return the programs that a user may run: built-in ones first, then the oldest."""
        return [*_BUILT_IN.values(), *self.store.programs.visible_to(user)]

    def program(self, user: str, program_id: str) -> Program:
        """Return a program.

        Raises:
            RequestError: 404 if the user may not run it, or it does not exist.
        """
        program = _BUILT_IN.get(program_id) or self.store.programs.get(program_id)
        if program is None or not program.is_visible_to(user):
            raise RequestError(404, PROGRAM_NOT_FOUND, f"Program not found: {program_id}")
        return program

    def session(self, caller: Caller, session_id: str) -> Session:
        """Return a session of the caller.

        Raises:
            RequestError: 404 if there is no such session.
        """
        session = self.store.sessions.get(session_id)
        if session is None or not caller.owns(session.user, session.instance):
            raise RequestError(404, SESSION_NOT_FOUND, f"Session not found: {session_id}")
        return session

    async def close(self, session: Session) -> None:
        """Close a session for new jobs; queued jobs still run."""
        async with self.store.durably():
            self.store.sessions.close(session.id)
        self.scheduler.dispatch()

    def job(self, caller: Caller, job_id: str) -> Job:
        """Return a job of the caller.

        Raises:
            RequestError: 404 if there is no such job.
        """
        job = self.store.jobs.get(job_id)
        if job is None or not caller.owns(job.user, job.instance):
            raise job_not_found(job_id)
        return job

    async def cancel(self, *jobs: Job) -> None:
        """Cancel unfinished jobs, and close their streams.

        Raises:
            RequestError: 409 if a job has finished.
        """
        for job in jobs:
            if job.is_final:
                text = f"Job {job.id} is already {job.status.lower()}."
                raise RequestError(409, JOB_IS_FINAL, text)
        for job in jobs:
            self.scheduler.withdraw(job)
        async with self.store.durably():
            for job in jobs:
                self.store.jobs.finish(job.id, CANCELLED)
        # Streams close before the response, so the caller gets no messages of a job after it.
        for job in jobs:
            await self.broker.end_subscriptions(job.id)

    def purge(self) -> int:
        """Delete the jobs that are older than the retention time; return how many."""
        days = self.settings.retention_days
        if days is None:
            return 0
        now = datetime.fromtimestamp(self.clock(), timezone.utc)
        return self.store.purge(now - timedelta(days=days))


def one_of(backends: Collection[str], name: str) -> str:
    """Return the name of a backend.

    Raises:
        RequestError: 404 if it is not one of these.
    """
    if name not in backends:
        raise RequestError(404, BACKEND_NOT_FOUND, f"Backend not found: {name}")
    return name


def job_not_found(job_id: str) -> RequestError:
    """Create the error for an unknown job."""
    return RequestError(404, JOB_NOT_FOUND, f"Job not found. Job ID: {job_id}")


def _built_in(program_id: str) -> Program:
    metadata = programs.metadata(program_id)
    return Program(
        program_id,
        None,
        metadata["name"],
        public=True,
        created=_RELEASED,
        updated=_RELEASED,
        description=metadata["description"],
        cost=metadata["max_execution_time"],
        spec=metadata["spec"],
    )


_BUILT_IN = {program_id: _built_in(program_id) for program_id in programs.names()}


def _chosen(wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    if wanted is None:
        return catalog.names()
    known = (*catalog.names(), *herons.WIDTHS)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise SettingsError(
            f"Unknown devices: {', '.join(unknown)}. Choose from {', '.join(known)}."
        )
    return wanted
