"""The images that are trained on: prepared once, and left in files for the processes."""

import gzip
import struct

from benchmarks.work import save_arrays
from chainrule.data.dataset import MNIST
from chainrule.data.mnist import load_dataset
from chainrule.data.split import split_dataset, trainable

IDX_HEADER = {1: 0x0801, 3: 0x0803}  # unsigned bytes, with so many axes


class Images:
    """A dataset, its subsets as arrays, and a folder of its IDX files.

    Parameters
    ----------
    source : str
        As `load_mnist` takes it.
    scratch : Path
        A folder that is there and empty.
    """

    def __init__(self, source, scratch):
        self.dataset = load_dataset(source)
        self.scratch = scratch
        self.most = trainable(self.dataset)

    def arrays(self, train_size):
        """Return the folder with the arrays of so many training images, or of all there are."""
        train_size = min(train_size, self.most)
        folder = self.scratch / f"images-{train_size}"
        if not folder.exists():
            save_arrays(folder, split_dataset(self.dataset, train_size))
        return str(folder)

    def idx_folder(self):
        """Return a folder with the four IDX files, compressed as they come from the network."""
        folder = self.scratch / "idx"
        if not folder.exists():
            folder.mkdir()
            parts = ("train_images", "train_labels", "test_images", "test_labels")
            for name, part in zip(MNIST, parts, strict=True):
                array = getattr(self.dataset, part).astype("u1")
                header = struct.pack(f">{1 + array.ndim}I", IDX_HEADER[array.ndim], *array.shape)
                (folder / f"{name}.gz").write_bytes(gzip.compress(header + array.tobytes(), 6))
        return str(folder)
