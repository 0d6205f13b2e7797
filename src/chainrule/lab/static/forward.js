// The forward pass, for drawing without waiting. A test compares it with NumPy.

// x: a picture of 0 to 1. Returns what each layer gives, the logits and the probabilities.
export function forward(weights, image) {
  let x = standardised(weights, image);
  const outputs = weights.layers.map((layer) => {
    x = layer.kind === "Dense" ? dense(layer, x) : x.map(ELEMENTWISE[layer.kind]);
    return x;
  });
  return { outputs, logits: x, probabilities: softmax(x) };
}

const ELEMENTWISE = {
  ReLU: (value) => Math.max(value, 0),
  Sigmoid: (value) => 1 / (1 + Math.exp(-value)),
  Tanh: Math.tanh,
  Dropout: (value) => value, // it drops in training alone
};

// Whether all of a network's layers are known here; else the server is asked.
export const isKnown = ({ layers }) => layers.every(({ kind }) => kind === "Dense" || kind in ELEMENTWISE);

// One mean and deviation for all pixels, or one for each; a pixel that never varied comes out as 0.
function standardised({ mean, std }, image) {
  const of = (value, i) => (Array.isArray(value) ? value[i] : value);
  return Float64Array.from(image, (pixel, i) => (of(std, i) ? (pixel - of(mean, i)) / of(std, i) : 0));
}

function dense({ shape: [n_in, n_out], weights, biases }, x) {
  const y = Float64Array.from(biases);
  for (let i = 0; i < n_in; i += 1) {
    const value = x[i];
    if (value === 0) continue;
    const row = i * n_out;
    for (let j = 0; j < n_out; j += 1) y[j] += value * weights[row + j];
  }
  return y;
}

export function softmax(logits) {
  const largest = Math.max(...logits);
  const exponentials = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / sum);
}

// One unit of a Dense layer: its weights, its input, and what they add up to.
export function unit(weights, image, layer, j) {
  const { outputs } = forward(weights, image);
  const { shape: [n_in, n_out], weights: W, biases } = weights.layers[layer];
  const input = Array.from(layer ? outputs[layer - 1] : standardised(weights, image));
  const column = Array.from({ length: n_in }, (_, i) => W[i * n_out + j]);
  const products = input.map((value, i) => value * column[i]);
  const sum = products.reduce((a, b) => a + b, 0);
  const z = sum + biases[j];
  const followed = weights.layers[layer + 1]?.kind === "ReLU";
  return {
    weights: column, input, products, sum, bias: biases[j], z,
    relu: followed ? Math.max(z, 0) : null, image_shape: layer ? null : weights.image_shape,
  };
}
