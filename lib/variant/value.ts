import { VariantBudget } from "./budget.ts";

/** Types of values, with the numbers the original gives them. */
export const VARIANT_TYPE = {
  null: 1,
  undefined: 2,
  bool: 3,
  int8: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  uint8: 8,
  uint16: 9,
  uint32: 10,
  uint64: 11,
  double: 12,
  timestamp: 14,
  date: 15,
  time: 16,
  string: 17,
  typedMap: 18,
  map: 19,
  byteArray: 20,
} as const;

/** Name of a type of values. */
export type VariantType = keyof typeof VARIANT_TYPE;

/** A map of values by name; an array is one whose names are `__index__value__0` and so on. */
export interface VariantMap {
  /** `typedMap` where it has the name of a class. */
  readonly type: "map" | "typedMap";
  /** Empty for `map`. */
  readonly typeName: string;
  readonly isArray: boolean;
  readonly entries: ReadonlyMap<string, Variant>;
}

/** A value of the tree. */
export type Variant =
  | { readonly type: "null" | "undefined" }
  | { readonly type: "bool"; readonly value: boolean }
  | {
    readonly type: "int8" | "int16" | "int32" | "uint8" | "uint16" | "uint32" | "double";
    readonly value: number;
  }
  | { readonly type: "int64" | "uint64"; readonly value: bigint }
  | {
    readonly type: "timestamp" | "date" | "time";
    /** Whole seconds since 1970, UTC; of `time` those of the day. */
    readonly seconds: number;
  }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "byteArray"; readonly value: Uint8Array }
  | VariantMap;

/** What a value is in plain JavaScript. */
export type PlainValue =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly PlainValue[]
  | { readonly [name: string]: PlainValue };

const INDEX = "__index__value__";

/** The array of `items`. */
export function variantArray(items: readonly Variant[]): VariantMap {
  const entries = items.map((item, at): [string, Variant] => [`${INDEX}${at}`, item]);
  return { type: "map", typeName: "", isArray: true, entries: new Map(entries) };
}

/** The map of `members`; with a `typeName` a typed one. */
export function variantMap(
  members: Iterable<readonly [name: string, value: Variant]>,
  typeName = "",
): VariantMap {
  return { type: typeName === "" ? "map" : "typedMap", typeName, isArray: false, entries: new Map(members) };
}

/** The items of an array, in order of their indices; what has another name comes last. */
export function arrayItems(map: VariantMap): Variant[] {
  const indexOf = (name: string) =>
    name.startsWith(INDEX) ? Number(name.slice(INDEX.length)) : Number.POSITIVE_INFINITY;
  const entries = [...map.entries].map(([name, value]) => ({ index: indexOf(name), value }));
  return entries.sort((a, b) => a.index === b.index ? 0 : a.index - b.index).map(({ value }) => value);
}

/**
 * The tree for a plain value: whole numbers take the smallest signed type they fit, `Date` is a timestamp.
 *
 * @throws {LimitError} If it meets a limit; one that contains itself is too deep.
 */
export function variantOf(plain: PlainValue): Variant {
  return toVariant(plain, { budget: new VariantBudget(), depth: 0 });
}

function toVariant(plain: PlainValue, { budget, depth }: { budget: VariantBudget; depth: number }): Variant {
  budget.countValue(depth);
  const inner = { budget, depth: depth + 1 };
  if (plain === null) return { type: "null" };
  if (plain === undefined) return { type: "undefined" };
  if (typeof plain === "boolean") return { type: "bool", value: plain };
  if (typeof plain === "number") return numberOf(plain);
  if (typeof plain === "bigint") return { type: plain >= 2n ** 63n ? "uint64" : "int64", value: plain };
  if (typeof plain === "string") {
    budget.countText(plain.length);
    return { type: "string", value: plain };
  }
  if (plain instanceof Date) return { type: "timestamp", seconds: Math.floor(plain.getTime() / 1000) };
  if (plain instanceof Uint8Array) {
    budget.countText(plain.length);
    return { type: "byteArray", value: plain };
  }
  if (isItems(plain)) return variantArray(plain.map((item) => toVariant(item, inner)));
  return variantMap(
    Object.entries(plain).map(([name, value]): [string, Variant] => {
      budget.countText(name.length);
      return [name, toVariant(value, inner)];
    }),
  );
}

function isItems(plain: object): plain is readonly PlainValue[] {
  return Array.isArray(plain);
}

function numberOf(value: number): Variant {
  if (!Number.isInteger(value) || Object.is(value, -0)) return { type: "double", value };
  const magnitude = value < 0 ? -value - 1 : value;
  if (magnitude < 2 ** 7) return { type: "int8", value };
  if (magnitude < 2 ** 15) return { type: "int16", value };
  if (magnitude < 2 ** 31) return { type: "int32", value };
  return Number.isSafeInteger(value) ? { type: "int64", value: BigInt(value) } : { type: "double", value };
}

/**
 * The plain value of a tree: 64-bit numbers are numbers where they are exact, and else `bigint`; a typed map is
 * an object without its type's name.
 *
 * @throws {LimitError} If it meets a limit.
 */
export function plainOf(variant: Variant): PlainValue {
  return toPlain(variant, { budget: new VariantBudget(), depth: 0 });
}

function toPlain(variant: Variant, { budget, depth }: { budget: VariantBudget; depth: number }): PlainValue {
  budget.countValue(depth);
  const inner = { budget, depth: depth + 1 };
  switch (variant.type) {
    case "null":
      return null;
    case "undefined":
      return undefined;
    case "int64":
    case "uint64": {
      const exact = Number(variant.value);
      return Number.isSafeInteger(exact) ? exact : variant.value;
    }
    case "timestamp":
    case "date":
    case "time":
      return new Date(variant.seconds * 1000);
    case "map":
    case "typedMap":
      return variant.isArray
        ? arrayItems(variant).map((item) => toPlain(item, inner))
        : Object.fromEntries([...variant.entries].map(([name, value]) => [name, toPlain(value, inner)]));
    default:
      return variant.value;
  }
}
