/** What somebody wants to do with a stream. */
export type AccessAction = "publish" | "play";

/** One rule; a list that is empty says nothing. */
export interface AccessRule {
  /** What it is about. */
  readonly action: AccessAction | "any";
  /** Whether it allows or denies. */
  readonly allow: boolean;
  /** Names of users it is for; `*` is any user who is known. */
  readonly users: readonly string[];
  /** Addresses and ranges, as 192.0.2.0/24 or 2001:db8::/32. */
  readonly addresses: readonly string[];
  /** Patterns of stream names: `*` stands for any characters. */
  readonly names: readonly string[];
}

/** Who wants what. */
export interface AccessQuestion {
  readonly action: AccessAction;
  /** `undefined` for somebody who has not said who they are. */
  readonly user: string | undefined;
  /** IPv4 or IPv6, without brackets. */
  readonly address: string;
  readonly streamName: string;
}

interface CompiledRule {
  readonly rule: AccessRule;
  readonly ranges: readonly Range[];
  readonly names: readonly RegExp[];
}

interface Range {
  readonly bits: string;
}

/**
 * Rules of one application: the first that is about the action and fits decides. Where rules are about an action and
 * none fits, it is denied; where none is about it, it is allowed.
 */
export class AccessRules {
  readonly #rules: readonly CompiledRule[];

  /** @param rules In the order of their weight; their addresses were checked with `addressRangeFault`. */
  constructor(rules: readonly AccessRule[]) {
    this.#rules = rules.map((rule) => ({
      rule,
      ranges: rule.addresses.map((text) => ({ bits: rangeBits(text) ?? "none" })),
      names: rule.names.map(patternOf),
    }));
  }

  /** Whether what is wanted is allowed. */
  allows(question: AccessQuestion): boolean {
    const about = this.#rules.filter(({ rule }) => rule.action === "any" || rule.action === question.action);
    const deciding = about.find((rule) => fits(rule, question));
    return deciding?.rule.allow ?? about.length === 0;
  }

  /** Whether some rule about `action` allows users: then asking who it is makes sense. */
  wantsUser(action: AccessAction): boolean {
    return this.#rules.some(({ rule }) =>
      rule.allow && rule.users.length > 0 && (rule.action === "any" || rule.action === action)
    );
  }

  /** Whether there is a rule about `action`. */
  isAbout(action: AccessAction): boolean {
    return this.#rules.some(({ rule }) => rule.action === "any" || rule.action === action);
  }
}

function fits({ rule, ranges, names }: CompiledRule, { user, address, streamName }: AccessQuestion): boolean {
  const isUser = rule.users.length === 0 ||
    (user !== undefined && (rule.users.includes("*") || rule.users.includes(user)));
  if (!isUser) return false;
  const bits = addressBits(address) ?? "";
  return (ranges.length === 0 || ranges.some((range) => bits.startsWith(range.bits))) &&
    (names.length === 0 || names.some((name) => name.test(streamName)));
}

/** What is wrong with the text of an address or range, or `undefined`. */
export function addressRangeFault(text: string): string | undefined {
  return rangeBits(text) === undefined ? "must be an address, or a range as 192.0.2.0/24" : undefined;
}

function rangeBits(text: string): string | undefined {
  const [address = "", length, ...rest] = text.split("/");
  const bits = addressBits(address);
  if (bits === undefined || rest.length > 0) return undefined;
  if (length === undefined) return bits;
  const family = address.includes(":") ? 128 : 32;
  const count = /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (count < 0 || count > family) return undefined;
  // IPv4 lies in ::ffff:0:0/96, so that both forms of an address are one
  return bits.slice(0, 128 - family + count);
}

/** An address as 128 digits 0 and 1; IPv4 as it is mapped into IPv6 (RFC 4291, section 2.5.5.2). */
function addressBits(address: string): string | undefined {
  const v4 = /^(?:::ffff:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/i.exec(address);
  if (v4 !== null) {
    const bytes = v4.slice(1).map(Number);
    if (bytes.some((byte) => byte > 255)) return undefined;
    return "0".repeat(80) + "1".repeat(16) + bytes.map((byte) => binary(byte, 8)).join("");
  }
  const [left = "", right, ...rest] = address.replace(/%.*$/, "").split("::");
  if (rest.length > 0 || !address.includes(":")) return undefined;
  const [head, tail] = [left, right ?? ""].map((part) => part === "" ? [] : part.split(":")) as [
    string[],
    string[],
  ];
  const missing = 8 - head.length - tail.length;
  if (right === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<string>(missing).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => binary(parseInt(group, 16), 16)).join("");
}

function binary(value: number, digits: number): string {
  return value.toString(2).padStart(digits, "0");
}

function patternOf(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "su");
}
