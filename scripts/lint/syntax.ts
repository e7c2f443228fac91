/** Parts of TypeScript this project does without. */

/** Reports `enum`, `namespace` and the accessibility keyword `private`. */
export const syntax: Deno.lint.Rule = {
  create(context) {
    const refusePrivate = (node: Deno.lint.PropertyDefinition | Deno.lint.MethodDefinition): void => {
      if (node.accessibility !== "private" || isConstructor(node)) return;
      context.report({ node, message: "`private` is only a type.", hint: "Write `#name`." });
    };
    return {
      TSEnumDeclaration(node) {
        context.report({
          node,
          message: "`enum` is not used.",
          hint:
            "Write a const object and a union of its values, with the specification's section on the row.",
        });
      },
      TSModuleDeclaration(node) {
        if (context.sourceCode.getText(node).startsWith("namespace")) {
          context.report({ node, message: "`namespace` is not used." });
        }
      },
      PropertyDefinition: refusePrivate,
      MethodDefinition: refusePrivate,
    };
  },
};

function isConstructor(node: Deno.lint.PropertyDefinition | Deno.lint.MethodDefinition): boolean {
  return node.type === "MethodDefinition" && node.kind === "constructor";
}
