"""What a race leaves on disk.

race.json            all that the table and the picture are made of
race.svg             the picture
receipt.json         what everything cost, as other receipts have it
runs/ARM/JOB.json    the end of one job: a race that is begun again makes no finished job twice
runs/ARM/JOB/        state of a job under way; of a job of the verdict, the net
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tenth import files
from tenth.errors import FormatError, must
from tenth.train.race.engines import Run, Site
from tenth.train.race.jobs import Ended, Job

RACE = "race.json"
KIND = "tenth race/1"
_KIND_OF_JOB = "tenth race job/1"


class Book:
    """All jobs of a race that have ended, those of an earlier sitting included.

    Args:
        site: of the race: its folder, and who is told that a job ended.
        run: runs jobs.
        mark: of the task; the end of a job of another task is refused.
    """

    def __init__(self, site: Site, run: Run, mark: str) -> None:
        self.folder, self._site, self._run, self._mark = site.folder, site, run, mark
        self.ended: list[Ended] = []

    def do(self, jobs: Sequence[Job]) -> list[Ended]:
        """The ends of the jobs in the order of the jobs; each is on disk before the next is told.

        Raises:
            FormatError: the folder holds the end of another job, or a damaged file.
            OutputError: the folder cannot be written.
        """
        ends = {job.name: self._found(job) for job in jobs}
        for job, ended in self._run([job for job in jobs if ends[job.name] is None]):
            self._keep(job, ended)
            if self._site.on_step is not None:
                self._site.on_step(job, None)
            ends[job.name] = ended
        made = [ended for ended in ends.values() if ended is not None]
        self.ended += made
        return made

    def _path(self, job: Job) -> Path:
        return self.folder / f"{job.name}.json"

    def _keep(self, job: Job, ended: Ended) -> None:
        path = self._path(job)
        content = {"kind": _KIND_OF_JOB, "job": self._form(job), "ended": ended.to_json()}
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
        if ended.stage != "verdict":
            shutil.rmtree(self.folder / job.name, ignore_errors=True)  # nobody asks for its net

    def _found(self, job: Job) -> Ended | None:
        path = self._path(job)
        if not path.exists():
            return None
        content = read_json(path, _KIND_OF_JOB)
        if content["job"] != self._form(job):
            remedy = "Name another folder, or delete this one to begin anew."
            raise FormatError(must(str(path), "of this race", "that of another one", remedy))
        return Ended.from_json(content["ended"])

    def _form(self, job: Job) -> Any:
        return json.loads(json.dumps({"task": self._mark, **job.form()}))


def read_json(path: Path, kind: str) -> dict[str, Any]:
    """The content of a file of this kind.

    Raises:
        FormatError: it is missing, damaged or of another kind.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise FormatError(must(str(path), "JSON", f"a damaged file ({error})")) from error
    found = content.get("kind") if isinstance(content, dict) else None
    if found != kind:
        raise FormatError(must(str(path), f"a file of the kind {kind!r}", repr(found)))
    return content
