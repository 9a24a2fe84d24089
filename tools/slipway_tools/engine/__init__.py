"""Where functions run: in containers, or as plain processes where no container engine can run."""

from .choose import Found, find, require_docker
from .model import Engine, Launched, LaunchOptions

__all__ = ["Engine", "Found", "LaunchOptions", "Launched", "find", "require_docker"]
