/**
 * The house rules of this project as a plugin of `deno lint`: one rule a file in `lint/`.
 *
 * @module
 */
import { errorMessage } from "./lint/error_message.ts";
import { functionSize } from "./lint/function_size.ts";
import { moduleReexports } from "./lint/module_reexports.ts";
import { names } from "./lint/names.ts";
import { noLeftovers } from "./lint/no_leftovers.ts";
import { parameters } from "./lint/parameters.ts";
import { passedInTime } from "./lint/passed_in_time.ts";
import { runtimeApi } from "./lint/runtime_api.ts";
import { syntax } from "./lint/syntax.ts";

const plugin: Deno.lint.Plugin = {
  name: "crtmp",
  rules: {
    "error-message": errorMessage,
    "function-size": functionSize,
    "module-reexports": moduleReexports,
    names,
    "no-leftovers": noLeftovers,
    parameters,
    "passed-in-time": passedInTime,
    "runtime-api": runtimeApi,
    syntax,
  },
};

export default plugin;
