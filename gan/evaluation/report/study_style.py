"""The style sheet of a study's plan, forest plot and tables, for reports and pages, in light and dark."""

STYLE = """
.forest { container-type: inline-size; font-size: 0.85rem; line-height: 1.35; font-variant-numeric: tabular-nums;
  print-color-adjust: exact; margin: 0.5rem 0; }
.forest .heading { font-weight: 600; padding: 0.9rem 0 0.2rem; }
.forest .row { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr) 10.5rem; column-gap: 0.9rem;
  align-items: center; }
.forest .row.bold { font-weight: 700; }
.forest .name { padding: 0.2rem 0; overflow-wrap: anywhere; }
.forest .number { text-align: right; white-space: nowrap; }
.forest .track { position: relative; align-self: stretch; min-height: 1.5rem; }
.forest .track i { position: absolute; }
.forest .zero, .forest .stated { top: 0; bottom: 0; border-left: 1px solid currentColor; opacity: 0.65; }
.forest .stated { border-left-style: dashed; }
.forest .whisker { top: calc(50% - 1px); border-top: 2px solid var(--tone); }
.forest .point { top: calc(50% - 4px); width: 8px; height: 8px; margin-left: -4px; background: var(--tone);
  border-radius: 50%; }
.forest .bold .whisker { top: calc(50% - 2px); border-top-width: 4px; }
.forest .bold .point { top: calc(50% - 7px); width: 14px; height: 14px; margin-left: -7px; border-radius: 2px; }
.forest .cut { top: calc(50% - 4px); border: 4px solid transparent; }
.forest .cut.low { left: 0; border-right-color: var(--tone); border-left-width: 0; }
.forest .cut.high { right: 0; border-left-color: var(--tone); border-right-width: 0; }
.forest .confirmed, .forest .part { --tone: #2B8CC9; }
.forest .part .point { background: none; border: 2px solid var(--tone); top: calc(50% - 5px); width: 10px; height: 10px;
  margin-left: -5px; box-sizing: border-box; }
.forest .exploratory { --tone: #D9691A; }
.forest .axis .track { min-height: 1.5rem; border-top: 1px solid currentColor; }
.forest .axis span { position: absolute; top: 0.2rem; transform: translateX(-50%); white-space: nowrap; opacity: 0.8; }
.forest .key { font-size: 0.8rem; opacity: 0.8; padding-top: 0.25rem; }
@container (max-width: 36rem) {
  .forest .row { grid-template-columns: minmax(0, 1fr) auto; row-gap: 0.1rem; align-items: end; padding-top: 0.35rem; }
  .forest .row .track { grid-column: 1 / -1; grid-row: 2; }
  .forest .number { grid-column: 2; grid-row: 1; padding-bottom: 0.2rem; }
  .forest .row.axis { padding-top: 0; }
}
.plan { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.15rem 1rem; margin: 0.5rem 0;
  padding: 0.7rem 0.9rem !important; border-radius: 8px;
  border: 1px solid color-mix(in srgb, currentColor 20%, transparent);
  font-size: 0.85rem; line-height: 1.4; }
.plan dt { margin: 0; font-weight: 400; opacity: 0.75; }
.plan dd { margin: 0; overflow-wrap: anywhere; }
.arms td:first-child { min-width: 9rem; }
.arms td + td { white-space: nowrap; }
.arms td.gain { font-weight: 600; }
@media (max-width: 36rem) {
  .plan { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .plan dd { padding-bottom: 0.35rem; }
}
"""
