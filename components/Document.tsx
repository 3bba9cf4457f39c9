import { asset } from "fresh/runtime";
import { define } from "@/lib/web/state.ts";

/** What all pages share, then a file for each part of the app. */
const STYLE_SHEETS = ["/app.css", "/labeling.css", "/sheet.css", "/pages.css"];

/** The document around every page. */
export const Document = define.layout(({ Component, state }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{state.title ?? "codepref"}</title>
      <link rel="icon" href={asset("/icon.svg")} type="image/svg+xml" />
      {STYLE_SHEETS.map((file) => <link rel="stylesheet" key={file} href={asset(file)} />)}
    </head>
    <body>
      <Component />
    </body>
  </html>
));
