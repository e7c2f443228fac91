/** Messages of errors state facts in one form. */
import { isShipped, placeOf } from "./place.ts";

const BUILT_IN = new Set(["Error", "TypeError", "RangeError", "SyntaxError"]);
const HOUSE = new Set(["ProtocolError", "FormatError", "ConfigError"]);

/** Reports messages that do not start with a capital, end with a period or contract words. */
export const errorMessage: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (!isShipped(place) && !place.startsWith("scripts/")) return {};
    return {
      NewExpression(node) {
        if (node.callee.type !== "Identifier") return;
        const name = node.callee.name;
        if (!BUILT_IN.has(name) && !HOUSE.has(name) && name !== "ClosedError") return;
        const [message] = node.arguments;
        const fault = message === undefined ? undefined : faultOf(edgesOf(message), HOUSE.has(name));
        if (message !== undefined && fault !== undefined) {
          context.report({
            node: message,
            message: fault,
            hint: "Write like `Cannot read video tag body: need 9 bytes at offset 4, have 6`.",
          });
        }
      },
    };
  },
};

interface Edges {
  /** Text before the first inserted value; undefined where the message starts with one. */
  readonly head: string | undefined;
  /** Text after the last inserted value; undefined where the message ends with one. */
  readonly tail: string | undefined;
  readonly whole: string;
}

function edgesOf(node: Deno.lint.Node): Edges | undefined {
  if (node.type === "Literal" && typeof node.value === "string") {
    return { head: node.value, tail: node.value, whole: node.value };
  }
  if (node.type !== "TemplateLiteral") return undefined;
  const parts = node.quasis.map((quasi) => quasi.cooked);
  return { head: parts[0] || undefined, tail: parts.at(-1) || undefined, whole: parts.join("0") };
}

function faultOf(edges: Edges | undefined, isHouseError: boolean): string | undefined {
  if (edges === undefined) return undefined;
  const { head, tail, whole } = edges;
  if (whole === "") return "An error message states facts.";
  if (head !== undefined && /^[a-z]/.test(head)) return "An error message starts with a capital.";
  if (tail?.endsWith(".")) return "An error message has no period at its end.";
  if (/\b\w+n't\b/.test(whole)) return "An error message writes words in full.";
  if (isHouseError && head !== undefined && !/^Cannot /.test(head)) {
    return "The message of this error starts with `Cannot` and the thing that was tried.";
  }
  return undefined;
}
