/** Time and randomness are passed in where protocols and streams live. */
import { isShipped, placeOf } from "./place.ts";

const PLACES =
  /^lib\/(bytes|uri|variant|amf|auth|media|stack|codecs|protocols|mediaformats|streaming|application|bridges)\//;
const CALLS = new Set([
  "Date.now",
  "Math.random",
  "crypto.getRandomValues",
  "crypto.randomUUID",
  "performance.now",
]);
const TIMERS = new Set(["setInterval", "setTimeout"]);

/** Reports clocks, timers and random sources taken from the air. */
export const passedInTime: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (!isShipped(place) || !PLACES.test(place)) return {};
    const report = (node: Deno.lint.Node, name: string): void =>
      context.report({
        node,
        message: `\`${name}\` hides a clock or a random source.`,
        hint: "Take a `Clock` or `RandomBytes` of `#clock` as an option, so that tests do not wait.",
      });
    return {
      MemberExpression(node) {
        if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return;
        const name = `${node.object.name}.${node.property.name}`;
        if (CALLS.has(name)) report(node, name);
      },
      CallExpression(node) {
        if (node.callee.type === "Identifier" && TIMERS.has(node.callee.name)) report(node, node.callee.name);
      },
      NewExpression(node) {
        if (node.callee.type !== "Identifier" || node.callee.name !== "Date") return;
        if (node.arguments.length === 0) report(node, "new Date");
      },
    };
  },
};
