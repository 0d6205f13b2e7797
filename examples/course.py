"""The course in one programme: MNIST, two networks, Adam against SGD, five pictures.

Run: python examples/course.py
A number behind it trains for that many epochs instead of 20.
"""

import sys

import numpy as np

from chainrule import (
    create_network,
    evaluate_network,
    load_mnist,
    one_thread,
    plot_training_comparison,
    preprocess_mnist,
    train_network,
    visualize_mnist_samples,
    visualize_predictions,
)

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
IMAGES = 20_000  # enough to see it learn; the accuracies in the README belong to this number

images, labels, test_images, test_labels = load_mnist()
visualize_mnist_samples(images, labels)
X_train, y_train, X_val, y_val, X_test, y_test = preprocess_mnist(
    images, labels, test_images, test_labels
)
chosen = np.random.default_rng(0).permutation(len(X_train))[:IMAGES]

networks, histories = {}, {}
for name in ("adam", "sgd"):
    print(f"\nTraining with {name}")
    networks[name] = create_network(name)
    with one_thread():  # threads of such small products wait for each other on a machine in use
        histories[name] = train_network(
            networks[name], X_train[chosen], y_train[chosen], X_val, y_val, EPOCHS, batch_size=64
        )

for name, network in networks.items():
    print(f"\nJudging {name}")
    evaluate_network(network, X_test, y_test)

plot_training_comparison(histories["adam"], histories["sgd"])

# The better network is chosen on validation images: the test set is for the verdict alone.
better = max(networks, key=lambda name: histories[name]["val_accuracy"][-1])
print(f"\nBetter on validation: {better}")
visualize_predictions(networks[better], X_test, y_test)
