"""The demo's narrator: shows each event as it is stored and each message as it arrives."""

from __future__ import annotations

import sys
import textwrap
from queue import Empty, SimpleQueue
from zoneinfo import ZoneInfo

from watcher.cli.cycle import say_event
from watcher.cli.output import write_styled
from watcher.cli.table import Style, terminal_width
from watcher.cli.words import Teller, severity_style
from watcher.domain.event import Event
from watcher.domain.visible import visible
from watcher.domain.wording import plural
from watcher.lab import Arrival, Lab
from watcher.store.history_events import EventFilter, EventHistory

_INDENT = " " * 10
_BAR = f"{_INDENT}  │ "


class Narrator:
    """Says what goes on; `hear` may be called by any thread."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self._arrived: SimpleQueue[Arrival] = SimpleQueue()
        self._last = 0
        self.events = 0
        self.messages = 0

    def hear(self, arrival: Arrival) -> None:
        """Take a message that arrived at the web hook."""
        self._arrived.put(arrival)

    def introduce(self, lab: Lab) -> None:
        """Say what there is."""
        self.say(f"Two simulated APIs: campus (OnQ) at {lab.onq.url}, staff (OSN) at {lab.osn.url}.")
        self.say("Messages go to a web hook on this machine, through Apprise. Nothing leaves it. Ctrl-C ends the demo.")
        self.say("")

    def tell(self, events: EventHistory, patience_s: float) -> None:
        """Show what has happened; wait for a message as long as that."""
        arrival = self._next(patience_s)
        # A message leaves after its event was stored, so the events that were read now come first.
        for logged in events.read_after(self._last, EventFilter()):
            self._last = logged.seq
            self._show_event(logged.event)
        while arrival is not None:
            self._show_message(arrival)
            arrival = self._next(0)

    def sum_up(self) -> None:
        """Say what it came to and how to go on."""
        events, messages = plural(self.events, "event", "events"), plural(self.messages, "message", "messages")
        self.say("")
        self.say(f"{events}, {messages}; what was stored is thrown away.")
        self.say("To watch your own: watcher init, then watcher check --online. To look around: watcher lab.")

    def say(self, text: str, style: Style = Style.PLAIN, *, indent: str = "") -> None:
        """Write one line; on a terminal in a style and, where it is too long, on several."""
        for line in _fold(visible(text), indent):
            write_styled(line, style)

    def _show_event(self, event: Event) -> None:
        self.events += 1
        said = say_event(event, Teller(zone=self.zone, now=event.time))
        self.say(f"{event.time.astimezone(self.zone):%H:%M:%S}  {said}", severity_style(event), indent=_INDENT)

    def _show_message(self, arrival: Arrival) -> None:
        self.messages += 1
        posted = arrival.json()
        channel = arrival.path.strip("/")
        self.say(f"{_INDENT}→ message to {channel}, taken with HTTP {arrival.status}:", Style.GOOD)
        self.say(f"{_BAR}{posted['title']}", Style.BOLD, indent=_BAR)
        for line in str(posted["message"]).splitlines():
            self.say(f"{_BAR}{line}", indent=_BAR)

    def _next(self, patience_s: float) -> Arrival | None:
        try:
            return self._arrived.get(timeout=patience_s) if patience_s else self._arrived.get_nowait()
        except Empty:
            return None


def _fold(text: str, indent: str) -> list[str]:
    """Return the lines of a text for a terminal; where it goes to a file or pipe, it stays one line."""
    if not sys.stdout.isatty():
        return [text]
    return textwrap.wrap(text, max(40, terminal_width() - 1), subsequent_indent=indent) or [""]
