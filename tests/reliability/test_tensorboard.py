"""--log tensorboard writes what TensorBoard reads, beside the record."""

import struct

import pytest
from programmes import ended, the_run


def events(path):
    """Return (tag, step, value) of each scalar in a file of TensorBoard's events."""
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    content, scalars = path.read_bytes(), []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        event = event_pb2.Event.FromString(content[12 : 12 + length])
        scalars += [(value.tag, event.step, value.simple_value) for value in event.summary.value]
        content = content[12 + length + 4 :]
    return scalars


def test_every_value_of_the_history_is_a_curve(start, tmp_path):
    pytest.importorskip("tensorboardX")
    few = ["--hidden", 8, "--epochs", 3, "--log", "tensorboard", "--quiet"]
    status, errors = ended(start("train", *few, "--out", "run"))
    assert status == 0, errors
    (path,) = (tmp_path / "run" / "tensorboard" / "adam-seed0").iterdir()
    came = events(path)
    for key, values in the_run(tmp_path / "run")["history"].items():
        curve = [(step, value) for tag, step, value in came if tag == key]
        assert [step for step, _ in curve] == [1, 2, 3]
        assert [value for _, value in curve] == pytest.approx(values)
