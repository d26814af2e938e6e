/** The status page: one answer, which nothing is added to that came from elsewhere. */
import { createHash } from "node:crypto";
import type { Answer } from "../admin/control/answer.ts";

let page: { readonly html: string; readonly policy: string } | undefined;

/** The page, with a policy that lets nothing run or load but what is in it, and the feed. */
export function pageAnswer(): Answer {
  page ??= readPage();
  return {
    status: 200,
    type: "text/html; charset=utf-8",
    body: page.html,
    fields: {
      "Content-Security-Policy": page.policy,
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
    },
  };
}

function readPage() {
  const [style, script] = [partOf("page.css"), partOf("page.js")];
  const html = partOf("page.html")
    .replace("<style></style>", () => `<style>${style}</style>`)
    .replace("<script></script>", () => `<script>${script}</script>`);
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return { html, policy };
}

function partOf(name: string): string {
  return Deno.readTextFileSync(new URL(`./page/${name}`, import.meta.url));
}

/** The hash of what an element has in it (CSP Level 3, 2.3.1). */
function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
