import { FormatError } from "#errors";
import { arrayItems, type Variant, variantArray, variantMap } from "#variant";
import { AmfBudget } from "../budget.ts";
import {
  AMF_UNSUPPORTED,
  AmfDictionary,
  AmfEcmaArray,
  AmfExternalizable,
  amfObject,
  AmfTypedObject,
  type AmfValue,
  AmfVector,
  AmfXml,
  isAmfObject,
} from "../value.ts";

/**
 * The tree for an AMF value: numbers are doubles, dates timestamps of whole seconds, an object of a class a typed
 * map, an ECMA array and a dictionary maps, a vector an array, XML a string. What has no value is undefined.
 *
 * @throws {FormatError} If a dictionary has a key that is no text or number.
 * @throws {LimitError} If it meets a limit of AMF messages; one that contains itself is too deep.
 */
export function variantOfAmf(value: AmfValue): Variant {
  return toVariant(value, new AmfBudget());
}

function toVariant(value: AmfValue, budget: AmfBudget): Variant {
  budget.countValues(1, 0);
  if (value === null) return { type: "null" };
  if (value === undefined || value === AMF_UNSUPPORTED) return { type: "undefined" };
  switch (typeof value) {
    case "boolean":
      return { type: "bool", value };
    case "number":
      return { type: "double", value };
    case "string":
      return textOf(value, budget);
  }
  if (value instanceof Date) {
    const ms = value.getTime();
    return Number.isNaN(ms) ? { type: "undefined" } : { type: "timestamp", seconds: Math.floor(ms / 1000) };
  }
  if (value instanceof Uint8Array) {
    budget.countText(value.length, 0);
    return { type: "byteArray", value };
  }
  if (value instanceof AmfXml) return textOf(value.text, budget);
  budget.enter(0);
  const variant = toMap(value, budget);
  budget.leave();
  return variant;
}

function textOf(value: string, budget: AmfBudget): Variant {
  budget.countText(value.length, 0);
  return { type: "string", value };
}

/** A value that holds others. */
function toMap(
  value: Exclude<AmfValue, undefined | null | boolean | number | string | typeof AMF_UNSUPPORTED>,
  budget: AmfBudget,
): Variant {
  const inner = (item: AmfValue) => toVariant(item, budget);
  const members = (entries: Iterable<readonly [string, AmfValue]>) =>
    [...entries].map(([name, item]): [string, Variant] => {
      budget.countText(name.length, 0);
      return [name, inner(item)];
    });
  if (Array.isArray(value)) return variantArray(value.map(inner));
  if (value instanceof AmfVector) return variantArray(value.items.map(inner));
  if (value instanceof AmfEcmaArray) {
    const dense = value.dense.map((item, at): [string, AmfValue] => [String(at), item]);
    return variantMap(members([...dense, ...Object.entries(value.entries)]));
  }
  if (value instanceof AmfTypedObject) {
    return variantMap(members(Object.entries(value.members)), value.className);
  }
  if (value instanceof AmfExternalizable) {
    return variantMap(members([["body", value.body]]), value.className);
  }
  if (value instanceof AmfDictionary) {
    return variantMap(
      members([...value.entries].map(([key, item]): [string, AmfValue] => [keyOf(key), item])),
    );
  }
  if (isAmfObject(value)) return variantMap(members(Object.entries(value)));
  throw new FormatError("Cannot convert AMF value: it is of no known kind");
}

function keyOf(key: AmfValue): string {
  if (typeof key === "string" || typeof key === "number") return String(key);
  throw new FormatError(
    `Cannot convert AMF dictionary: a key is ${key === null ? "null" : `of type ${typeof key}`}`,
  );
}

/**
 * The AMF value for a tree: all numbers are doubles, dates and times are `Date`, a typed map is an object of its
 * class.
 *
 * @throws {LimitError} If it meets a limit of AMF messages; one that contains itself is too deep.
 */
export function amfOf(variant: Variant): AmfValue {
  return toAmf(variant, new AmfBudget());
}

function toAmf(variant: Variant, budget: AmfBudget): AmfValue {
  budget.countValues(1, 0);
  switch (variant.type) {
    case "null":
      return null;
    case "undefined":
      return undefined;
    case "int64":
    case "uint64":
      return Number(variant.value);
    case "timestamp":
    case "date":
    case "time":
      return new Date(variant.seconds * 1000);
    case "map":
    case "typedMap": {
      budget.enter(0);
      const value = variant.isArray
        ? arrayItems(variant).map((item) => toAmf(item, budget))
        : membersOf(variant.entries, budget);
      budget.leave();
      if (Array.isArray(value) || variant.typeName === "") return value;
      return new AmfTypedObject(variant.typeName, value);
    }
    default:
      return variant.value;
  }
}

function membersOf(entries: ReadonlyMap<string, Variant>, budget: AmfBudget): Record<string, AmfValue> {
  const members = amfObject();
  for (const [name, item] of entries) {
    budget.countText(name.length, 0);
    members[name] = toAmf(item, budget);
  }
  return members;
}
