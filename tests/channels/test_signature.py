"""A signature is the one that Standard Webhooks prescribes, once for each key."""

import pytest

from watcher.channels._signature import read_key, sign

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "QUJD" * 16


def test_the_signature_is_that_of_the_published_example() -> None:
    signed = sign([read_key(KEY)], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_keys_are_rotated_each_signs() -> None:
    both = sign([read_key(KEY), read_key(OTHER)], "d1", 1, b"x").split(" ")
    assert both == [sign([read_key(KEY)], "d1", 1, b"x"), sign([read_key(OTHER)], "d1", 1, b"x")]


@pytest.mark.parametrize(
    "written",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_c2hvcnQ=",
        "whsec_" + "QUJD" * 22,
        "whsec_no base64!",
        "whsec_é",
    ],
)
def test_what_is_no_key_is_refused_without_being_shown(written: str) -> None:
    with pytest.raises(ValueError, match="is no signing key; write whsec_ and 24 to 64 bytes") as caught:
        read_key(written)
    assert not written.removeprefix("whsec_") or written.removeprefix("whsec_") not in str(caught.value)


@pytest.mark.parametrize("written", [KEY, OTHER, f"{KEY}\n"])
def test_a_key_may_have_24_to_64_bytes(written: str) -> None:
    assert 24 <= len(read_key(written)) <= 64
