"""Where images come from, and how they become what a network learns from."""

from chainrule.data.dataset import Dataset
from chainrule.data.mnist import load_dataset, load_mnist
from chainrule.data.preprocess import Standardisation, preprocess_mnist, stratified_subset

__all__ = [
    "Dataset",
    "Standardisation",
    "load_dataset",
    "load_mnist",
    "preprocess_mnist",
    "stratified_subset",
]
