/** Nothing unfinished, and no check switched off, stays in the tree. */

/** Built in two halves, so that this file does not report itself. */
const UNFINISHED = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`);
const SWITCHED_OFF = new RegExp(
  `(${["deno-lint-" + "ignore", "@ts-" + "ignore", "@ts-" + "nocheck"].join("|")})`,
);

/** Reports unfinished marks, suppressed diagnostics, and tests that are left out or run alone. */
export const noLeftovers: Deno.lint.Rule = {
  create(context) {
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          const mark = (UNFINISHED.exec(comment.value) ?? SWITCHED_OFF.exec(comment.value))?.[0];
          if (mark === undefined) continue;
          context.report({ range: comment.range, message: `Comment says ${mark}.`, hint: "Finish it now." });
        }
      },
      CallExpression({ callee }) {
        const text = callee.type === "MemberExpression" ? context.sourceCode.getText(callee) : "";
        if (text !== "Deno.test.only" && text !== "Deno.test.ignore") return;
        context.report({
          node: callee,
          message: "Every test runs: no `Deno.test.only` or `Deno.test.ignore`.",
        });
      },
    };
  },
};
