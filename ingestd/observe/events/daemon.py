"""
Events of the daemon itself, its services and its components.
"""

from __future__ import annotations

from ingestd.observe.events.event import Event, Level, Stage, event


@event(Level.INFO, Stage.DAEMON)
class DaemonStarted(Event):
    """
    The process is up and holds the state folder; it does not watch yet.
    """

    version: str
    pid: int
    config: str
    pipelines: int
    epoch: int


@event(Level.INFO, Stage.DAEMON)
class DaemonReady(Event):
    """
    Files are being watched: drop them into *inboxes*, look into *outboxes*.
    """

    inboxes: tuple[str, ...]
    outboxes: tuple[str, ...]
    seconds: float


@event(Level.INFO, Stage.DAEMON)
class DaemonStopping(Event):
    """
    Nothing new is claimed; batches in flight may still commit.
    """

    reason: str
    in_flight: int = 0
    drain_seconds: float = 0.0


@event(Level.INFO, Stage.DAEMON)
class DaemonStopped(Event):
    """
    The last line of a clean stop; *given_back* batches run again at the next start.
    """

    given_back: int
    seconds: float = 0.0


@event(Level.WARNING, Stage.DAEMON)
class EngineReplaced(Event):
    """
    A pipeline runs on another engine than its cluster or its configuration asks for.
    """

    pipeline: str
    wanted: str
    engine: str
    reason: str


@event(Level.WARNING, Stage.DAEMON)
class SignalIgnored(Event):
    """
    A signal came that does nothing, SIGHUP for example.
    """

    signal: str
    hint: str


@event(Level.INFO, Stage.DAEMON)
class ServiceStarted(Event):
    """
    A child process or a listener is ready; *pid* 0 means it lives in the daemon.
    """

    service: str
    pid: int = 0
    address: str = ""
    seconds: float = 0.0


@event(Level.WARNING, Stage.DAEMON)
class ServiceDied(Event):
    """
    A child process ended although nobody asked it to; it is started again.
    """

    service: str
    error: str
    pid: int = 0
    restart_in: float = 0.0


@event(Level.INFO, Stage.DAEMON)
class ServiceRestarted(Event):
    """
    A service that had died is ready again; *restarts* counts since the daemon began.
    """

    service: str
    pid: int = 0
    restarts: int = 1
    seconds: float = 0.0


@event(Level.WARNING, Stage.DAEMON)
class PortBusy(Event):
    """
    The health and metrics page has no port; the daemon goes on and tries again.
    """

    listen: str
    error: str
    retry_in: float
    hint: str = ""


@event(Level.INFO, Stage.DAEMON)
class PortOpened(Event):
    """
    The health and metrics page answers at *listen*.
    """

    listen: str


@event(Level.WARNING, Stage.DAEMON)
class ComponentLost(Event):
    """
    Prefect, the cluster, a source, a sink or the disk is away; no work is lost.
    """

    component: str
    error: str
    retry_in: float
    hint: str = ""


@event(Level.INFO, Stage.DAEMON)
class ComponentBack(Event):
    """
    A component answers again, after *seconds* away.
    """

    component: str
    seconds: float


@event(Level.WARNING, Stage.DAEMON)
class IntakePaused(Event):
    """
    Nothing new is claimed: less than *needed_bytes* are free at *where*.
    """

    reason: str
    free_bytes: int
    needed_bytes: int
    where: str = ""


@event(Level.INFO, Stage.DAEMON)
class IntakeResumed(Event):
    """
    There is room again, after *seconds*.
    """

    reason: str
    free_bytes: int = 0
    seconds: float = 0.0


@event(Level.ERROR, Stage.DAEMON)
class FaultCaught(Event):
    """
    An error that nobody expected: a defect of ingestd, please report it.

    *where* says which loop met it; the loop goes on unless a stop follows.
    """

    where: str
    error: str
    traceback: str = ""


@event(Level.WARNING, Stage.DAEMON)
class ChildComplained(Event):
    """
    A child process wrote a line that looks like an error or a warning.
    """

    service: str
    message: str


@event(Level.DEBUG, Stage.DAEMON)
class ChildWrote(Event):
    """
    A child process wrote an ordinary line.
    """

    service: str
    message: str


@event(Level.WARNING, Stage.DAEMON)
class LibraryComplained(Event):
    """
    A library inside the daemon logged a warning or an error, or warned through Python.
    """

    library: str
    message: str
    traceback: str = ""


@event(Level.DEBUG, Stage.DAEMON)
class LibraryWrote(Event):
    """
    A library inside the daemon logged an ordinary line.
    """

    library: str
    message: str


@event(Level.WARNING, Stage.DAEMON)
class NoticeLost(Event):
    """
    The service manager did not take a notice; told once, later ones are tried.
    """

    error: str
