/**
 * Any value that AMF0 or AMF3 can carry.
 *
 * Objects that were decoded have no prototype, so a member called `__proto__` is a member like any other.
 * Values may share parts and may be circular, because both formats have references.
 */
export type AmfValue =
  | undefined
  | null
  | boolean
  | number
  | string
  | Date
  | Uint8Array
  | AmfValue[]
  | AmfObject
  | AmfEcmaArray
  | AmfTypedObject
  | AmfXml
  | AmfExternalizable
  | AmfVector
  | AmfDictionary
  | typeof AMF_UNSUPPORTED;

/**
 * An anonymous object. Members keep their order on the wire, except that JavaScript puts names that are
 * array indices (`"0"`, `"17"`) first.
 */
export interface AmfObject {
  [name: string]: AmfValue;
}

/** What a peer sends in place of a value it cannot express: AMF 0 Specification, section 2.15. */
export const AMF_UNSUPPORTED: unique symbol = Symbol("AMF unsupported");

/** An array with names: the usual form of `onMetaData`. AMF 0 section 2.10, AMF 3 section 3.11. */
export class AmfEcmaArray {
  /** Members by name. */
  readonly entries: AmfObject;
  /** AMF3 only: the part with indices from 0; AMF0 has these as names. */
  readonly dense: AmfValue[];
  /** AMF0 only: the number of entries the encoder announced, a hint that is often wrong. */
  readonly announcedCount: number | undefined;

  /**
   * @param entries Members by name; kept, not copied.
   * @param options `dense` part, and `announcedCount` where it is not the number of entries.
   */
  constructor(entries: AmfObject, options: { dense?: AmfValue[]; announcedCount?: number } = {}) {
    this.entries = entries;
    this.dense = options.dense ?? [];
    this.announcedCount = options.announcedCount;
  }
}

/** An object of a named class: AMF 0 section 2.18, AMF 3 section 3.12. */
export class AmfTypedObject {
  readonly className: string;
  readonly members: AmfObject;
  /** AMF3 only: members that belong to the class, in order; all of them unless given. */
  readonly sealedNames: readonly string[] | undefined;
  /** AMF3 only: whether there may be members beside the sealed ones. */
  readonly isDynamic: boolean;

  /**
   * @param className Name the classes of both peers are registered under.
   * @param members Members by name; kept, not copied.
   * @param options AMF3 traits; by default all members are sealed.
   */
  constructor(
    className: string,
    members: AmfObject,
    options: { sealedNames?: readonly string[]; isDynamic?: boolean } = {},
  ) {
    this.className = className;
    this.members = members;
    this.sealedNames = options.sealedNames;
    this.isDynamic = options.isDynamic ?? false;
  }
}

/** An XML document as text; it is never parsed. AMF 0 section 2.17, AMF 3 sections 3.9 and 3.13. */
export class AmfXml {
  readonly text: string;
  /** Whether AMF3 writes the old XMLDocument type (0x07) rather than E4X XML (0x0b). */
  readonly isDocument: boolean;

  /** @param options `isDocument` is true by default: the only form AMF0 has. */
  constructor(text: string, options: { isDocument?: boolean } = {}) {
    this.text = text;
    this.isDocument = options.isDocument ?? true;
  }
}

/** AMF3 only: an object that writes itself; the Flex classes whose body is one value. AMF 3 section 3.12. */
export class AmfExternalizable {
  readonly className: string;
  body: AmfValue;

  /** @param className One of flex.messaging.io.ArrayCollection, ArrayList and ObjectProxy. */
  constructor(className: string, body: AmfValue) {
    this.className = className;
    this.body = body;
  }
}

/** Element type of an `AmfVector`. */
export type AmfVectorKind = "int" | "uint" | "double" | "object";

/** AMF3 only: an array of one element type. AMF 3 section 3.15. */
export class AmfVector {
  readonly kind: AmfVectorKind;
  /** Numbers, unless `kind` is `object`. */
  readonly items: AmfValue[];
  /** Whether the receiver may not change its length. */
  readonly isFixed: boolean;
  /** Class of the elements of an `object` vector; empty for any. */
  readonly className: string;

  /** @param items Elements; kept, not copied. `int` and `uint` are 32 bits wide. */
  constructor(
    kind: AmfVectorKind,
    items: AmfValue[],
    options: { isFixed?: boolean; className?: string } = {},
  ) {
    this.kind = kind;
    this.items = items;
    this.isFixed = options.isFixed ?? false;
    this.className = options.className ?? "";
  }
}

/** AMF3 only: a map whose keys are any value. AMF 3 section 3.16. */
export class AmfDictionary {
  readonly entries: Map<AmfValue, AmfValue>;
  readonly hasWeakKeys: boolean;

  /** @param entries Kept, not copied. */
  constructor(entries: Map<AmfValue, AmfValue>, options: { hasWeakKeys?: boolean } = {}) {
    this.entries = entries;
    this.hasWeakKeys = options.hasWeakKeys ?? false;
  }
}

/** Returns `members` as an object without a prototype, equal to a decoded one. */
export function amfObject(members: Readonly<AmfObject> = {}): AmfObject {
  const object: AmfObject = Object.create(null);
  for (const name of Object.keys(members)) object[name] = members[name];
  return object;
}

/** Returns whether `value` is an anonymous object: neither an array nor a wrapper class. */
export function isAmfObject(value: AmfValue): value is AmfObject {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/**
 * Returns the named members of an anonymous object, an ECMA array or a typed object, and `undefined` for
 * any other value: encoders use the three forms alike.
 */
export function amfMembers(value: AmfValue): AmfObject | undefined {
  if (value instanceof AmfEcmaArray) return value.entries;
  if (value instanceof AmfTypedObject) return value.members;
  return isAmfObject(value) ? value : undefined;
}
