"""Lab: both simulated APIs, filled with a believable world whose story goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from watcher.lab.onq_api import OnqApi
from watcher.lab.osn_api import OsnApi
from watcher.lab.story import Story
from watcher.lab.world import populate


class Lab:
    """Both APIs on loopback; a context manager, or `start` and `stop`.

    `conversations` is how many rows each API begins with; `speed` how fast the story's beats follow each other (60: one
    a second); `story=False` leaves it to the caller to `story.step()` or `story.run()`. `start` is the time around
    which the dates in rows lie (default: now); it runs on from there. `clock` replaces the real clock altogether, for
    the servers and the story alike.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        conversations: int = 40,
        host: str = "127.0.0.1",
        onq_port: int = 0,
        osn_port: int = 0,
        speed: float = 60.0,
        start: datetime | None = None,
        story: bool = True,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.onq = OnqApi(host=host, port=onq_port, clock=clock)
        self.osn = OsnApi(host=host, port=osn_port, clock=clock)
        offset = timedelta(0) if start is None else start - self.onq.now()
        self.story = Story(self.onq, self.osn, seed=seed, speed=speed, now=lambda: self.onq.now() + offset)
        self._is_story_running = story
        populate(self.onq, self.osn, conversations, seed, self.onq.now() + offset)

    def start(self) -> None:
        """Serve."""
        self.onq.start()
        self.osn.start()
        if self._is_story_running:
            self.story.run()

    def stop(self) -> None:
        """Stop the story and both servers, within a second."""
        self.story.stop()
        self.onq.stop()
        self.osn.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
