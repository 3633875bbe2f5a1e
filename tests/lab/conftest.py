"""A lab that is empty, and clients that speak to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from watcher.lab import Lab, OnqApi, OsnApi


@dataclass
class OnqClient:
    """Asks OnQ for pages with a token that is right."""

    api: OnqApi
    http: httpx.Client

    def get(self, size: int = 10, page: int = 1, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        known = {"Authorization": f"Bearer {self.api.token()}", **(headers or {})}
        return self.http.get(
            f"{self.api.url}/conversations", params={"size": size, "page": page, **query}, headers=known
        )

    def get_one(self) -> httpx.Response:
        return self.get(size=1)

    def ids(self, size: int, page: int) -> list[int]:
        return [row["id"] for row in self.get(size, page).json()]


@dataclass
class OsnClient:
    """Logs in to OSN and lists."""

    api: OsnApi
    http: httpx.Client
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> str:
        return f"{self.api.url}/social/api/v1"

    def log_in(self, headers: dict[str, str] | None = None, body: dict[str, str] | None = None) -> httpx.Response:
        form = {"name": self.api.username, "password": self.api.password} if headers is None else None
        answer = self.http.post(f"{self.root}/connections", json=body or form, headers=headers)
        if answer.status_code == 200:
            self.headers = {**(headers or {}), "X-Waggle-RandomID": str(answer.json()["apiRandomID"])}
        return answer

    def get(self, path: str = "/conversations", **query: Any) -> httpx.Response:
        return self.http.get(self.root + path, params=query, headers=self.headers)

    def get_one(self) -> httpx.Response:
        return self.get(count=1)

    def ids(self, **query: Any) -> list[str]:
        return [row["id"] for row in self.get(**query).json()["items"]]


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(conversations=0, story=False) as running:
        yield running


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=5, trust_env=False) as client:
        yield client


@pytest.fixture
def onq(lab: Lab, http: httpx.Client) -> OnqClient:
    return OnqClient(lab.onq, http)


@pytest.fixture
def osn(lab: Lab, http: httpx.Client) -> OsnClient:
    http.cookies.clear()
    client = OsnClient(lab.osn, http)
    client.log_in()
    return client
