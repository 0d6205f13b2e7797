"""Whatever stands in a file: what was written, or Chainrule's own error, within its memory."""

import gzip
import io
import json
import tracemalloc
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest
from drawn import deterministic
from hypothesis import given
from hypothesis import strategies as st

from chainrule import ChainruleError, Dense, Dropout, LeakyReLU, Network, load_model, save_model
from chainrule.data.idx import idx_bytes, read_idx
from chainrule.storage.models import Model

MEMORY = 3_000_000  # bytes, for files of a few thousand
IMAGES = np.arange(7 * 5 * 4, dtype=np.uint8).reshape(7, 5, 4)
NUMBERS = np.linspace(-1, 1, 30, dtype=np.float32)

# ---- what is done to a valid file ----

POSITIONS = st.floats(0, 1, exclude_max=True)
EXTREMES = [b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80" + b"\0" * 7]


@st.composite
def damage(draw):
    """Draw a function that changes one place of a file."""
    where, there = draw(POSITIONS), draw(POSITIONS)
    what = draw(st.binary(min_size=1, max_size=4) | st.sampled_from(EXTREMES))
    kind = draw(st.sampled_from(["flip", "overwrite", "insert", "delete", "cut", "repeat"]))

    def apply(content):
        at, to = sorted(int(share * len(content)) for share in (where, there))
        head, tail = content[:at], content[at:]
        return {
            "flip": head + bytes(byte ^ what[0] for byte in tail[:1]) + tail[1:],
            "overwrite": head + what + tail[len(what) :],
            "insert": head + what + tail,
            "delete": head + content[to:],
            "cut": head,
            "repeat": content[:to] + tail,
        }[kind]

    return apply


def damaged(contents):
    """Draw one of the files with one to three damages."""

    def apply(drawn):
        content, damages = drawn
        for change in damages:
            content = change(content)
        return content

    return st.tuples(st.sampled_from(contents), st.lists(damage(), min_size=1, max_size=3)).map(
        apply
    )


@contextmanager
def little_memory():
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


# ---- IDX ----


def assert_exact_or_refused(content):
    """Check that all bytes of the file stand in what is read, if it is read at all."""
    with little_memory():
        try:
            array = read_idx(content)
        except ChainruleError:
            return
    packed = content[:2] == b"\x1f\x8b"
    assert idx_bytes(array) == (gzip.decompress(content) if packed else content)


@deterministic(200)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"\x1f\x8b\x08" + tail))
def test_any_bytes_as_idx(content):
    assert_exact_or_refused(content)


@deterministic(400)
@given(
    st.sampled_from([0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E, 0x0A, 0x00]),
    st.lists(st.sampled_from([0, 1, 2, 3, 2**16, 2**31, 2**32 - 1]), max_size=6),
    st.binary(max_size=100),
    st.booleans(),
)
def test_any_header_of_idx(kind, shape, body, packed):
    content = bytes([0, 0, kind, len(shape)]) + np.array(shape, ">u4").tobytes() + body
    assert_exact_or_refused(gzip.compress(content) if packed else content)


VALID_IDX = [idx_bytes(IMAGES), idx_bytes(NUMBERS)]


@deterministic(400)
@given(damaged(VALID_IDX + [gzip.compress(content, mtime=0) for content in VALID_IDX]))
def test_damaged_idx(content):
    assert_exact_or_refused(content)


# ---- model files ----


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def model():
    network = Network([Dense(3, 4), LeakyReLU(0.2), Dropout(0.25), Dense(4, 2)], rng=3)
    return Model(network, {"mean": 0.13}, {"seed": 3}, ["nought", "one"], {"name": "MNIST"})


@pytest.fixture(scope="module")
def valid(folder, model):
    save_model(folder / "valid.npz", model)
    return (folder / "valid.npz").read_bytes()


def read(path, content):
    """Return the model in these bytes, or None if they are refused."""
    path.write_bytes(content)
    with little_memory():
        try:
            return load_model(path)
        except ChainruleError as error:
            message = str(error)
    assert str(path) in message
    return None


@deterministic(200)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"PK\3\4" + tail))
def test_any_bytes_as_a_model(folder, content):
    assert read(folder / "any.npz", content) is None


@deterministic(400)
@given(st.data())
def test_a_damaged_model_is_the_model_or_refused(folder, model, valid, data):
    came = read(folder / "damaged.npz", data.draw(damaged([valid])))
    if came is not None:
        assert came.network.parameters.tobytes() == model.network.parameters.tobytes()
        assert repr(came.network) == repr(model.network)
        for name in ("preprocessing", "training", "classes", "data"):
            assert getattr(came, name) == getattr(model, name)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([0, 1, 2**31, 10**13, 1e308, float("nan"), float("inf")])
    | st.sampled_from(["Dense", "ReLU", "Dropout", "float32", "float64", "softmax", "type", "rate"])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "n_in", "n_out", "rate", "slope", "rng"])
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@st.composite
def descriptions(draw):
    """Draw what a header may say of a layer, right or wrong."""
    kind = draw(st.sampled_from(["Dense", "ReLU", "LeakyReLU", "Dropout", "Layer"]))
    keys = st.sampled_from(["n_in", "n_out", "rate", "slope", "initializer"])
    values = st.integers(-2, 5) | st.sampled_from([2**31, 10**13]) | JSON
    return {"type": kind} | draw(st.dictionaries(keys, values, max_size=3))


def with_header(content, changes):
    """Return the model file with other entries in its header, and right checksums."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            member = old.read(name)
            if name == "header.npy":
                header = json.loads(np.load(io.BytesIO(member)).tobytes()) | changes
                text = np.frombuffer(json.dumps(header).encode(), np.uint8)
                buffer = io.BytesIO()
                np.save(buffer, text)
                member = buffer.getvalue()
            new.writestr(name, member)
    return out.getvalue()


KEYS = ["format", "version", "layers", "loss", "dtype", "parameters_sha256", "classes", "data"]


@deterministic(300)
@given(st.data())
def test_a_header_may_say_anything(folder, model, valid, data):
    changes = data.draw(
        st.dictionaries(st.sampled_from(KEYS), JSON, min_size=1, max_size=2)
        | st.fixed_dictionaries({"layers": st.lists(descriptions(), max_size=4)})
    )
    came = read(folder / "header.npz", with_header(valid, changes))
    if came is not None:
        assert came.network.parameters.tobytes() == model.network.parameters.tobytes()


@deterministic(200)
@given(st.dictionaries(st.sampled_from(["header", "0.weights", "x", ""]), st.binary(max_size=200)))
def test_members_may_hold_anything(folder, members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    assert read(folder / "members.npz", out.getvalue()) is None


@deterministic(300)
@given(st.data())
def test_members_of_a_model_may_be_damaged_under_right_checksums(folder, model, valid, data):
    with zipfile.ZipFile(io.BytesIO(valid)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = data.draw(st.sampled_from(sorted(members)))
    members[name] = data.draw(damaged([members[name]]))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    came = read(folder / "member.npz", out.getvalue())
    if came is not None:
        assert came.network.parameters.tobytes() == model.network.parameters.tobytes()
