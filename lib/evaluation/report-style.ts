/** The look of a report: one column, light or dark as the reader's system. */
export const REPORT_CSS = `
:root { color-scheme: light dark; --line: #8885; --soft: #8881; --notice: #d55e00; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: light-dark(#fff, #15181c); color: light-dark(#1b1f24, #e4e7eb); }
main { max-width: 70rem; margin: 0 auto; padding: 1.5rem; }
h1, h2, h3 { line-height: 1.2; }
section { border-top: 1px solid var(--line); margin-top: 2rem; }
.notice { border-left: 4px solid var(--notice); background: var(--soft); padding: .75rem 1rem; }
.figures, .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 1rem; }
.columns > * { min-width: 0; }
figure { margin: 0; }
figcaption, caption { font-weight: 600; text-align: left; margin: .5rem 0; }
.figure { width: 100%; height: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem 1rem .25rem 0; text-align: left; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: var(--soft); padding: .75rem 1rem; overflow: auto; max-height: 30rem; font-size: 14px; }
summary { cursor: pointer; }
`.trim();
