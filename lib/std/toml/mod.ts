/**
 * Stand-in for `jsr:@std/toml` 1.0.9, linked where JSR cannot be reached: `parse` alone, on smol-toml.
 *
 * Source of the signature: https://jsr.io/@std/toml/1.0.9/parse.ts
 *
 * ```ts
 * import { parse } from "@std/toml";
 *
 * console.log(parse("port = 1935").port); // 1935
 * ```
 *
 * @module
 */
import { parse as parseToml, TomlError } from "smol-toml";

/**
 * Parses a TOML document into an object.
 *
 * @throws {SyntaxError} `Parse error on line 3, column 7: ...`, the form of the real package.
 */
export function parse(tomlString: string): Record<string, unknown> {
  try {
    return parseToml(tomlString);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // smol-toml's message goes on with an excerpt of the document, which may hold a secret.
    const reason = error.message.replace(/^Invalid TOML document: /, "").replace(/\n.*/s, "");
    throw new SyntaxError(`Parse error on line ${error.line}, column ${error.column}: ${reason}`);
  }
}
