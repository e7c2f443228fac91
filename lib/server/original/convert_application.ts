import type { LuaValue } from "#lua";
import { convertAcceptor } from "./convert_acceptor.ts";
import { convertMediaStorage } from "./convert_storage.ts";
import {
  APPLICATION_KEYS,
  AUTHENTICATION_KEYS,
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
  readKeys,
  sameValues,
} from "./original_key.ts";

/** What configurations may name here. */
export interface KnownHere {
  /** Kinds of application there are. */
  readonly libraries: readonly string[];
  /** Chains that acceptors of a kind of application may name. */
  readonly chainsOf: (library: string) => readonly string[];
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

/** What to use in place of the original's applications that are not there. */
const INSTEAD: Readonly<Record<string, string>> = {
  applestreamingclient: "name its presentations in externalStreams, see docs/relays.md",
  samplefactory: "an application of your own brings its protocols, see docs/applications.md",
  stresstest: "its keys are options of stresstest here; `crtmp stress` measures",
  vptests: "Variant is not spoken yet",
};

/** The application that has no streams of its own. */
const SELECTOR = "appselector";
/** The one whose targets are options of its own. */
const PROXY = "proxypublish";
/** Keys of one kind of application, and which. */
const OWNERS: Readonly<Record<string, string>> = {
  abortOnConnectError: PROXY,
  vmType: "vmapp",
  script: "vmapp",
};

/** Chains of media that comes without a word about its sender. */
const SENDS_NO_LOGIN = /^inbound(TcpTs|UdpTs|LiveFlv)$/;

/** Publishing is for users, playing for everybody. */
const PUBLISHERS_MUST_LOG_IN = [{ action: "publish", users: ["*"] }, { action: "play" }];

/** Converts one of `applications`. */
export function convertApplication(entry: OriginalEntry, context: ApplicationContext): ConvertedApplication {
  const { written, path } = entry;
  const { findings, known, relocation } = context;
  const values = readKeys(APPLICATION_KEYS, { written, path, findings });
  const { name } = values;
  if (typeof name !== "string") return {};
  const library = libraryOf(name, { library: values["library"], known });
  if (library === undefined) {
    const instead = INSTEAD[name.toLowerCase()];
    const hint = instead === undefined ? `there are ${known.libraries.join(", ")}` : instead;
    findings.warn(path, `is left out, with its acceptors: there is no application ${name} here; ${hint}`);
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
    ...sameValues(APPLICATION_KEYS, values),
    ...library !== name && { library },
    ...authentication.options,
    ...library !== SELECTOR && convertMediaStorage(values, { path, findings, paths }),
    ...externalStreams.length > 0 && { externalStreams },
    ...pushTargets.length > 0 && { [library === PROXY ? "targetServers" : "pushTargets"]: pushTargets },
    ...ownOptions(values, { library, path, findings, paths }),
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

/** The kind of application here. */
function libraryOf(
  name: string,
  { library, known }: { library: LuaValue | undefined; known: KnownHere },
): string | undefined {
  const asked = typeof library === "string"
    ? library.replace(/^.*[/\\]/, "").replace(/^lib/, "").replace(/\.\w+$/, "")
    : name;
  return known.libraries.find((each) => each.toLowerCase() === asked.toLowerCase());
}

/** Options that only one kind of application has. */
function ownOptions(
  values: Readonly<Record<string, LuaValue>>,
  { library, path, findings, paths }: AuthenticationPlace & { readonly library: string },
): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [key, owner] of Object.entries(OWNERS)) {
    const value = values[key];
    if (value === undefined) continue;
    if (owner !== library) findings.warn(`${path}.${key}`, `has no effect: it is for ${owner}`);
    else if (key === "script") options[key] = paths.atApplication(String(value));
    else options[key] = typeof value === "string" ? value.toLowerCase() : value;
  }
  return options;
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
  if (rtsp !== undefined) {
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
