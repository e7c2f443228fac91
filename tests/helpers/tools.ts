/**
 * End-to-end tests and the programs they need: a test whose program is missing is left out and named, or
 * fails where `CI=true`.
 *
 * @module
 */

/** Programs the tests may ask for, and the Debian package that brings each. */
export const TOOL_PACKAGES = {
  bash: "bash",
  chromium: "chromium",
  curl: "curl",
  ffmpeg: "ffmpeg",
  ffprobe: "ffmpeg",
  rtmpdump: "rtmpdump",
} as const;

/** A program the tests may ask for. */
export type Tool = keyof typeof TOOL_PACKAGES;

/** What an end-to-end test needs. */
export interface EndToEndOptions {
  /** Programs that must be installed. */
  readonly tools?: readonly Tool[];
  /** Other needs by name, and whether each is met. */
  readonly needs?: Readonly<Record<string, boolean>>;
}

/** The environment variable with the path of the file that names of left-out tests are appended to. */
export const LEFT_OUT_VARIABLE = "CRTMP_LEFT_OUT";

/**
 * Registers an end-to-end test.
 *
 * Where something is missing, `CI=true` makes the test fail at once; elsewhere it is left out, and one line,
 * `NAME: needs PROGRAM (PACKAGE)`, is appended to the file that `CRTMP_LEFT_OUT` names.
 */
export function e2e(
  name: string,
  options: EndToEndOptions,
  body: (context: Deno.TestContext) => Promise<void>,
): void {
  const missing = [
    ...(options.tools ?? []).filter((tool) => !hasTool(tool)).map((tool) =>
      `${tool} (${TOOL_PACKAGES[tool]})`
    ),
    ...Object.entries(options.needs ?? {}).filter(([, isMet]) => !isMet).map(([need]) => need),
  ];
  if (missing.length === 0) {
    Deno.test(name, body);
    return;
  }
  const needs = missing.join(", ");
  if (Deno.env.get("CI") === "true") {
    Deno.test(name, () => {
      throw new Error(`Cannot run ${name}: ${needs} is not installed`);
    });
    return;
  }
  const leftOut = Deno.env.get(LEFT_OUT_VARIABLE);
  if (leftOut !== undefined && leftOut !== "") {
    Deno.writeTextFileSync(leftOut, `${name}: needs ${needs}\n`, { append: true });
  }
  Deno.test({ name, ignore: missing.length > 0, fn: body });
}

/** Whether `tool` is on the search path. */
export function hasTool(tool: Tool): boolean {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    try {
      if (folder !== "" && Deno.statSync(`${folder}/${tool}`).isFile) return true;
    } catch {
      continue;
    }
  }
  return false;
}
