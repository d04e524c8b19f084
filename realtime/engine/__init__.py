"""The Socket.IO engine: the one place that knows python-socketio and its internals."""

from realtime.engine.client import Application, Client, First
from realtime.engine.config import EngineConfig
from realtime.engine.engine import Engine
from realtime.engine.origin import OriginForbidden
from realtime.engine.reception import TooManyConnections

__all__ = ["Application", "Client", "Engine", "EngineConfig", "First", "OriginForbidden", "TooManyConnections"]
