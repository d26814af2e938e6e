/** The status page: one file, which nothing is added to that came from elsewhere. */
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
  const html = Deno.readTextFileSync(new URL("./page.html", import.meta.url));
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf("script", html)}`,
    `style-src ${hashOf("style", html)}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return { html, policy };
}

/** The hash of what the one element of a name has in it (CSP Level 3, 2.3.1). */
function hashOf(element: string, html: string): string {
  const text = new RegExp(`<${element}>(.*?)</${element}>`, "s").exec(html)?.[1] ?? "";
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
