/**
 * Option tables (layer 1): one row an option, from which come its TypeScript type, its default, its check,
 * and what is written about it in samples and references.
 *
 * ```ts
 * import { type OptionsOf, readOptions, text, wholeNumber } from "#options";
 *
 * const GREETER_OPTIONS = {
 *   greeting: text({ default: "Hello", doc: "What a newcomer is told." }),
 *   repeatMs: wholeNumber({ default: 0, min: 0, max: 60_000, unit: "ms", doc: "Pause between greetings." }),
 * };
 * type GreeterOptions = OptionsOf<typeof GREETER_OPTIONS>; // { greeting: string, repeatMs: number }
 *
 * const { options, faults } = readOptions(GREETER_OPTIONS, { greeting: "Hi", repeatMS: 5 });
 * const greeter: GreeterOptions = options;
 * console.log(greeter, faults[0]?.message); // { greeting: "Hi", repeatMs: 0 } repeatMS is not an option ...
 * ```
 *
 * @module
 */
export { nearestWord } from "./nearest_word.ts";
export {
  choice,
  flag,
  group,
  list,
  optionalPath,
  optionalText,
  path,
  port,
  text,
  textList,
  value,
  wholeNumber,
  wholeNumberOr,
} from "./option_row.ts";
export type {
  GroupRow,
  ListRow,
  NumberOptions,
  OptionRow,
  OptionsOf,
  OptionTable,
  TextOptions,
  ValueOptions,
  ValueRow,
  WrittenTable,
} from "./option_row.ts";
export { readOptions } from "./read_options.ts";
export type { OptionFault, ReadOptionsResult } from "./read_options.ts";
