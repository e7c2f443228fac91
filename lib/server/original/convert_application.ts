import type { LuaValue } from "#lua";
import { convertAcceptor } from "./convert_acceptor.ts";
import { convertMediaStorage } from "./convert_storage.ts";
import {
  APPLICATION_KEYS,
  AUTHENTICATION_KEYS,
  OWN_KEYS,
  PULL_KEYS,
  PUSH_KEYS,
  RTMP_AUTHENTICATION_KEYS,
  RTSP_AUTHENTICATION_KEYS,
} from "./key_tables.ts";
import { Paths, type Relocation } from "./paths.ts";
import {
  entriesOf,
  type Findings,
  isList,
  type OriginalEntry,
  type OriginalKey,
  type OriginalKeys,
  readKeys,
  sameValues,
  valueOf,
} from "./original_key.ts";

/** What configurations may name here. */
export interface KnownHere {
  /** Kinds of application there are. */
  readonly libraries: readonly string[];
  /** Chains that acceptors of a kind of application may name. */
  readonly chainsOf: (library: string) => readonly string[];
  /** Names of the options that a kind of application has of its own. @default none */
  readonly ownOptionsOf?: (library: string) => readonly string[];
}

/** What the conversion of one application is told. */
export interface ApplicationContext {
  readonly findings: Findings;
  readonly known: KnownHere;
  readonly relocation: Relocation;
}

/** What an application becomes. */
interface ConvertedApplication {
  /** Absent if there is no such kind of application here. */
  readonly application?: Record<string, unknown>;
  readonly usersFile?: { readonly path: string; readonly file: string };
}

/** The application that has no streams of its own. */
const SELECTOR = "appselector";
/** The one whose targets are options of its own. */
const PROXY = "proxypublish";
/** The one that is written in Lua. */
const LUA = "vmapp";
/** Chains of media that comes without a word about its sender. */
const SENDS_NO_LOGIN = /^inbound(TcpTs|UdpTs|LiveFlv)$/;

/** Publishing is for users, playing for everybody. */
const PUBLISHERS_MUST_LOG_IN = [{ action: "publish", users: ["*"] }, { action: "play" }];

/** Converts one of `applications`. */
export function convertApplication(entry: OriginalEntry, context: ApplicationContext): ConvertedApplication {
  const { written, path } = entry;
  const { findings, known, relocation } = context;
  const library = libraryOf(written, known);
  const rows = rowsOf(library, known);
  const values = readKeys(rows, { written, path, findings });
  const { name } = values;
  if (typeof name !== "string") return {};
  if (library === undefined) {
    findings.warn(
      path,
      `is left out, with its acceptors: there is no application ${name} here; ` +
        `there are ${known.libraries.join(", ")}`,
    );
    return {};
  }
  const { appDir } = values;
  const paths = new Paths(
    relocation,
    typeof appDir === "string" ? appDir : `${relocation.rootDirectory}/${name}`,
  );
  const authentication = authenticationOf(values["authentication"], { path, findings, paths });
  const pushTargets = relaysOf(values["targetServers"], {
    path: `${path}.targetServers`,
    findings,
    keys: "push",
  });
  const externalStreams = relaysOf(values["externalStreams"], {
    path: `${path}.externalStreams`,
    findings,
    keys: "pull",
  });
  const application = {
    name,
    ...sameValues(rows, values),
    ...library !== name && { library },
    ...authentication.options,
    ...library !== SELECTOR && convertMediaStorage(values, { path, findings, paths }),
    ...externalStreams.length > 0 && { externalStreams },
    ...pushTargets.length > 0 && { [library === PROXY ? "targetServers" : "pushTargets"]: pushTargets },
    ...library === LUA && scriptOf(values, paths),
    acceptors: entriesOf(values["acceptors"], { path: `${path}.acceptors` }).flatMap((acceptor) => {
      const converted = convertAcceptor(acceptor, { findings, paths, chains: known.chainsOf(library) });
      const protocol = String(converted?.["protocol"]);
      if (authentication.options["access"] !== undefined && SENDS_NO_LOGIN.test(protocol)) {
        findings.warn(
          acceptor.path,
          `takes nobody: ${protocol} has no login, which authentication demands; it wants an application of its own`,
        );
      }
      return converted ?? [];
    }),
  };
  return {
    application,
    ...authentication.usersFile !== undefined && { usersFile: authentication.usersFile },
  };
}

/** The kind of application here that one of the original's is, by its library or its name. */
function libraryOf(written: LuaValue, { libraries }: KnownHere): string | undefined {
  const [name, library] = ["name", "library"].map((key) => valueOf(written, key));
  const asked = typeof library === "string"
    ? library.replace(/^.*[/\\]/, "").replace(/^lib/, "").replace(/\.\w+$/, "")
    : String(name);
  return libraries.find((each) => each.toLowerCase() === asked.toLowerCase());
}

/** What an application of this kind may hold: keys of all, its own ones, and those of other kinds, which are told. */
function rowsOf(library: string | undefined, known: KnownHere): OriginalKeys {
  const rows: Record<string, OriginalKey> = {};
  for (const [owner, keys] of Object.entries(OWN_KEYS)) {
    const says = `has no effect: it is for ${owner}`;
    for (const key of Object.keys(keys)) rows[key] = { type: "any", says };
  }
  if (library === undefined) return { ...rows, ...APPLICATION_KEYS };
  for (const key of known.ownOptionsOf?.(library) ?? []) {
    rows[key] = { type: "any", becomes: key, isSame: true };
  }
  return { ...rows, ...APPLICATION_KEYS, ...OWN_KEYS[library] };
}

function scriptOf({ vmType, script }: Readonly<Record<string, LuaValue>>, paths: Paths) {
  return {
    ...typeof vmType === "string" && { vmType: vmType.toLowerCase() },
    ...typeof script === "string" && { script: paths.atApplication(script) },
  };
}

interface AuthenticationPlace {
  readonly path: string;
  readonly findings: Findings;
  readonly paths: Paths;
}

function authenticationOf(
  written: LuaValue | undefined,
  { path: above, findings, paths }: AuthenticationPlace,
): { options: Record<string, unknown>; usersFile?: { path: string; file: string } } {
  if (written === undefined) return { options: {} };
  const path = `${above}.authentication`;
  const { rtmp, rtsp } = readKeys(AUTHENTICATION_KEYS, { written, path, findings });
  const fileOf = (place: string, { usersFile }: Record<string, LuaValue>) =>
    typeof usersFile === "string"
      ? { usersFile: { path: `${place}.usersFile`, file: paths.atApplication(usersFile) } }
      : {};
  if (rtmp === undefined) {
    if (rtsp === undefined) return { options: {} };
    const values = readKeys(RTSP_AUTHENTICATION_KEYS, { written: rtsp, path: `${path}.rtsp`, findings });
    findings.warn(`${path}.rtsp`, "asks publishers over RTMP too: rules are for all protocols");
    return { options: { access: PUBLISHERS_MUST_LOG_IN }, ...fileOf(`${path}.rtsp`, values) };
  }
  const sameFile = valueOf(rtsp ?? {}, "usersFile") === valueOf(rtmp, "usersFile");
  if (rtsp !== undefined && !sameFile) {
    findings.warn(`${path}.rtsp`, "has no effect beside rtmp: one users file serves all protocols");
  }
  const values = readKeys(RTMP_AUTHENTICATION_KEYS, { written: rtmp, path: `${path}.rtmp`, findings });
  const { type, encoderAgents } = values;
  if (typeof type === "string" && type.toLowerCase() !== "adobe") {
    findings.refuse(`${path}.rtmp.type`, `must be "adobe", current value is ${JSON.stringify(type)}`);
  }
  const options: Record<string, unknown> = { access: PUBLISHERS_MUST_LOG_IN };
  if (encoderAgents !== undefined && isList(encoderAgents) && encoderAgents.length > 0) {
    // whoever publishes must be known: programs that the file does not name are asked too
    options["authentication"] = { encoderAgents: [...new Set([...encoderAgents, "FMLE/", "Wirecast/"])] };
  }
  return { options, ...fileOf(`${path}.rtmp`, values) };
}

function relaysOf(
  written: LuaValue | undefined,
  { path, findings, keys }: { path: string; findings: Findings; keys: "pull" | "push" },
): Record<string, unknown>[] {
  const rows = keys === "pull" ? PULL_KEYS : PUSH_KEYS;
  return entriesOf(written, { path }).flatMap((entry) => {
    const values = readKeys(rows, { written: entry.written, path: entry.path, findings });
    const key = keys === "pull" ? "uri" : "targetUri";
    const address = values[key];
    if (typeof address !== "string") return [];
    if (!isRelayed(address)) {
      const scheme = /^[a-z]+(?=:)/i.exec(address)?.[0] ?? "an address without scheme";
      findings.warn(`${entry.path}.${key}`, `is left out: ${scheme} is not relayed`);
      return [];
    }
    const relay = sameValues(rows, values);
    // the original takes the whole address for the application, and the stream's own name
    return [keys === "pull" ? relay : { targetStreamName: "{stream}", ...relay }];
  });
}

/** Whether streams are pulled from and pushed to addresses of this scheme; one that is wrong otherwise is told later. */
function isRelayed(address: string): boolean {
  return /^rt(mp(e|s|t|te|ts)?|sps?):/i.test(address);
}
