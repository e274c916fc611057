"""`make chaos`, or `python -m chaos [--minutes M] [--seed S]`: real processes under faults, while calls keep coming.

The exit status is 1 when a promise was broken; the seed lives it again, as far as real time allows.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console

from bench.house import BenchError
from chaos.report import report
from chaos.run import is_fronted, is_seconded, run
from chaos.script import script

stdout: Final = Console(highlight=False, soft_wrap=True, markup=False)


def main(arguments: list[str] | None = None) -> int:
    """Play, and judge; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long faults come, in real minutes")
    parser.add_argument("--seed", type=int, help="the script and the people of an earlier run")
    parser.add_argument("--keep", type=Path, help="a folder for the database, the journal and the log, which stay")
    given = parser.parse_args(arguments)
    seed = random.randrange(1_000_000) if given.seed is None else given.seed
    if given.keep is not None:
        given.keep.mkdir(parents=True, exist_ok=True)
        return _played(seed, given.minutes * 60, given.keep)
    with tempfile.TemporaryDirectory(prefix="nightbell-chaos", ignore_cleanup_errors=True) as folder:
        return _played(seed, given.minutes * 60, Path(folder))


def _played(seed: int, seconds: float, folder: Path) -> int:
    acts = script(seed, seconds)
    where = "behind one address" if is_fronted(seed) else "at an address each"
    where += ", with a second provider" if is_seconded(seed) else ""
    stdout.print(f"seed {seed}, {seconds:.0f} s of faults, the servers {where}:")
    for act in acts:
        stdout.print(f"  {act}")
    # An answer that is dropped on purpose. A filter, since uvicorn sets the level anew.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "without completing" not in record.getMessage())
    evidence = asyncio.run(run(seed, seconds, acts, folder, stdout.print))
    lines, broken = report(evidence)
    for line in lines:
        stdout.print(line)
    if broken:
        stdout.print(f"BROKEN with the seed {seed}: python -m chaos --minutes {seconds / 60:g} --seed {seed}")
    return int(broken)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(f"chaos: {error}")
