/** An option that holds one value. */
export interface ValueRow<T> {
  readonly kind: "value";
  /** Sentences for the sample and the reference. */
  readonly doc: string;
  /** What holds when nobody says otherwise; `undefined` for "not set". */
  readonly default: T;
  /** What is allowed, to follow "must be": `a whole number of ms, 0-1000`. */
  readonly allowed: string;
  /** A value to show for an option that is not set by default. */
  readonly example?: string;
  /** Whether the value is a path, relative to the folder of the file it stands in. */
  readonly isPath?: boolean;
  /** Returns what `written` means, or `undefined` if it is not allowed. */
  accept(written: unknown): T | undefined;
  /** How a value is written, where that is not the value itself. */
  write?(value: T): string | number;
}

/** An option that is a table of options. */
export interface GroupRow<T extends OptionTable> {
  readonly kind: "group";
  readonly doc: string;
  readonly rows: T;
}

/** An option that is an array of tables of options. */
export interface ListRow<T extends OptionTable> {
  readonly kind: "list";
  readonly doc: string;
  readonly rows: T;
  /** The entries that hold when nobody says otherwise, as they would be written. */
  readonly default: readonly WrittenTable[];
  /** Further rows for an entry, depending on what it says. */
  readonly moreRows?: (entry: WrittenTable) => OptionTable;
}

/** A table as it was written, before any check. */
export type WrittenTable = Readonly<Record<string, unknown>>;

/** One option. */
export type OptionRow = ValueRow<unknown> | GroupRow<OptionTable> | ListRow<OptionTable>;

/** Options by key. */
export interface OptionTable {
  readonly [key: string]: OptionRow;
}

/** The type of the values that a table of options describes. */
export type OptionsOf<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends ValueRow<infer V> ? V
    : T[K] extends GroupRow<infer G> ? OptionsOf<G>
    : T[K] extends ListRow<infer E> ? readonly OptionsOf<E>[]
    : never;
};

/** What every builder of a value row takes. */
export interface ValueOptions<T> {
  /** Value where nothing is written. */
  readonly default: T;
  /** What it is for, in one or two sentences. */
  readonly doc: string;
}

/** An option with a form of its own. */
export function value<T>(row: Omit<ValueRow<T>, "kind">): ValueRow<T> {
  return { kind: "value", ...row };
}

/** An option that is true or false. */
export function flag(options: ValueOptions<boolean>): ValueRow<boolean> {
  return value({
    ...options,
    allowed: "true or false",
    accept: (written) => typeof written === "boolean" ? written : undefined,
  });
}

/** Bounds and unit of a whole number, both bounds included. */
export interface NumberOptions {
  /** Smallest value accepted. */
  readonly min: number;
  /** Largest value accepted. */
  readonly max: number;
  /** As it follows a number: `ms`, `bytes`. */
  readonly unit?: string;
}

/** An option that is a whole number. */
export function wholeNumber(options: ValueOptions<number> & NumberOptions): ValueRow<number> {
  return value({
    default: options.default,
    doc: options.doc,
    allowed: numberAllowed(options),
    accept: (written) => isWithin(written, options) ? written : undefined,
  });
}

/** An option that is a whole number, or a word in its place. */
export function wholeNumberOr<W extends string>(
  word: W,
  options: ValueOptions<number | W> & NumberOptions,
): ValueRow<number | W> {
  return value<number | W>({
    default: options.default,
    doc: options.doc,
    allowed: `${numberAllowed(options)}, or "${word}"`,
    accept: (written) => written === word ? word : isWithin(written, options) ? written : undefined,
  });
}

/** An option that is a port; 0 lets the system choose. */
export function port(options: ValueOptions<number>): ValueRow<number> {
  return { ...wholeNumber({ ...options, min: 0, max: 65_535 }), allowed: "0-65535" };
}

/** What a text may be. */
export interface TextOptions {
  /** What it must match. @default any text */
  readonly pattern?: RegExp;
  /** What the pattern allows, to follow "must be". @default "a text" */
  readonly allowed?: string;
}

/** An option that is a text. */
export function text(options: ValueOptions<string> & TextOptions): ValueRow<string> {
  return value({ allowed: "a text", ...options, accept: (written) => acceptText(written, options.pattern) });
}

/** An option that is a text, or is not set. */
export function optionalText(
  options: { doc: string; example: string } & TextOptions,
): ValueRow<string | undefined> {
  return value<string | undefined>({
    allowed: "a text",
    ...options,
    default: undefined,
    accept: (written) => acceptText(written, options.pattern),
  });
}

/** An option that is the path of a file or folder. */
export function path(options: ValueOptions<string>): ValueRow<string> {
  return { ...text({ ...options, pattern: /^[^\0]+$/, allowed: "a path" }), isPath: true };
}

/** An option that is the path of a file or folder, or is not set. */
export function optionalPath(options: { doc: string; example: string }): ValueRow<string | undefined> {
  return { ...optionalText({ ...options, pattern: /^[^\0]+$/, allowed: "a path" }), isPath: true };
}

/** An option that is one of some words. */
export function choice<const W extends string>(
  words: readonly W[],
  options: ValueOptions<NoInfer<W>>,
): ValueRow<W> {
  return value<W>({
    ...options,
    allowed: words.map((word) => `"${word}"`).join(", ").replace(/, ([^,]*)$/, " or $1"),
    accept: (written) => words.find((word) => word === written),
  });
}

/** An option that is an array of texts. */
export function textList(
  options: ValueOptions<readonly string[]> & TextOptions,
): ValueRow<readonly string[]> {
  return value<readonly string[]>({
    allowed: "an array of texts",
    ...options,
    accept: (written) => {
      if (!Array.isArray(written)) return undefined;
      const texts = written.map((each) => acceptText(each, options.pattern));
      return texts.includes(undefined) ? undefined : texts.filter((each) => each !== undefined);
    },
  });
}

/** An option that is a table of options. */
export function group<T extends OptionTable>(rows: T, options: { doc: string }): GroupRow<T> {
  return { kind: "group", rows, ...options };
}

/** An option that is an array of tables of options. */
export function list<T extends OptionTable>(
  rows: T,
  options: Omit<ListRow<T>, "kind" | "rows">,
): ListRow<T> {
  return { kind: "list", rows, ...options };
}

function acceptText(written: unknown, pattern: RegExp | undefined): string | undefined {
  return typeof written === "string" && (pattern?.test(written) ?? true) ? written : undefined;
}

function isWithin(written: unknown, { min, max }: NumberOptions): written is number {
  return Number.isSafeInteger(written) && Number(written) >= min && Number(written) <= max;
}

function numberAllowed({ min, max, unit }: NumberOptions): string {
  return `a whole number${unit === undefined ? "" : ` of ${unit}`}, ${min}-${max}`;
}
