"""One neuron, one number, and its slope: by hand, and by a nudge.

Run: python examples/steps/1_neuron.py
"""

RATE = 0.1  # how far a step goes where the slope is 1
NUDGE = 1e-5

x, target = 1.5, 0.5  # what comes in, and what should come out
w, b = 0.8, 0.1  # what the neuron learns


def forward(w, b, x):
    z = x * w + b
    return max(z, 0.0)  # ReLU: nothing below 0


def squared_error(answer):
    """Return the loss, and its slope along the answer."""
    difference = answer - target
    return difference**2, 2 * difference


def backward(x, a, da):
    """Return the slopes of the loss along w and b: the chain rule, link by link."""
    dz = da * (a > 0)  # a follows z, unless it is held at 0
    dw = x * dz  # z follows w, x times as much
    db = dz  # z follows b, just as much
    return dw, db


def slope_by_nudging(w):
    """Return the slope along w by its definition, without any calculus."""
    above, _ = squared_error(forward(w + NUDGE, b, x))
    below, _ = squared_error(forward(w - NUDGE, b, x))
    return (above - below) / (2 * NUDGE)


for step in range(1, 6):
    a = forward(w, b, x)
    loss, da = squared_error(a)
    dw, db = backward(x, a, da)
    print(f"step {step}: answer {a:.4f}, loss {loss:.6f}")
    print(f"  slope along w {dw:.4f} by hand, {slope_by_nudging(w):.4f} by nudging")
    w -= RATE * dw  # downhill
    b -= RATE * db
print(f"w {w:.4f}, b {b:.4f}, answer {forward(w, b, x):.4f}, target {target:.4f}")
