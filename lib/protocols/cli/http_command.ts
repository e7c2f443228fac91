import { FormatError } from "#errors";
import type { HttpRequestHead } from "#protocols/http";
import { type CliCommand, type CliValue, parseCliLine } from "./command_line.ts";

/**
 * The command that a request gives.
 *
 * `GET /COMMAND?params=BASE64`, as the original has it, is the rest of a command line; any other query is
 * `key=value&...`. The body of `POST /COMMAND` is the rest of a line, or an object of JSON; that of `POST /` is a whole
 * line.
 *
 * @param body As text.
 * @throws {FormatError} If it is none of these.
 */
export function parseHttpCommand(request: HttpRequestHead, body: string): CliCommand {
  const name = request.path.slice(1);
  if (!/^\w*$/.test(name)) throw new FormatError("Cannot read command: the path must be /COMMAND");
  if (request.method !== "POST") return ofQuery(name, request.query);
  const isJson = /^application\/(?:[\w.-]+\+)?json\b/i.test(request.headers.get("content-type") ?? "");
  if (isJson) return { name, words: [], values: ofJson(body) };
  const lines = body.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  if (lines.length > 1) {
    throw new FormatError("Cannot read command: a request gives one, the body has more lines");
  }
  return parseCliLine(`${name} ${lines[0] ?? ""}`);
}

function ofQuery(name: string, query: string): CliCommand {
  const fields = new URLSearchParams(query);
  const encoded = fields.get("params");
  if (encoded !== null && fields.size === 1) return parseCliLine(`${name} ${decoded(encoded)}`);
  const values = new Map<string, CliValue>();
  for (const key of new Set(fields.keys())) {
    const all = fields.getAll(key);
    values.set(key, all.length === 1 ? all[0]! : all);
  }
  return { name, words: [], values };
}

/** Base64 of either alphabet; in a query plus may have become a space. */
function decoded(text: string): string {
  const base64 = text.replaceAll(" ", "+").replaceAll("-", "+").replaceAll("_", "/");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(base64));
  } catch {
    throw new FormatError("Cannot read command: params must be base64 of UTF-8");
  }
}

function ofJson(body: string): ReadonlyMap<string, CliValue> {
  let tree: unknown;
  try {
    tree = JSON.parse(body);
  } catch {
    throw new FormatError("Cannot read command: the body is no JSON");
  }
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) {
    throw new FormatError("Cannot read command: the body must be an object of JSON");
  }
  return new Map(Object.entries(tree).map(([key, value]) => [key, valueOf(key, value)]));
}

function valueOf(key: string, value: unknown): CliValue {
  if (["string", "number", "boolean"].includes(typeof value)) return String(value);
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw new FormatError(`Cannot read command: ${key} must be a text, number, boolean or array of texts`);
}
