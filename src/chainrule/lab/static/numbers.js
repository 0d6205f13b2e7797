// Numbers as text: four significant digits, and a true minus sign.

const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

export function short(value, digits = 4) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  let text;
  if (size >= 1e-4 && size < 1e6) {
    text = value.toPrecision(digits);
    if (text.includes("e")) text = String(Number(text));
  } else {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    text = `${mantissa} × 10${[...String(Number(exponent))].map((sign) => SUPERSCRIPT[sign]).join("")}`;
  }
  return minus(text);
}

const minus = (text) => text.replace("-", "−");

export function signed(value, digits = 4) {
  return (value < 0 ? "− " : "+ ") + short(Math.abs(value), digits);
}

export function percent(share, digits = 1) {
  return minus(`${(100 * share).toFixed(digits)}%`);
}

export const count = (value) => minus(value.toLocaleString("en"));

export const counted = (value, thing) => `${count(value)} ${thing}${value === 1 ? "" : "s"}`;

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
export const subscript = (value) => String(value).replace(/[0-9]/g, (digit) => SUBSCRIPTS[digit]);

export const fixed2 = (value) => minus(value.toFixed(2));

export const shape = (sizes) => sizes.map((size) => String(size)).join(" × ");
