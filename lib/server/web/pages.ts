import { Hono } from "hono";
import { html } from "hono/html";
import type { RunningApplication } from "#application";
import type { HttpFetchContext, HttpFetchHandler } from "#protocols/http";
import { isLoopback } from "#uri";
import type { RelayStatus } from "#bridges/relay";
import type { StreamStatus } from "./status.ts";

/** What the pages show, and to whom. */
export interface PagesOptions {
  readonly version: string;
  /** `loopback`: the status page answers peers on this machine only. */
  readonly status: "loopback" | "public";
  readonly streams: () => readonly StreamStatus[];
  /** Streams from and to other servers. */
  readonly relays: () => readonly (RelayStatus & { readonly application: string })[];
  readonly applications: () => readonly Pick<RunningApplication, "name" | "aliases" | "description">[];
}

/** The pages of the web plane: `/healthz`, and a plain status page at `/`. */
export function webPages(options: PagesOptions): HttpFetchHandler {
  const app = new Hono<{ Bindings: HttpFetchContext }>();
  app.get("/healthz", (context) => context.text("ok\n"));
  app.get("/", (context) => {
    const isHere = isLoopback(context.env.remote.address) && isLocalName(new URL(context.req.url).hostname);
    if (options.status === "loopback" && !isHere) {
      return context.text('The status page answers on loopback only; web.status = "public" opens it.\n', 403);
    }
    context.header("cache-control", "no-store");
    context.header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    context.header("x-content-type-options", "nosniff");
    return context.html(statusPage(options));
  });
  app.notFound((context) => context.text(`There is nothing at ${new URL(context.req.url).pathname}.\n`, 404));
  return (request, context) => app.fetch(request, context);
}

/**
 * Whether a request names this machine by address or as localhost. A page of another site may lead a browser
 * here under a name of its own; then its scripts could read the answer.
 */
function isLocalName(hostname: string): boolean {
  return hostname === "localhost" || hostname.startsWith("[") || /^[\d.]+$/.test(hostname);
}

/** Of relays, for people. */
const RELAY_STATE = {
  idle: "not wanted now",
  connecting: "connects",
  standing: "connected",
  waiting: "failed, waits to connect again",
} as const;

function statusPage(options: PagesOptions) {
  const streams = options.streams();
  const rows = streams.map((stream) =>
    html`
      <tr>
        <td>${stream.application}/${stream.name}</td>
        <td>${stream.isLive ? "live" : "waiting"}</td>
        <td>${stream.publisher}</td>
        <td class="n">${stream.liveS} s</td>
        <td class="n">${(stream.bitrateBps / 1000).toFixed(0)} kbit/s</td>
        <td class="n">${stream.viewers}</td>
        <td>${stream.codecs.join(", ")}</td>
      </tr>
    `
  );
  const applications = options.applications().map(({ name, aliases, description }) =>
    html`
      <tr>
        <td>${name}</td>
        <td>${aliases.join(", ")}</td>
        <td>${description}</td>
      </tr>
    `
  );
  const relays = options.relays().map(({ kind, application, streamName, peer, state }) =>
    html`
      <tr>
        <td>${application}/${streamName}</td>
        <td>${kind === "pull" ? "from" : "to"} ${peer}</td>
        <td>${RELAY_STATE[state]}</td>
      </tr>
    `
  );
  const relayTable = relays.length === 0 ? "" : html`
    <h2>Other servers</h2>
    <table>
      <tr>
        <th>Stream</th>
        <th>Where</th>
        <th>State</th>
      </tr>
      ${relays}
    </table>
  `;
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="refresh" content="5">
        <title>crtmp</title>
        <style>
    body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 64em; padding: 0 1em; color: #222; }
    table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3em .6em; }
    tr + tr td { border-top: 1px solid #ddd; } .n { text-align: right; font-variant-numeric: tabular-nums; }
    @media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } tr + tr td { border-color: #444; } }
    </style>
      </head>
      <body>
        <h1>crtmp ${options.version}</h1>
        <p>${streams.length} ${streams.length === 1 ? "stream" : "streams"}</p>
        <table><tr><th>Stream</th><th>State</th><th>Publisher</th><th>Up</th><th>Bitrate</th><th>Viewers</th><th>Codecs</th></tr>
    ${rows}</table>
        ${relayTable}
        <h2>Applications</h2>
        <table><tr><th>Name</th><th>Aliases</th><th>Description</th></tr>
    ${applications}</table>
      </body>
    </html>
  `;
}
