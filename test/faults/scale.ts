// How much the tests of faults do: enough to see a defect on every change, or all that the guarantees name.

/** `MOORAGE_FAULTS=long` asks for the full figures. */
const isLong = process.env["MOORAGE_FAULTS"] === "long";

/** The figure of the short form, or that of the long one. */
export function scaled<Figure>(short: Figure, long: Figure): Figure {
  return isLong ? long : short;
}

/** Milliseconds that a test may take in the long form. */
export const LONG_TEST_MS = 900_000;
