// Draws one chart with Plotly.react, which, with the same `uirevision`, keeps a reader's zoom while points are added.
// The figure comes as plain data from charts.py, with the colours of both themes: only the browser knows which is in use.

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

const trace = (one, look) => {
  const color = look.tones[one.tone]
  if (one.type === "bar") return { ...one, marker: { color } }
  return {
    ...one,
    type: "scatter",
    mode: one.mode ?? (one.x.length === 1 ? "markers" : "lines"),
    line: { color, width: one.faint ? 1 : 2.25 },
    opacity: one.faint ? 0.3 : 1,
    hoverinfo: one.faint ? "skip" : undefined,
  }
}

// Room at the right for the names of the ideal lines, beside the curves and never over them.
const room = data => 12 + Math.max(0, ...data.ideals.map(ideal => 6.2 * ideal.label.length))

const layout = (data, look) => ({
  ...data.layout,
  uirevision: data.revision,
  height: data.height,
  autosize: true,
  margin: { l: 8, r: room(data), t: 34, b: 8 },
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
  font: { family: look.font, size: 13, color: look.text },
  hoverlabel: { bgcolor: look.background, bordercolor: look.grid, font: { color: look.text } },
  legend: { ...data.layout.legend, orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 13 } },
  modebar: { bgcolor: "rgba(0,0,0,0)", color: look.quiet, activecolor: look.text },
  xaxis: { gridcolor: look.grid, linecolor: look.grid, zeroline: false, automargin: true, ...data.layout.xaxis },
  yaxis: { gridcolor: look.grid, linecolor: look.grid, zeroline: false, automargin: true, ...data.layout.yaxis },
  shapes: data.ideals.map(ideal => ({
    type: "line", xref: "paper", x0: 0, x1: 1, y0: ideal.value, y1: ideal.value,
    line: { color: look.quiet, width: 1.25, dash: "dash" }, layer: "below",
  })),
  annotations: data.ideals.map(ideal => ({
    xref: "paper", x: 1, xanchor: "left", xshift: 4, y: data.layout.yaxis.type === "log" ? Math.log10(ideal.value) : ideal.value,
    yanchor: "middle", text: ideal.label, showarrow: false, font: { size: 11, color: look.quiet },
  })),
})

const config = name => ({
  responsive: true,
  displaylogo: false,
  displayModeBar: "hover",
  toImageButtonOptions: { format: "svg", filename: name },
  // Named one by one: the library's own choice has a button that shares the chart on its maker's server.
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
})

export default function ({ parentElement, data }) {
  let chart = parentElement.querySelector(".live-chart")
  if (!chart) {
    chart = document.createElement("div")
    chart.className = "live-chart"
    chart.style.minHeight = `${data.height}px`
    chart.setAttribute("role", "img")
    parentElement.appendChild(chart)
  }
  chart.setAttribute("aria-label", data.alt)
  const look = theme(parentElement, data.palette)
  library().then(plotly =>
    plotly.react(chart, data.traces.map(one => trace(one, look)), layout(data, look), config(data.name)))
}
