"""State of a server, shared by its endpoints."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from .built_in_programs import BUILT_IN
from .devices import catalog, herons
from .protocol.authentication import CLOUD, Authenticator
from .protocol.errors import BACKEND_NOT_FOUND, INSTANCE_NOT_FOUND, RequestError
from .scheduling.message_broker import MessageBroker
from .scheduling.scheduler import Scheduler
from .settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .execution.executor import Executor
    from .protocol.authentication import Caller
    from .settings import Instance, Settings
    from .storage.program_records import Program
    from .storage.session_records import Session
    from .storage.store import Store


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
        for instance in (*settings.hubs, *settings.services):
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
        if caller.channel == CLOUD:
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
        if caller.channel == CLOUD:
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

    def backend(self, caller: Caller, name: str) -> str:
        """Return the name if the caller may use this backend.

        Raises:
            RequestError: 404 if the caller may not.
        """
        if name not in self.backends_for(caller):
            raise backend_not_found(name)
        return name

    @staticmethod
    def qubits(backend: str) -> int:
        """Return the number of qubits of a backend."""
        return int(catalog.configuration(backend)["n_qubits"])

    def programs(self, user: str) -> list[Program]:
        """Return the programs that a user may run: built-in ones first, then the oldest."""
        return [*BUILT_IN.values(), *self.store.programs.visible_to(user)]

    def program(self, user: str, program_id: str) -> Program | None:
        """Return a program, or ``None`` if the user may not run it."""
        program = BUILT_IN.get(program_id) or self.store.programs.get(program_id)
        return program if program is not None and program.is_visible_to(user) else None

    def session(self, caller: Caller, session_id: str) -> Session | None:
        """Return a session, or ``None`` if it is not one of the caller's."""
        session = self.store.sessions.get(session_id)
        if session is None or session.user != caller.user:
            return None
        return session if caller.crn in (None, session.instance) else None

    def purge(self) -> int:
        """Delete the jobs that are older than the retention time; return how many."""
        days = self.settings.retention_days
        if days is None:
            return 0
        now = datetime.fromtimestamp(self.clock(), timezone.utc)
        return self.store.purge(now - timedelta(days=days))


def backend_not_found(name: str) -> RequestError:
    """Create the error for an unknown backend."""
    return RequestError(404, BACKEND_NOT_FOUND, f"Backend not found: {name}")


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
