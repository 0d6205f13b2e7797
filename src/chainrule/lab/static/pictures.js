// Arrays as pictures. One map for signed numbers everywhere: purple below zero, green above.

const painted = new Set();

const ground = () => getComputedStyle(document.documentElement);
const colour = (name) => {
  const hex = ground().getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
};

export function repaint() {
  for (const canvas of painted) {
    if (canvas.isConnected) canvas.paint();
    else painted.delete(canvas);
  }
}

function paint(canvas, width, height, draw) {
  canvas.width = width;
  canvas.height = height;
  canvas.paint = () => {
    const context = canvas.getContext("2d");
    const picture = context.createImageData(width, height);
    draw(picture.data);
    context.putImageData(picture, 0, 0);
  };
  canvas.paint();
  painted.add(canvas);
  return canvas;
}

// What 0 and 1 look like: paper and ink in the colours of the page, or, where the images are grey
// pictures and no ink, black and white.
let isGrey = false;
export const showGrey = (grey) => { isGrey = grey; };
const tones = () => (isGrey ? [[0, 0, 0], [255, 255, 255]] : [colour("--paper"), colour("--ink")]);

// Pixels from 0 to 1, or to `white`.
export function ink(canvas, pixels, width, height, white = 1) {
  return paint(canvas, width, height, (data) => {
    const [paper, pen] = tones();
    for (let i = 0; i < width * height; i += 1) {
      const share = Math.min(Math.max((pixels[i] ?? 0) / white, 0), 1);
      for (let c = 0; c < 3; c += 1) data[4 * i + c] = paper[c] + share * (pen[c] - paper[c]);
      data[4 * i + 3] = 255;
    }
  });
}

// A stage of a photograph as the server sends it: one byte a pixel or three, in base64. Of one byte
// it is ink on paper, of three the colours that were seen.
export function colours(canvas, { width, height, channels, bytes }) {
  const values = Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0));
  if (channels === 1) return ink(canvas, values, width, height, 255);
  return paint(canvas, width, height, (data) => {
    data.fill(255);
    for (let i = 0; i < width * height; i += 1) data.set(values.subarray(3 * i, 3 * i + 3), 4 * i);
  });
}

// Signed numbers from -limit to +limit; 0 has the colour of neither.
export function signed(canvas, values, width, height, limit) {
  const most = limit || values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
  return paint(canvas, width, height, (data) => {
    const [zero, negative, positive] = ["--zero", "--negative", "--positive"].map(colour);
    data.fill(255);
    for (let i = 0; i < values.length; i += 1) {
      const share = Math.min(Math.abs(values[i]) / most, 1);
      const end = values[i] < 0 ? negative : positive;
      for (let c = 0; c < 3; c += 1) data[4 * i + c] = zero[c] + share * (end[c] - zero[c]);
    }
    for (let i = values.length; i < width * height; i += 1) data[4 * i + 3] = 0;
  });
}

// Shares of a whole, one cell each: from nothing to the accent.
export function shares(canvas, values) {
  return paint(canvas, values.length, 1, (data) => {
    const [zero, accent] = ["--zero", "--accent"].map(colour);
    data.fill(255);
    values.forEach((value, i) => {
      for (let c = 0; c < 3; c += 1) data[4 * i + c] = zero[c] + value * (accent[c] - zero[c]);
    });
  });
}

// How wide a grid of n numbers is: near a square, and for ten a row.
export function columnsOf(n) {
  if (n <= 10) return n;
  const side = Math.sqrt(n);
  for (let columns = Math.ceil(side); columns <= 2 * side; columns += 1) {
    if (n % columns === 0) return columns;
  }
  return Math.ceil(side);
}
