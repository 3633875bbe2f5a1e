"""Story: what goes on in the simulated world, beat by beat, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from threading import Condition, Event, Thread

from watcher.lab.act import Act, Truth, Turn, What
from watcher.lab.names import mail_name, person
from watcher.lab.onq_acts import ONQ_ACTS, ask, hurry, start
from watcher.lab.onq_api import OnqApi
from watcher.lab.osn_acts import OSN_ACTS, flag, post
from watcher.lab.osn_api import OsnApi
from watcher.lab.osn_row import rfc_1123
from watcher.lab.rows import Row
from watcher.lab.world import FIRST_ONQ_ID, FIRST_OSN_ID, iso, onq_plausible, onq_stage, osn_plausible

MOST_CHANGES = 4
_ARRIVAL, _DEPARTURE, _RETURN = 0.08, 0.05, 0.06
_TRIES = 200
_ROOM = 10
_JOIN_S = 0.5


class Story:
    """Changes one to four rows at each beat and notes each change in `truth`.

    Dates in rows lie around `now()`, the real time, so that a real watcher sees deadlines come. `speed` says only how
    fast beats follow each other: 60 is one a second, 600 ten a second. The first beats are written down: a question, a
    new conversation, unread messages, a registration that closes soon. With `keeps_rows` each truth holds its row, too.
    """

    def __init__(self, onq: OnqApi, osn: OsnApi, *, seed: int, speed: float, now: Callable[[], datetime]) -> None:
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self.truth: list[Truth] = []
        self.beats = 0
        self.keeps_rows = False
        self._onq, self._osn, self._now = onq, osn, now
        self._chance = Random(seed)
        self._pause_s = 60.0 / speed
        self.changed = Condition()
        self._ended = Event()
        self._running: Thread | None = None
        self._limits: dict[str, int] = {}
        self._removed: dict[str, list[Row]] = {onq.name: [], osn.name: []}
        self._newest = {onq.name: FIRST_ONQ_ID + 100_000, osn.name: FIRST_OSN_ID + 100_000}
        self._opening = (self._first_beat, self._second_beat, self._third_beat, self._fourth_beat, self._fifth_beat)

    def run(self) -> None:
        """Let beats follow each other in the background until `stop`."""
        self.stop()
        self._ended = Event()
        self._running = Thread(target=self._go_on, args=(self._ended,), daemon=True, name="lab-story")
        self._running.start()

    def stop(self) -> None:
        """End the background run; what happened stays."""
        self._ended.set()
        if self._running is not None:
            self._running.join(_JOIN_S)
            self._running = None

    def wait_for(self, beats: int, timeout_s: float = 5.0) -> list[Truth]:
        """Block until so many beats are over and return the whole truth; raises TimeoutError."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.beats >= beats, timeout_s):
                raise TimeoutError(f"{self.beats} of {beats} beats after {timeout_s} s")
            return list(self.truth)

    def step(self) -> list[Truth]:
        """One beat: make its changes, which a page shows all or none of, and return them."""
        with self.changed, self._onq.rows.lock, self._osn.rows.lock:
            known = len(self.truth)
            if self.beats < len(self._opening):
                self._opening[self.beats]()
            else:
                for _ in range(self._chance.randint(1, MOST_CHANGES)):
                    self._happen()
            self.beats += 1
            self.changed.notify_all()
            return self.truth[known:]

    def _go_on(self, ended: Event) -> None:
        while not ended.wait(self._pause_s):
            self.step()

    def _first_beat(self) -> None:
        self._play(self._onq, ask, "status", "started")
        self._play(self._osn, post, "state", "OPEN_ACTIVE")

    def _second_beat(self) -> None:
        now = self._now()
        stage = onq_stage("enrolling", self._chance, now)
        self._arrive(self._onq, **{**stage, "close_on": iso(now + timedelta(hours=1, seconds=5))})
        self._play(self._onq, hurry, "register_status", "open")

    def _third_beat(self) -> None:
        self._arrive(self._osn, state="OPEN_ACTIVE")
        self._play(self._osn, flag, "state", "OPEN_ACTIVE")

    def _fourth_beat(self) -> None:
        self._play(self._onq, start, "status", "open")
        self._play(self._onq, ask, "status", "started")

    def _fifth_beat(self) -> None:
        self._play(self._osn, post, "state", "OPEN_ACTIVE")
        self._depart(self._osn)

    def _happen(self) -> None:
        api = self._chance.choice((self._onq, self._osn))
        fate = self._chance.random()
        if not api.rows or (fate < _ARRIVAL and len(api.rows) < self._most(api)):
            self._arrive(api)
        elif fate < _ARRIVAL + _DEPARTURE and len(api.rows) > 1:
            self._depart(api)
        elif fate < _ARRIVAL + _DEPARTURE + _RETURN and self._removed[api.name]:
            self._come_back(api)
        else:
            self._change(api, ONQ_ACTS if api is self._onq else OSN_ACTS)

    def _most(self, api: OnqApi | OsnApi) -> int:
        """How many rows the world may grow to: somewhat more than it had when its story began."""
        return self._limits.setdefault(api.name, _ROOM + len(api.rows) * 5 // 4)

    def _change(self, api: OnqApi | OsnApi, acts: tuple[Act, ...]) -> None:
        row = api.rows.get(self._chance.choice(api.rows.ids())) or {}
        now = self._now()
        fitting = [act for act in acts if act.fits(row, now)]
        chosen = self._chance.choices(fitting, [act.weight for act in fitting])[0]
        self._apply(api, row, chosen.play(row, self._chance, now))

    def _play(
        self, api: OnqApi | OsnApi, play: Callable[[Row, Random, datetime], Turn], field: str, value: object
    ) -> None:
        """Play one act on some row whose field has that value; on none, a new conversation comes instead."""
        ids = api.rows.ids()
        for identity in self._chance.sample(ids, min(len(ids), _TRIES)):
            row = api.rows.get(identity) or {}
            if row.get(field) == value:
                self._apply(api, row, play(row, self._chance, self._now()))
                return
        self._arrive(api)

    def _apply(self, api: OnqApi | OsnApi, row: Row, done: Turn) -> None:
        api.rows.update(row["id"], **done.fields, **self._touched(api))
        self._note(api, row["id"], done.what, row.get(done.field), done.fields[done.field])

    def _touched(self, api: OnqApi | OsnApi) -> Row:
        now = self._now()
        if api is self._onq:
            return {"last_updated_on": iso(now)}
        name = person(self._chance)
        by = {"modifiedByUserName": mail_name(name), "modifiedByUserDisplayName": name}
        return {"modifiedDate": rfc_1123(now), **by}

    def _arrive(self, api: OnqApi | OsnApi, **fields: object) -> None:
        """A new conversation comes, at some place in the list."""
        self._newest[api.name] += 1
        while self._newest[api.name] in api.rows:
            self._newest[api.name] += 1
        make = onq_plausible if api is self._onq else osn_plausible
        row = {**make(self._newest[api.name], self._chance, self._now()), **fields}
        api.rows.insert(self._chance.randint(0, len(api.rows)), row)
        word = str(row.get("status", row.get("state")))
        what = {"started": What.STARTED, "ended": What.ENDED}.get(word, What.OPENED)
        self._note(api, row["id"], What.ENDED if word.startswith("CLOSED") else what, None, None)

    def _depart(self, api: OnqApi | OsnApi) -> None:
        row = api.rows.remove(self._chance.choice(api.rows.ids()))
        self._removed[api.name].append(row)
        self._note(api, row["id"], What.REMOVED, None, None)

    def _come_back(self, api: OnqApi | OsnApi) -> None:
        row = self._removed[api.name].pop(0)
        api.rows.insert(self._chance.randint(0, len(api.rows)), row)
        self._note(api, row["id"], What.RETURNED, None, None)

    def _note(self, api: OnqApi | OsnApi, identity: object, what: What, before: object, after: object) -> None:
        row = api.rows.get(identity) if self.keeps_rows else None
        truth = Truth(at=self._now(), api=api.name, id=str(identity), what=what, before=before, after=after, row=row)
        self.truth.append(truth)
