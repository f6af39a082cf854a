// Draws one chart with Plotly.react, which, with the same `uirevision`, keeps a reader's zoom while points are added.
// The figure comes as plain data from live_chart.py, with the colours of both themes: only the browser knows which is in use.

// Loaded once for all charts of the page, and from this server.
const library = () =>
  window.Plotly
    ? Promise.resolve(window.Plotly)
    : (window.__plotly ??= new Promise((resolve, reject) => {
        const script = document.createElement("script")
        script.src = new URL("api/plotly.min.js", document.baseURI).href
        script.onload = () => resolve(window.Plotly)
        script.onerror = () => reject(new Error("The chart library could not be loaded."))
        document.head.appendChild(script)
      }))

const theme = (element, tones) => {
  const style = getComputedStyle(element)
  const value = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise
  const background = value("--st-background-color", "#ffffff")
  const [red, green, blue] = [1, 3, 5].map(at => parseInt(background.slice(at, at + 2), 16))
  const dark = 0.3 * red + 0.6 * green + 0.1 * blue < 128
  return {
    background,
    tones: dark ? tones.dark : tones.light,
    text: value("--st-text-color", dark ? "#e6edee" : "#1c2b2f"),
    font: value("--st-font", "sans-serif"),
    grid: dark ? "#2a373b" : "#e4eaea",
    quiet: dark ? "#93a4a8" : "#5d6f74",
  }
}

// Curves come as base64 of float32, little-endian (`pack_floats` in live_chart.py); other values as they are.
const unpacked = values =>
  typeof values === "string" ? new Float32Array(Uint8Array.from(atob(values), one => one.charCodeAt(0)).buffer) : values

const trace = (one, look) => {
  const color = look.tones[one.tone]
  if (one.type === "bar") return { ...one, marker: { color } }
  const x = unpacked(one.x)
  return {
    ...one,
    x,
    y: unpacked(one.y),
    type: "scatter",
    mode: one.mode ?? (x.length === 1 ? "markers" : "lines"),
    line: { color, width: one.faint ? 1 : 2.25, dash: one.dash },
    opacity: one.faint ? 0.3 : 1,
    hoverinfo: one.faint ? "skip" : undefined,
  }
}

// What happened, on the axis of the images seen: each mark as a sign that explains itself under the pointer.
const SIGNS = { snapshot: "▴", resumed: "▸", warning: "▲", best: "★" }
const SIGN_TONES = { resumed: "orange", warning: "orange", best: "green" }
const signs = (data, look) => (data.marks ?? []).map(mark => ({
  x: mark.x, yref: "paper", y: 0, yanchor: "bottom", text: SIGNS[mark.kind], hovertext: mark.text, showarrow: false,
  font: { size: mark.kind === "snapshot" ? 16 : 15, color: look.tones[SIGN_TONES[mark.kind]] ?? look.quiet },
  hoverlabel: { bgcolor: look.background, bordercolor: look.grid, font: { color: look.text } },
}))
const lines = (data, look) => [
  ...(data.marks ?? []).filter(mark => mark.kind !== "snapshot")
    .map(mark => ({ x: mark.x, line: { color: look.tones[SIGN_TONES[mark.kind]], width: 1.25, dash: "dot" } })),
  ...(data.moment == null ? [] : [{ x: data.moment, line: { color: look.text, width: 1.25 } }]),
].map(one => ({ type: "line", x0: one.x, x1: one.x, yref: "paper", y0: 0, y1: 1, line: one.line, layer: "below" }))

// Room at the right for the names of the ideal lines, beside the curves and never over them; of `2 log 2 = 1.386` only
// the number on a phone, where the rest would take a quarter of the chart.
const NARROW = 420
const called = (ideal, narrow) => narrow ? ideal.label.split("= ").at(-1) : ideal.label
const room = (data, narrow) => 12 + Math.max(0, ...data.ideals.map(ideal => 6.2 * called(ideal, narrow).length))

const layout = (data, look, narrow) => ({
  ...data.layout,
  uirevision: data.revision,
  height: data.height,
  autosize: true,
  margin: { l: 8, r: room(data, narrow), t: 8, b: 8 },
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
  font: { family: look.font, size: 13, color: look.text },
  hoverlabel: { bgcolor: look.background, bordercolor: look.grid, font: { color: look.text } },
  legend: { ...data.layout.legend, orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 13 } },
  modebar: { bgcolor: "rgba(0,0,0,0)", color: look.quiet, activecolor: look.text },
  xaxis: { gridcolor: look.grid, linecolor: look.grid, zeroline: false, automargin: true, separatethousands: true, ...data.layout.xaxis },
  yaxis: { gridcolor: look.grid, linecolor: look.grid, zeroline: false, automargin: true, separatethousands: true, ...data.layout.yaxis },
  shapes: [...lines(data, look), ...data.ideals.map(ideal => ({
    type: "line", xref: "paper", x0: 0, x1: 1, y0: ideal.value, y1: ideal.value,
    line: { color: look.quiet, width: 1.25, dash: "dash" }, layer: "below",
  }))],
  annotations: [...signs(data, look), ...data.ideals.map(ideal => ({
    xref: "paper", x: 1, xanchor: "left", xshift: 4, y: data.layout.yaxis.type === "log" ? Math.log10(ideal.value) : ideal.value,
    yanchor: "middle", text: called(ideal, narrow), showarrow: false, font: { size: 11, color: look.quiet },
  }))],
})

// A picture of the chart as it is on the screen, on its ground, made by the browser itself: nothing leaves the machine.
const download = (chart, format, name) => {
  const { width, height } = chart.querySelector(".main-svg").getBoundingClientRect()
  const ground = theme(chart, {}).background
  const font = { ...chart.layout.font, family: "Arial, sans-serif" } // a picture cannot use the page's own font
  const figure = { data: chart.data, layout: { ...chart.layout, font, width, height, paper_bgcolor: ground } }
  window.Plotly.toImage(figure, { format, width, height, scale: format === "png" ? 2 : 1 }).then(address => {
    const link = document.createElement("a")
    link.href = address
    link.download = `${name}.${format}`
    link.click()
  })
}
const ICONS = {
  PNG: "M3 19V4h2v9.6L8.8 9l3.7 4 3-2.6L19 14V4h2v15zM9 8a1.7 1.7 0 1 1 0-3.400a1.700 1.700 0 0 1 0 3.400",
  SVG: "M3 17.300C8 17.300 8 6 13 6h8v2h-8c-3.500 0-3.500 11.300-10 11.300zM19 4h4v4h-4zM1 16h4v4H1z",
}
const asPicture = (format, name) => ({
  name: `Download this chart as ${format}`,
  icon: { width: 24, height: 24, path: ICONS[format] },
  click: chart => download(chart, format.toLowerCase(), name),
})

const config = name => ({
  responsive: true,
  displaylogo: false,
  displayModeBar: "hover",
  // Named one by one: the library's own choice has a button that shares the chart on its maker's server.
  modeBarButtons: [[asPicture("PNG", name), asPicture("SVG", name)], ["zoom2d", "pan2d", "resetScale2d"]],
})

export default function ({ parentElement, data, setTriggerValue }) {
  let chart = parentElement.querySelector(".live-chart")
  if (!chart) {
    chart = document.createElement("div")
    chart.className = "live-chart"
    chart.style.minHeight = `${data.height}px`
    chart.setAttribute("role", "figure") // not img: it holds the buttons of the toolbar
    parentElement.appendChild(chart)
  }
  chart.setAttribute("aria-label", data.alt)
  chart.settings ??= config(data.name) // the same object at every draw: another would draw the chart anew
  const look = theme(parentElement, data.palette)
  const narrow = parentElement.clientWidth < NARROW
  library().then(plotly =>
    plotly.react(chart, data.traces.map(one => trace(one, look)), layout(data, look, narrow), chart.settings)).then(() => {
    chart.removeAllListeners?.("plotly_click")
    if (data.clickable) chart.on("plotly_click", event => setTriggerValue("moment", event.points[0].x))
  })
}
