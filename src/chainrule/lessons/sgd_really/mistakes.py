"""Lesson 3: wrong answers, each with the hint that it gets; one without shares the next one's."""

import math

import numpy as np

from chainrule.lessons.sgd_really import solution as right
from chainrule.proof.faults import FAULTS

# ---- epoch_batches ----


def cut(order_of):
    """Return an epoch_batches that cuts the order ``order_of(count, rng)`` as it should be."""

    def answer(count, batch_size, rng):
        order = order_of(count, rng)
        return [order[first : first + batch_size] for first in range(0, count, batch_size)]

    return answer


class EpochBatches:
    def examples_missed(count, batch_size, rng):
        """The last, smaller batch is missing: count // batch_size rounds down. Let the starts of
        the batches run up to count."""
        return right.epoch_batches(count, batch_size, rng)[: count // batch_size]

    def empty_batch(count, batch_size, rng):
        """There is an empty batch where batch_size divides count: count // batch_size + 1 is one
        too many there, and the mean of no losses is not a number."""
        order = rng.permutation(count)
        return [order[i * batch_size :][:batch_size] for i in range(count // batch_size + 1)]

    def even_batches(count, batch_size, rng):
        """The batches are made equally long, as np.array_split does. Fill each of them up to
        batch_size; only the last one is shorter."""
        return np.array_split(rng.permutation(count), math.ceil(count / batch_size))

    def one_too_short(count, batch_size, rng):
        """Each batch lacks its last index: a slice ends before its second number, so take first :
        first + batch_size, without - 1."""
        order = rng.permutation(count)
        return [order[first : first + batch_size - 1] for first in range(0, count, batch_size)]

    def count_for_size(count, batch_size, rng):
        """batch_size is taken for the number of batches. It is how many indices each of them
        holds."""
        return np.array_split(rng.permutation(count), batch_size)

    def not_cut(count, batch_size, rng):
        """The order is there, but it is not cut: return a list of arrays of batch_size indices."""
        return rng.permutation(count)

    with_replacement = cut(lambda count, rng: rng.integers(0, count, count))
    """Indices are drawn with replacement: about a third of them is missed in each epoch, others
    come twice. Shuffle them all, and then cut."""

    indices_from_one = cut(lambda count, rng: rng.permutation(count) + 1)
    """The indices run from 1 to count: image 0 is never seen, and index count is none. They are 0
    to count - 1."""

    never_shuffled = cut(lambda count, rng: np.arange(count))
    """Nothing is shuffled: data that is sorted by class gives batches of one class."""

    same_order_every_epoch = cut(lambda count, rng: np.random.default_rng(0).permutation(count))
    """Each call gives the same order: a generator that is made inside with a fixed seed begins anew
    each time. Draw from the rng that comes in."""

    own_generator = cut(lambda count, rng: np.random.default_rng().permutation(count))
    """The order does not come from rng alone, so that a run cannot be repeated. Draw from the rng
    that comes in, not from np.random."""

    def batches_only_shuffled(count, batch_size, rng):
        """The same indices share a batch in every epoch: only the order of the batches is shuffled.
        Shuffle the indices first, then cut."""
        starts = rng.permutation(np.arange(0, count, batch_size))
        return [np.arange(count)[first : first + batch_size] for first in starts]

    def shuffled_inside_batches(count, batch_size, rng):
        """The same indices share a batch in every epoch: each batch is shuffled in itself. Shuffle
        all indices first, then cut."""
        starts = range(0, count, batch_size)
        return [rng.permutation(np.arange(count)[first : first + batch_size]) for first in starts]

    only_rotated = cut(lambda count, rng: np.roll(np.arange(count), rng.integers(count)))
    """The indices are turned round, not shuffled: neighbours stay neighbours, and sorted data still
    gives batches of one class. Use rng.permutation."""

    last_never_moves = cut(lambda count, rng: np.append(rng.permutation(count - 1), count - 1))
    """The last index always comes last: permutation(count - 1) leaves it out of the shuffle.
    Shuffle all count indices."""

    @cut
    def half_shuffled(count, rng):
        """Only the first half of the indices is shuffled, the second stays as it is. Shuffle all of
        them."""
        return np.append(rng.permutation(count // 2), np.arange(count // 2, count))

    @cut
    def two_swapped(count, rng):
        """Two indices change places, and all others stay where they are: that is no shuffle. Use
        rng.permutation."""
        order = np.arange(count)
        one, other = rng.choice(count, 2, replace=False)
        order[[one, other]] = order[[other, one]]
        return order


# ---- SGD ----


def optimizer(answer):
    """Return the class that a learner has written with that `update`."""
    return answer if isinstance(answer, type) else type("SGD", (right.SGD,), {"update": answer})


class SGD:
    def step_uphill(self, parameters, gradients):
        """The step goes uphill: the gradient points to where the loss grows. Subtract it."""
        return parameters + self.learning_rate * gradients

    def averaged_twice(self, parameters, gradients):
        """The gradients are divided by their length here. The loss has taken the mean over the
        batch, and nothing else divides."""
        return parameters - self.learning_rate * gradients / len(gradients)

    def no_rate(self, parameters, gradients):
        """The learning rate is missing: the step is the rate times the gradient."""
        return parameters - gradients

    def fixed_rate(self, parameters, gradients):
        """The rate is 0.01 whatever was asked for: use self.learning_rate."""
        return parameters - 0.01 * gradients

    class shared_rate(right.SGD):
        """Two optimizers share one rate, the last one given: it is kept on the class. Keep it on
        the object, self.learning_rate."""

        def __init__(self, learning_rate):
            type(self).learning_rate = learning_rate

    def gradients_clipped(self, parameters, gradients):
        return parameters - self.learning_rate * np.clip(gradients, -5, 5)

    def clipped_at_1(self, parameters, gradients):
        return parameters - self.learning_rate * np.clip(gradients, -1, 1)

    def norm_clipped(self, parameters, gradients):
        return parameters - self.learning_rate * gradients * min(1, 5 / np.linalg.norm(gradients))

    def norm_clipped_at_1(self, parameters, gradients):
        """Large gradients are clipped. SGD takes them as they are: clipping is another method, and
        hides what is wrong elsewhere."""
        return parameters - self.learning_rate * gradients * min(1, 1 / np.linalg.norm(gradients))

    def step_returned(self, parameters, gradients):
        """The step is returned, not the place that it leads to: return the moved parameters."""
        return self.learning_rate * gradients

    def rate_divides(self, parameters, gradients):
        """The gradient is divided by the rate, so that a small rate makes long steps. Multiply."""
        return parameters - gradients / self.learning_rate

    def unit_step(self, parameters, gradients):
        """The gradient is divided by its norm, so that all steps are equally long. SGD's step
        becomes short where the slope does."""
        return parameters - self.learning_rate * gradients / np.linalg.norm(gradients)

    integer_parameters = FAULTS["integer-parameters"].part
    """The parameters are cut to whole numbers, so that steps below 1 are lost. Leave them floats:
    neither astype(int) nor an array of integers."""

    def float64_creep(self, parameters, gradients):
        """float32 comes in and float64 goes out: a float64 array or np.float64 is in the formula. A
        Python number keeps float32."""
        return parameters - np.float64(self.learning_rate) * gradients

    def gradients_scaled(self, parameters, gradients):
        """The gradients are scaled in place, and they are not yours. Write rate * gradients, which
        makes a new array."""
        gradients *= self.learning_rate
        return parameters - gradients


# ---- train ----


def move(network, gradients):
    network.parameters = network.optimizer.update(network.parameters, gradients)


def right_step(network, X, y):
    loss, gradients = network.loss_and_gradients(X, y)
    move(network, gradients)
    return loss


def train_with(
    step=right_step,
    batches_of=right.epoch_batches,
    loss_of_epoch=lambda losses, sizes, count: np.dot(losses, sizes) / count,
):
    """Return a train with one of its parts exchanged."""

    def answer(network, X, y, num_epochs, batch_size, rng):
        epochs = []
        for _ in range(num_epochs):
            batches = batches_of(len(X), batch_size, rng)
            losses = [step(network, X[batch], y[batch]) for batch in batches]
            epochs.append(loss_of_epoch(losses, [len(batch) for batch in batches], len(X)))
        return epochs

    return answer


def moving_along(direction):
    """Return a train that moves along ``direction(all gradients so far, size of the batch)``."""

    def answer(**arguments):
        met = []

        def step(network, X, y):
            loss, gradients = network.loss_and_gradients(X, y)
            met.append(gradients.copy())
            move(network, direction(met, len(X)))
            return loss

        return train_with(step)(**arguments)

    return answer


class Train:
    def labels_shuffled_apart(y, rng, **others):
        """Images come with the labels of other images: X and y are shuffled apart. Use the same
        indices for both, X[batch] and y[batch]."""
        return right.train(y=rng.permutation(y), rng=rng, **others)

    examples_missed = train_with(batches_of=EpochBatches.examples_missed)
    """The last, smaller batch of an epoch is not trained on. Take all batches that epoch_batches
    gives; is that part right?"""

    batches_only_shuffled = train_with(batches_of=EpochBatches.batches_only_shuffled)
    """The same images share a batch in every epoch: only the order of the batches changes. Call
    epoch_batches anew in each epoch, and see that it mixes them."""

    def same_order_every_epoch(network, X, y, num_epochs, batch_size, rng):
        """Every epoch has the same batches in the same order: call epoch_batches inside the loop
        over epochs, not before it, and see that it shuffles anew."""
        order = right.epoch_batches(len(X), batch_size, rng)
        return train_with(batches_of=lambda *_: order)(network, X, y, num_epochs, batch_size, rng)

    own_generator = train_with(batches_of=EpochBatches.own_generator)
    """The order does not come from rng alone, so that a run cannot be repeated. Hand the rng that
    comes in on to epoch_batches."""

    mean_of_batch_means = train_with(loss_of_epoch=lambda losses, sizes, count: np.mean(losses))
    """The images of the smaller last batch count for more than others: this is the mean of the
    batches' means. Weigh each loss with len(batch), and divide by len(X)."""

    losses_summed = train_with(loss_of_epoch=lambda losses, sizes, count: sum(losses))
    """The losses of the batches are added up and never averaged, so that they grow with the number
    of batches."""

    averaged_twice = train_with(loss_of_epoch=lambda losses, sizes, count: sum(losses) / count)
    """Each batch's loss is a mean already, and you divide by len(X) once more: multiply it by
    len(batch) before you add it."""

    last_loss = train_with(loss_of_epoch=lambda losses, sizes, count: losses[-1])
    """That is the loss of the last batch alone. The loss of an epoch is the mean over all its
    images."""

    def one_loss_a_step(network, X, y, num_epochs, batch_size, rng):
        """There is one loss for each step. Add them up within an epoch, and append one mean when it
        ends."""
        return [
            right_step(network, X[batch], y[batch])
            for _ in range(num_epochs)
            for batch in right.epoch_batches(len(X), batch_size, rng)
        ]

    def sum_not_reset(**arguments):
        """The sum goes on from epoch to epoch: set it to 0 where an epoch begins."""
        return np.cumsum(right.train(**arguments))

    @train_with
    def update_before_gradients(network, X, y):
        """The update comes before this batch's gradients, and moves along those of the batch
        before. First loss_and_gradients, then update."""
        move(network, network.gradients)
        return network.loss_and_gradients(X, y)[0]

    gradients_accumulated = moving_along(lambda met, size: sum(met))
    """The gradients of the batches before are still in the sum. Each step takes the gradients of
    its own batch alone."""

    gradients_kept = moving_along(lambda met, size: met[0])
    """All steps use the gradients of the first batch. Ask for new ones in each step."""

    gradients_clipped = moving_along(lambda met, size: np.clip(met[-1], -5, 5))
    clipped_at_1 = moving_along(lambda met, size: np.clip(met[-1], -1, 1))
    """Large gradients are clipped before the update. Hand them over as they come."""

    gradients_averaged_twice = moving_along(lambda met, size: met[-1] / size)
    """The gradients are divided by the batch size. The loss has taken the mean over the batch, and
    nothing else divides."""

    @train_with
    def parameters_dropped(network, X, y):
        """The parameters stand still: update is not called, or what it returns is thrown away. Give
        it back: network.parameters = network.optimizer.update(...)."""
        return network.loss_and_gradients(X, y)[0]

    def one_update_an_epoch(network, X, y, num_epochs, batch_size, rng):
        """There is one step in each epoch, along the gradients of its last batch. The update
        belongs inside the loop over batches."""
        without_steps, losses = Train.parameters_dropped, []
        for _ in range(num_epochs):
            losses += without_steps(network, X, y, 1, batch_size, rng)
            move(network, network.gradients)
        return losses

    @train_with
    def loss_after_step(network, X, y):
        """The network is asked twice for each batch. One call of loss_and_gradients gives the loss
        before the step, and that one is wanted."""
        right_step(network, X, y)
        return network.loss_and_gradients(X, y)[0]

    def all_images_each_step(X, y, **others):
        """Every step sees all images: hand over X[batch] and y[batch], not X and y."""
        train = train_with(lambda network, *batch: right_step(network, X, y))
        return train(X=X, y=y, **others)
