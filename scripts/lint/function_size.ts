/** A function fits on about one screen. */
import { isShipped, placeOf } from "./place.ts";

/** Lines from the first to the last of a function; the target is 60. */
const MAX_FUNCTION_LINES = 100;

/** Reports functions longer than `MAX_FUNCTION_LINES`. */
export const functionSize: Deno.lint.Rule = {
  create(context) {
    if (!isShipped(placeOf(context.filename))) return {};
    const check = (node: Deno.lint.Node): void => {
      const lines = context.sourceCode.getText(node).split("\n").length;
      if (lines <= MAX_FUNCTION_LINES) return;
      context.report({ node, message: `Function has ${lines} lines; at most ${MAX_FUNCTION_LINES}.` });
    };
    return { FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check };
  },
};
