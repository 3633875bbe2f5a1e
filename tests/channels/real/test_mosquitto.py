"""What a subscriber of a real MQTT broker gets, and whether the broker said that it has it."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.channels.letters import letter
from tests.channels.real.servers import free_port, open_folder, served
from tests.domain.test_inert import HOSTILE
from tests.machine import require_debian
from watcher.channels import apprise
from watcher.domain.errors import ChannelError
from watcher.domain.secret import Secret

CONFIG = "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"


@pytest.fixture(scope="module")
def broker() -> Iterator[int]:
    """The port of a broker."""
    mosquitto = require_debian("mosquitto", package="mosquitto")
    with open_folder() as folder:
        port = free_port()
        (folder / "mosquitto.conf").write_text(CONFIG.format(port=port))
        with served([mosquitto, "-c", str(folder / "mosquitto.conf")], [port], folder / "log"):
            yield port


@contextmanager
def subscribed(port: int, topic: str) -> Iterator["queue.Queue[str]"]:
    """What is published to a topic from now on."""
    got: queue.Queue[str] = queue.Queue()
    ready: queue.Queue[bool] = queue.Queue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _userdata, message: got.put(message.payload.decode())
    client.on_subscribe = lambda *_: ready.put(True)
    client.connect("127.0.0.1", port)
    client.subscribe(topic, qos=1)
    client.loop_start()
    try:
        assert ready.get(timeout=10)
        yield got
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.mark.parametrize("qos, is_confirmed", [(0, False), (1, True)])
def test_a_message_arrives_and_is_confirmed_where_the_broker_confirms(
    broker: int, qos: int, is_confirmed: bool
) -> None:
    message = letter(HOSTILE[0])
    url = Secret("test", lambda: f"mqtt://127.0.0.1:{broker}/team/{qos}?qos={qos}")
    with subscribed(broker, f"team/{qos}") as got:
        receipt = apprise.for_url("ops", url).send(message, "d1")
        assert got.get(timeout=10).splitlines() == [message.title, *message.lines]
    assert receipt.is_confirmed is is_confirmed


def test_a_broker_that_is_not_there_is_a_failed_attempt() -> None:
    require_debian("mosquitto", package="mosquitto")
    url = Secret("test", lambda: f"mqtt://127.0.0.1:{free_port()}/team?qos=1")
    with pytest.raises(ChannelError) as caught:
        apprise.for_url("ops", url).send(letter(), "d1")
    assert not caught.value.is_permanent
