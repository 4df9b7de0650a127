// Checks of arguments. A misuse is a TypeError (wrong kind of value) or a RangeError (right kind, impossible
// value); its message names the option in backticks, what was expected and what was received.

export const MIN_PORT = 1;
export const MAX_PORT = 65535;

/** A value as a message shows it: `the string "80"`, `NaN`, `an array`. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `the string ${JSON.stringify(value)}`;
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    case "bigint":
      return `the bigint ${value}`;
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "an array" : "an object";
    case "function":
    case "symbol":
    default:
      return `a ${typeof value}`;
  }
}

/** A whole number from `min` to `max`, or an error that names `option`. */
export function expectInteger(option: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  const message = `\`${option}\`: expected a whole number from ${min} to ${max}, received ${describe(value)}`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

/** A port, 1 to 65535. */
export function expectPort(option: string, value: unknown): number {
  return expectInteger(option, value, MIN_PORT, MAX_PORT);
}

export function expectBoolean(option: string, value: unknown): boolean {
  if (typeof value !== "boolean") {
    throw new TypeError(`\`${option}\`: expected true or false, received ${describe(value)}`);
  }
  return value;
}

export function expectString(option: string, value: unknown): string {
  if (typeof value !== "string") {
    throw new TypeError(`\`${option}\`: expected a string, received ${describe(value)}`);
  }
  return value;
}

/** An options object that has no other keys than `known`. */
export function expectOptions(call: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${call}: expected an options object, received ${describe(value)}`);
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new TypeError(`${call}: unknown option \`${key}\`; known are ${known.join(", ")}`);
    }
  }
}
