/** Few positional parameters, then options. */
import { isShipped, placeOf } from "./place.ts";

/** Positional parameters of what other files call; options come on top. */
const MAX_PUBLIC_PARAMETERS = 2;

/** Positional parameters of what only its own file calls; options come on top. */
const MAX_PRIVATE_PARAMETERS = 3;

/** The visible exemption, on the line before a function: a call per byte or per message. */
const HOT_PATH_MARK = /^\s*params: hot path\b/;

interface Parameter {
  readonly type: string;
  readonly range: Deno.lint.Range;
  readonly typeAnnotation?: { readonly range: Deno.lint.Range } | undefined;
}

interface Callable {
  readonly name: string;
  readonly isPublic: boolean;
  readonly params: readonly Parameter[];
}

/**
 * Reports functions, methods and constructors with too many positional parameters.
 *
 * A last parameter that carries options does not count: its name or its type ends in `options`, or it is an
 * object pattern or an object type. Functions passed to a call are as the callee wants them, overrides as
 * the overridden method is, methods of a class that implements an interface as the interface is.
 */
export const parameters: Deno.lint.Rule = {
  create(context) {
    if (!isShipped(placeOf(context.filename))) return {};
    const source = context.sourceCode;
    const markEnds = source.getAllComments().filter((comment) => HOT_PATH_MARK.test(comment.value))
      .map((comment) => comment.range[1]);
    const check = (node: Deno.lint.Node, { name, isPublic, params }: Callable): void => {
      const positional = params.filter((param) => param.type !== "RestElement").length;
      const last = params.at(-1);
      const most = isPublic ? MAX_PUBLIC_PARAMETERS : MAX_PRIVATE_PARAMETERS;
      const options = last !== undefined && carriesOptions(source.text, last) ? 1 : 0;
      if (positional - options <= most || isMarked(source.text, markEnds, node)) return;
      context.report({
        node,
        message: `\`${name}\` has ${positional} positional parameters; at most ${most}, then options.`,
        hint: "Pass an object, or write `// params: hot path` above if calls are counted in millions.",
      });
    };
    return {
      FunctionDeclaration(node) {
        check(node, { name: node.id?.name ?? "default", isPublic: isExported(node), params: node.params });
      },
      MethodDefinition(node) {
        if (node.override || isOfImplementation(node)) return;
        const isPublic = node.key.type !== "PrivateIdentifier" && node.accessibility !== "protected";
        check(node, { name: source.getText(node.key), isPublic, params: node.value.params });
      },
      VariableDeclarator(node) {
        if (node.init?.type !== "ArrowFunctionExpression" && node.init?.type !== "FunctionExpression") return;
        const name = source.getText(node.id).split(":")[0] ?? "";
        check(node, { name, isPublic: isExported(node.parent), params: node.init.params });
      },
      TSMethodSignature(node) {
        check(node, { name: source.getText(node.key), isPublic: true, params: node.params });
      },
    };
  },
};

function isExported(node: Deno.lint.Node): boolean {
  const parent = (node as { parent?: Deno.lint.Node }).parent;
  return parent?.type === "ExportNamedDeclaration" || parent?.type === "ExportDefaultDeclaration";
}

function isOfImplementation(node: Deno.lint.MethodDefinition): boolean {
  const owner = node.parent.parent;
  return node.kind === "method" && owner.type === "ClassDeclaration" && owner.implements.length > 0;
}

function carriesOptions(source: string, parameter: Parameter): boolean {
  if (parameter.type === "ObjectPattern") return true;
  const text = source.slice(parameter.range[0], (parameter.typeAnnotation ?? parameter).range[1]);
  return /^\w*options\b/i.test(text) ||
    /^[^=]*:\s*(Partial<|Readonly<|Required<)?(\w*Options\b|\{)/.test(text);
}

function isMarked(text: string, markEnds: readonly number[], node: Deno.lint.Node): boolean {
  return markEnds.some((end) =>
    end <= node.range[0] && /^\s*((export|const|static|async)\s+)*$/.test(text.slice(end, node.range[0]))
  );
}
