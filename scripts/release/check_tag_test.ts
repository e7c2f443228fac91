import { deepEqual } from "node:assert/strict";
import { findReleaseFaults } from "./check_tag.ts";
import { withoutLinks } from "./unlink.ts";

Deno.test("findReleaseFaults compares tag, version and changelog", () => {
  const changelog = "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-01\n";
  deepEqual(findReleaseFaults({ tag: "v1.2.3", version: "1.2.3", changelog }), []);
  deepEqual(findReleaseFaults({ tag: "v1.2.4", version: "1.2.5", changelog }), [
    "tag v1.2.4 does not match version 1.2.5 of deno.json",
    "CHANGELOG.md has no section [1.2.5]",
  ]);
});

Deno.test("withoutLinks drops links and lock file, and publishes no stand-in", () => {
  deepEqual(withoutLinks({ links: ["./lib/std/log"], lock: true, publish: { exclude: ["tests"] } }), {
    lock: false,
    publish: { exclude: ["tests", "lib/std"] },
  });
});
