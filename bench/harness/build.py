"""What has to be made before anything can be measured: two C programs, and the packages of the Node baseline."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
BASELINES = ROOT / "bench/baselines"
CACHE = ROOT / ".cache/bench"
LOAD = CACHE / "load"
BROADCAST_SERVER = CACHE / "broadcast_server"
NODE_MODULES = CACHE / "node/node_modules"

_SOURCES = ROOT / "bench/load"
_NODE_FILES = ("package.json", "package-lock.json", ".npmrc")
_COMPILE_LIMIT_S = 120
_INSTALL_LIMIT_S = 300


class CannotBuild(Exception):
    """Something is missing; the text says what to do."""


def build_c() -> None:
    """Compiles the load generator and the C baseline."""
    if shutil.which("gcc") is None:
        raise CannotBuild("gcc is missing: the load generator is written in C. As root: apt-get install gcc libc6-dev")
    CACHE.mkdir(parents=True, exist_ok=True)
    _compile(LOAD, sorted(_SOURCES.glob("*.c")))
    _compile(
        BROADCAST_SERVER, [BASELINES / "broadcast_server.c", *(_SOURCES / name for name in ("buffer.c", "websocket.c"))]
    )


def install_node() -> None:
    """Installs what the Node baseline needs, unless the locked versions are there already."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise CannotBuild("node and npm are missing (Debian: nodejs, npm)")
    folder, lock = NODE_MODULES.parent, "package-lock.json"
    done = NODE_MODULES / ".installed"
    wanted = (BASELINES / lock).read_bytes()
    if done.exists() and done.read_bytes() == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in _NODE_FILES:
        shutil.copy(BASELINES / name, folder / name)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
    try:
        subprocess.run(command, cwd=folder, timeout=_INSTALL_LIMIT_S, check=True, capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        raise CannotBuild(f"`npm ci` took more than {_INSTALL_LIMIT_S} s") from None
    except subprocess.CalledProcessError as error:
        raise CannotBuild(f"`npm ci` failed: {error.stderr.strip()[-300:] or error.stdout.strip()[-300:]}") from None
    done.write_bytes(wanted)


def _compile(target: Path, sources: list[Path]) -> None:
    command = ["gcc", "-O2", "-std=gnu11", "-Wall", "-Wextra", "-o", str(target), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_COMPILE_LIMIT_S, check=False)
    if done.returncode:
        raise CannotBuild(f"gcc failed:\n{done.stderr[-2000:]}")
