/**
 * The applications that are shipped with the server.
 *
 * @module
 */
import type { ApplicationDefinition } from "#crtmp";
import { admin } from "./admin/mod.ts";
import { applestreamingclient } from "./applestreamingclient/mod.ts";
import { appselector } from "./appselector/mod.ts";
import { flvplayback } from "./flvplayback/mod.ts";
import { proxypublish } from "./proxypublish/mod.ts";
import { samplefactory } from "./samplefactory/mod.ts";
import { stresstest } from "./stresstest/mod.ts";
import { vmapp } from "./vmapp/mod.ts";
import { vptests } from "./vptests/mod.ts";

export { vmapp };

/** All shipped applications, as configurations name them. */
export const APPLICATIONS: readonly ApplicationDefinition[] = [
  flvplayback,
  appselector,
  proxypublish,
  samplefactory,
  vptests,
  vmapp,
  admin,
  stresstest,
  applestreamingclient,
];
