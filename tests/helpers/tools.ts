/**
 * End-to-end tests and the programs they need: a test whose program is missing is left out and named, or
 * fails where `CI=true`.
 *
 * @module
 */

/** Programs the tests may ask for, and the Debian packages that bring each with the parts that tests use. */
export const TOOL_PACKAGES = {
  Xvfb: ["xvfb"],
  bash: ["bash"],
  chromium: ["chromium"],
  curl: ["curl"],
  cvlc: ["vlc-bin", "vlc-plugin-base"],
  ffmpeg: ["ffmpeg"],
  ffprobe: ["ffmpeg"],
  "gst-launch-1.0": [
    "gstreamer1.0-tools",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-bad",
    "gstreamer1.0-plugins-ugly",
    "gstreamer1.0-rtsp",
  ],
  ip: ["iproute2"],
  mkvmerge: ["mkvtoolnix"],
  nft: ["nftables"],
  nginx: ["nginx", "libnginx-mod-rtmp"],
  obs: ["obs-studio"],
  python3: [
    ...["python3", "python3-gi", "gir1.2-gst-rtsp-server-1.0"],
    ...["gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good", "gstreamer1.0-plugins-bad"],
  ],
  rtmpdump: ["rtmpdump"],
  unshare: ["util-linux"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A program the tests may ask for. */
export type Tool = keyof typeof TOOL_PACKAGES;

/** What an end-to-end test needs. */
export interface EndToEndOptions {
  /** Programs that must be installed. */
  readonly tools?: readonly Tool[];
  /** Other needs by name, and whether each is met. */
  readonly needs?: Readonly<Record<string, boolean>>;
  /** What a kernel or container may forbid, by name, and whether it allows it; else the test is left out, also in CI. */
  readonly allowances?: Readonly<Record<string, boolean>>;
}

/** The environment variable with the path of the file that names of left-out tests are appended to. */
export const LEFT_OUT_VARIABLE = "CRTMP_LEFT_OUT";

/**
 * Registers an end-to-end test.
 *
 * Where something is missing, `CI=true` makes the test fail at once; elsewhere, and where the machine forbids what the
 * test needs, it is left out, and one line, `NAME: needs PROGRAM (PACKAGE)`, is appended to the file that
 * `CRTMP_LEFT_OUT` names.
 */
export function e2e(
  name: string,
  options: EndToEndOptions,
  body: (context: Deno.TestContext) => Promise<void>,
): void {
  const unmet = (needs: Readonly<Record<string, boolean>> = {}) =>
    Object.entries(needs).filter(([, isMet]) => !isMet).map(([need]) => need);
  const missing = [
    ...(options.tools ?? []).filter((tool) => !hasTool(tool)).map((tool) =>
      `${tool} (${TOOL_PACKAGES[tool].join(", ")})`
    ),
    ...unmet(options.needs),
  ];
  const forbidden = unmet(options.allowances);
  if (missing.length + forbidden.length === 0) {
    Deno.test(name, body);
    return;
  }
  const needs = [...missing, ...forbidden].join(", ");
  if (Deno.env.get("CI") === "true" && missing.length > 0) {
    Deno.test(name, () => {
      throw new Error(`Cannot run ${name}: ${needs} is not installed`);
    });
    return;
  }
  const leftOut = Deno.env.get(LEFT_OUT_VARIABLE);
  if (leftOut !== undefined && leftOut !== "") {
    Deno.writeTextFileSync(leftOut, `${name}: needs ${needs}\n`, { append: true });
  }
  Deno.test({ name, ignore: true, fn: body });
}

/** Where the program alone is not enough: commands that succeed only with the parts that tests use. */
const TOOL_PROBES: Readonly<Partial<Record<Tool, readonly (readonly string[])[]>>> = {
  "gst-launch-1.0": [
    ["gst-inspect-1.0", "--exists", "videotestsrc"],
    ["gst-inspect-1.0", "--exists", "flvmux"],
    ["gst-inspect-1.0", "--exists", "rtmp2sink"],
    ["gst-inspect-1.0", "--exists", "x264enc"],
    ["gst-inspect-1.0", "--exists", "x265enc"],
    ["gst-inspect-1.0", "--exists", "rtspclientsink"],
  ],
  python3: [[
    ...["env", "/usr/bin/python3", "-c"],
    "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer",
  ]],
  nginx: [["test", "-e", "/usr/lib/nginx/modules/ngx_rtmp_module.so"]],
};

/** Whether `tool` is on the search path, with all its parts. */
export function hasTool(tool: Tool): boolean {
  return isOnPath(tool) &&
    (TOOL_PROBES[tool] ?? []).every(([program, ...args]) =>
      isOnPath(program!) &&
      new Deno.Command(program!, { args, stdout: "null", stderr: "null" }).outputSync().success
    );
}

function isOnPath(program: string): boolean {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    try {
      if (folder !== "" && Deno.statSync(`${folder}/${program}`).isFile) return true;
    } catch {
      continue;
    }
  }
  return false;
}
