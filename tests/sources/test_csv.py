"""CSV exports, with and without a header, and that they read like JSON."""

import json
from socket import socket

import pytest

from tests.sources.test_http import serving
from tests.sources.wiring import NOTHING, build, lab, onq, secret
from watcher.domain.errors import SourceError
from watcher.sources._csv import split_csv
from watcher.sources.onq import ONQ

COLUMNS = ("id", "name", "status")


def split(text: str) -> list[dict[str, str]]:
    return [json.loads(row) for row in split_csv(text.encode(), COLUMNS).rows]


@pytest.mark.parametrize(
    "text",
    [
        "id,name,status\r\n1,x,open\r\n",
        "id,name,status\n1,x,open",
        "1,x,open\n",  # no header: the documented order
        "name,id,status\nx,1,open\n",  # by name, not by place
        " id , name,status\n1,x,open\n",
        "\nid,name,status\n\n1,x,open\n\n",
        '"id","name","status"\n"1","x","open"\n',
    ],
)
def test_a_record_is_an_object_by_its_header_or_by_the_documented_order(text: str) -> None:
    assert split(text) == [{"id": "1", "name": "x", "status": "open"}]


def test_quotes_commas_and_newlines_belong_to_the_cell() -> None:
    assert split('1,"a, ""b""\nc",open\n')[0]["name"] == 'a, "b"\nc'


def test_an_undocumented_column_is_kept() -> None:
    assert split("id,name,colour\n1,x,red\n") == [{"id": "1", "name": "x", "colour": "red"}]


@pytest.mark.parametrize("text", ["", "\n", "id,name,status\n"])
def test_an_export_without_records_is_empty(text: str) -> None:
    assert split(text) == []


@pytest.mark.parametrize(
    "text", ["1,x\n", "1,x,open,more\n", "id,name,status\n1\n", '1,"x,open\n', '{"error": "x"}', "1,x,open\n2,y"]
)
def test_a_ragged_export_is_an_error(text: str) -> None:
    with pytest.raises(SourceError):
        split(text)


@pytest.mark.parametrize("has_header", [True, False])
@pytest.mark.parametrize("dates", ["iso_z", "space", "epoch_ms"])
@pytest.mark.parametrize("missing", ["null", "empty"])
def test_csv_and_json_of_the_same_rows_give_the_same_readings(has_header: bool, dates: str, missing: str) -> None:
    with lab(conversations=40) as served:
        served.onq.speak(csv_header=has_header, dates=dates, missing_dates=missing)
        first = served.onq.rows.ids()[0]
        served.onq.rows.update(first, name='a "quoted",\nname – ü', external_code=None, close_on=None)
        readings = {}
        for form in ("json", "csv"):
            source = onq(served.onq, format=form)
            readings[form] = [source.interpret(row.body) for page in source.read(NOTHING) for row in page.fresh]
            source.close()
    assert len(readings["csv"]) == 40
    assert readings["csv"] == readings["json"]
    assert readings["csv"][0].fields.keys() == ONQ.fields.keys()


@pytest.mark.parametrize("body", ["1" + 24 * "," + "2", ""])
def test_an_export_of_unknown_length_proves_nothing(body: str) -> None:
    def talk(connection: socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n" + body.encode())

    auth = {"kind": "bearer", "token": secret("a-token")}
    with serving(talk) as port:
        source = build("onq", {"url": f"http://127.0.0.1:{port}", "auth": auth, "format": "csv"})
        with pytest.raises(SourceError, match="nothing proves it whole"):
            list(source.read(NOTHING))
