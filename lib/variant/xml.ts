import { errorMessage, FormatError } from "#errors";
import { checkDocument, checkXmlTags, VariantBudget } from "./budget.ts";
import { parseTimeText, timeText } from "./time_text.ts";
import type { Variant, VariantMap, VariantType } from "./value.ts";

/** Elements of the original's XML; the tree's name for what they hold. */
const ELEMENTS: Readonly<Record<string, VariantType>> = {
  NULL: "null",
  UNDEFINED: "undefined",
  BOOL: "bool",
  INT8: "int8",
  INT16: "int16",
  INT32: "int32",
  INT64: "int64",
  UINT8: "uint8",
  UINT16: "uint16",
  UINT32: "uint32",
  UINT64: "uint64",
  DOUBLE: "double",
  TIMESTAMP: "timestamp",
  DATE: "date",
  TIME: "time",
  STR: "string",
  BYTEARRAY: "byteArray",
  MAP: "map",
  TYPED_MAP: "typedMap",
};
const ELEMENT_OF = new Map(Object.entries(ELEMENTS).map(([element, type]) => [type, element]));
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const INTEGER_RANGE: Readonly<Record<string, readonly [least: bigint, greatest: bigint]>> = Object
  .fromEntries(
    [8n, 16n, 32n, 64n].flatMap((bits) => [
      [`int${bits}`, [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]],
      [`uint${bits}`, [0n, 2n ** bits - 1n]],
    ]),
  );

/** A node as the parser gives it in document order. */
type XmlNode = Readonly<Record<string, unknown>>;

/**
 * Decodes the XML form.
 *
 * @throws {FormatError} If it is not well formed, has a document type or an entity of its own, or an element that
 *   is none of the form.
 * @throws {LimitError} If it meets a limit.
 */
export async function decodeVariantXml(text: string): Promise<Variant> {
  checkDocument(text.length);
  checkXmlTags(text);
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw new FormatError("Cannot read Variant: XML has a document type");
  const { XMLParser, XMLValidator } = await import("fast-xml-parser");
  let nodes: XmlNode[];
  try {
    const verdict = XMLValidator.validate(text);
    if (verdict !== true) throw new Error(`${verdict.err.msg} (line ${verdict.err.line})`);
    nodes = new XMLParser({
      preserveOrder: true,
      ignoreAttributes: false,
      attributeNamePrefix: "",
      parseTagValue: false,
      parseAttributeValue: false,
      trimValues: false,
      processEntities: false,
      ignoreDeclaration: true,
      ignorePiTags: true,
      cdataPropName: "#cdata",
    }).parse(text);
  } catch (cause) {
    throw new FormatError(`Cannot read Variant: XML is not well formed: ${errorMessage(cause)}`, { cause });
  }
  const [root, second] = nodes.filter((node) => elementOf(node) !== undefined);
  if (root === undefined || second !== undefined) {
    throw new FormatError("Cannot read Variant: XML must have one element");
  }
  return valueOf(root, { budget: new VariantBudget(), depth: 0 });
}

interface ReadContext {
  readonly budget: VariantBudget;
  readonly depth: number;
}

function elementOf(node: XmlNode): string | undefined {
  return Object.keys(node).find((key) => key !== ":@" && !key.startsWith("#"));
}

function attributeOf(node: XmlNode, name: string): string | undefined {
  const attributes = Object.entries(Object(node[":@"]) as Record<string, unknown>);
  const value = attributes.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  return value === undefined ? undefined : decodeEntities(String(value));
}

function valueOf(node: XmlNode, context: ReadContext): Variant {
  const { budget, depth } = context;
  budget.countValue(depth);
  const element = elementOf(node) ?? "";
  const type = ELEMENTS[element.toUpperCase()];
  if (type === undefined) {
    throw new FormatError(`Cannot read Variant: XML has an element ${element.slice(0, 40)}`);
  }
  const children = node[element] as readonly XmlNode[];
  if (type === "map" || type === "typedMap") return mapOf(node, { ...context, type, children });
  const text = textOf(children);
  budget.countText(text.length);
  if (type === "null" || type === "undefined") return { type };
  if (type === "string") return { type, value: text };
  if (type === "bool") return { type, value: text.trim().toLowerCase() === "true" };
  if (type === "timestamp" || type === "date" || type === "time") return parseTimeText(type, text);
  return type === "byteArray" ? { type, value: bytesOf(text) } : numberOf(type, text.trim());
}

function mapOf(
  node: XmlNode,
  { budget, depth, type, children }: ReadContext & {
    readonly type: "map" | "typedMap";
    readonly children: readonly XmlNode[];
  },
): Variant {
  const entries = new Map<string, Variant>();
  for (const child of children) {
    if (elementOf(child) === undefined) continue;
    const name = attributeOf(child, "name") ?? "";
    budget.countText(name.length);
    entries.set(name, valueOf(child, { budget, depth: depth + 1 }));
  }
  const isArray = attributeOf(node, "isArray")?.toLowerCase() === "true";
  const typeName = type === "typedMap" ? attributeOf(node, "typeName") ?? "" : "";
  return { type, typeName, isArray, entries };
}

function textOf(children: readonly XmlNode[]): string {
  return children.map((child) => {
    if (child["#text"] !== undefined) return decodeEntities(String(child["#text"]));
    const cdata = child["#cdata"] as readonly XmlNode[] | undefined;
    return cdata?.map((part) => String(part["#text"] ?? "")).join("") ?? "";
  }).join("");
}

/** Replaces the five entities of XML and references to characters; others are refused. */
function decodeEntities(text: string): string {
  return text.replaceAll(/&([^;&]{0,12};)?/g, (_, reference: string | undefined) => {
    const name = reference?.slice(0, -1) ?? "";
    const known = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
    if (known !== undefined) return known;
    const [, hex, decimal] = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name) ?? [];
    const code = hex !== undefined ? parseInt(hex, 16) : Number(decimal ?? NaN);
    if (Number.isNaN(code) || code > 0x10ffff) {
      throw new FormatError(`Cannot read Variant: XML has an entity &${name};`);
    }
    return String.fromCodePoint(code);
  });
}

function bytesOf(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch (cause) {
    throw new FormatError("Cannot read Variant: a byte array is no base64", { cause });
  }
}

function numberOf(type: Exclude<VariantType, "map" | "typedMap">, text: string): Variant {
  const fault = () =>
    new FormatError(`Cannot read Variant: ${JSON.stringify(text.slice(0, 40))} is no ${type}`);
  if (type === "double") {
    const value = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : specialDouble(text);
    if (value === undefined) throw fault();
    return { type, value };
  }
  const range = INTEGER_RANGE[type];
  if (range === undefined || !/^[-+]?\d{1,20}$/.test(text)) throw fault();
  const value = BigInt(text.replace("+", ""));
  if (value < range[0] || value > range[1]) throw fault();
  if (type === "int64" || type === "uint64") return { type, value };
  return { type: type as "int8", value: Number(value) };
}

function specialDouble(text: string): number | undefined {
  return new Map([["nan", NaN], ["inf", Infinity], ["-inf", -Infinity]]).get(text.toLowerCase());
}

/**
 * Encodes the XML form, on one line. Doubles are exact, where the original cuts them to three digits.
 *
 * @throws {LimitError} If it meets a limit.
 */
export function encodeVariantXml(variant: Variant): string {
  return xmlOf(variant, { budget: new VariantBudget(), depth: 0, name: "" });
}

function xmlOf(
  variant: Variant,
  { budget, depth, name }: { budget: VariantBudget; depth: number; name: string },
): string {
  budget.countValue(depth);
  budget.countText(name.length);
  const element = ELEMENT_OF.get(variant.type) ?? "";
  const named = ` name="${escapeXml(name)}"`;
  if (!isMap(variant)) {
    const text = contentOf(variant);
    budget.countText(text.length);
    return text === "" ? `<${element}${named} />` : `<${element}${named}>${text}</${element}>`;
  }
  const typed = variant.type === "typedMap" ? ` typeName="${escapeXml(variant.typeName)}"` : "";
  const children = [...variant.entries].map(([key, value]) =>
    xmlOf(value, { budget, depth: depth + 1, name: key })
  );
  return `<${element}${typed} isArray="${variant.isArray}"${named}>${children.join("")}</${element}>`;
}

function isMap(variant: Variant): variant is VariantMap {
  return variant.type === "map" || variant.type === "typedMap";
}

function contentOf(variant: Exclude<Variant, VariantMap>): string {
  switch (variant.type) {
    case "null":
    case "undefined":
      return "";
    case "string":
      return escapeXml(variant.value);
    case "byteArray":
      return variant.value.toBase64();
    case "timestamp":
    case "date":
    case "time":
      return timeText(variant);
    case "double":
      return doubleText(variant.value);
    default:
      return String(variant.value);
  }
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0)
    ? "-0.0"
    : Number.isInteger(value) && Math.abs(value) < 1e21
    ? `${value}.000`
    : String(value);
}

/** What XML cannot say even as a reference, most control characters, is U+FFFD. */
function escapeXml(text: string): string {
  return text.toWellFormed().replaceAll(/[&<>"\p{Cc}\ufffe\uffff]/gu, (character) => {
    const code = character.charCodeAt(0);
    const isKept = code >= 0x7f && code < 0xfffe;
    if (isKept) return character;
    const isSayable = code >= 0x20 && code < 0x7f || "\t\n\r".includes(character);
    return isSayable ? `&#${code};` : "\ufffd";
  });
}
