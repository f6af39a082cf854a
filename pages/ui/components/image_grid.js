// Draws images as buttons in named rows, for image_grid.py. A click opens an image; K keeps, R rejects and S saves it,
// arrows move.
//
// Marks show at once and are sent to Python in a journal: every event has a number, and is sent again with the next one
// until Python has said that it took it, so that no key is lost when many are pressed while the page is drawn anew.

const KEYS = { k: "keep", r: "reject" }
const SAID = { keep: "kept", reject: "rejected" }

const element = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

export default function ({ parentElement, data, setTriggerValue }) {
  let grid = parentElement.querySelector(".image-grid")
  if (!grid) {
    grid = element("div", { className: "image-grid" })
    grid.journal = { number: 0, waiting: [] }
    grid.setAttribute("role", "group")
    parentElement.appendChild(grid)
    listen(grid)
    new ResizeObserver(() => makeReachable(grid)).observe(grid)
  }
  grid.setAttribute("aria-label", data.label)
  const { journal } = grid
  journal.number = Math.max(journal.number, data.taken)
  journal.waiting = journal.waiting.filter(event => event.number > data.taken)
  grid.send = (id, act) => {
    journal.waiting.push({ number: ++journal.number, id, act })
    setTriggerValue("acts", journal.waiting)
  }
  draw(grid, data)
}

// The images are drawn anew only where others are to be seen, so that the reader's place is kept while marks change.
const draw = (grid, data) => {
  const drawn = JSON.stringify(data.rows.map(row => [row.name, row.note, row.images.map(image => [image.id, image.src.length]), row.pictures.map(one => one.src.slice(-60))]))
  if (grid.drawn !== drawn) {
    const place = tiles(grid).indexOf(document.activeElement?.closest?.(".tile"))
    grid.drawn = drawn
    grid.classList.toggle("in-columns", data.in_columns)
    grid.style.setProperty("--side", `${data.side}px`)
    grid.replaceChildren(...data.rows.map(row => rowOf(row, data.marking)))
    const all = tiles(grid)
    const here = all[Math.min(Math.max(place, 0), all.length - 1)]
    all.forEach(tile => { opener(tile).tabIndex = tile === here ? 0 : -1 })
    makeReachable(grid)
    if (here && (place >= 0 || data.focus)) opener(here).focus({ preventScroll: true })
  }
  const images = data.rows.flatMap(row => row.images)
  tiles(grid).forEach((tile, number) => {
    const waiting = grid.journal.waiting.findLast(event => event.id === tile.dataset.id && event.act in MARKS)
    show(tile, waiting ? MARKS[waiting.act] : images[number].mark)
    tile.classList.toggle("dropped", Boolean(images[number].dropped))
  })
}

// A line that moves within its frame, as in a narrow window, can be moved by keys too: only one image of the grid takes the
// focus.
const makeReachable = grid => grid.querySelectorAll(".tiles").forEach(line => {
  if (getComputedStyle(line).overflowX === "auto") Object.assign(line, { tabIndex: 0, role: "group", ariaLabel: line.previousSibling.title })
  else for (const name of ["tabindex", "role", "aria-label"]) line.removeAttribute(name)
})

const MARKS = { keep: "keep", reject: "reject", clear: "" }
const tiles = grid => [...grid.querySelectorAll(".tile")]
const opener = tile => tile.querySelector(".tile-open")

const rowOf = (row, marking) =>
  element("div", { className: "tile-row" },
    element("div", { className: "row-name", title: row.name }, row.name, element("span", { className: "quiet", textContent: row.note })),
    element("div", { className: "tiles" }, ...row.images.map(image => tileOf(image, marking)), ...row.pictures.map(pictureOf)))

const pictureOf = one => element("img", { className: `picture ${one.sharp ? "sharp" : "smooth"}`, src: one.src, alt: one.alt })

const tileOf = (image, marking) => {
  const picture = element("img", { className: image.sharp ? "sharp" : "smooth", src: image.src, alt: image.alt, draggable: false })
  const open = element("button", { className: "tile-open", type: "button" },
    picture, element("span", { className: "tile-said" }))
  const tile = element("div", { className: "tile" }, open, element("span", { className: "tile-badge", ariaHidden: "true" }))
  tile.dataset.id = image.id
  tile.dataset.file = image.file
  // For the mouse: the keys K, R and S do the same, and a screen reader hears of those, so these stay out of its way.
  const acts = [["save", "↓", "Save (S)"], ...(marking ? [["keep", "✓", "Keep (K)"], ["reject", "✕", "Reject (R)"]] : [])]
  for (const [act, sign, title] of acts)
    tile.append(element("button", { className: `tile-act tile-${act}`, type: "button", tabIndex: -1, textContent: sign, title, ariaHidden: "true" }))
  return tile
}

const show = (tile, mark) => {
  tile.dataset.mark = mark
  tile.querySelector(".tile-said").textContent = SAID[mark] ?? ""
  tile.querySelector(".tile-badge").textContent = { keep: "✓", reject: "✕" }[mark] ?? ""
}

const act = (grid, tile, wanted) => {
  const mark = tile.dataset.mark === wanted ? "" : wanted
  show(tile, mark)
  grid.send(tile.dataset.id, mark || "clear")
}

// The image as it is, at its own size: the browser already has the file.
const save = tile => element("a", { href: tile.querySelector("img").src, download: tile.dataset.file }).click()

const listen = grid => {
  grid.addEventListener("click", event => {
    const tile = event.target.closest(".tile")
    if (!tile) return
    const marker = event.target.closest(".tile-act")
    if (marker?.classList.contains("tile-save")) save(tile)
    else if (marker) act(grid, tile, marker.classList.contains("tile-keep") ? "keep" : "reject")
    else grid.send(tile.dataset.id, "open")
  })
  grid.addEventListener("keydown", event => {
    const tile = event.target.closest(".tile")
    if (!tile || event.ctrlKey || event.metaKey || event.altKey) return
    const wanted = KEYS[event.key.toLowerCase()]
    const next = neighbour(tiles(grid), tile, event.key)
    if (wanted && tile.querySelector(".tile-keep")) act(grid, tile, wanted)
    else if (event.key.toLowerCase() === "s") save(tile)
    else if (next) move(grid, next)
    else if (!wanted) return
    event.preventDefault()
    event.stopPropagation()  // R alone would draw Streamlit's page anew
  })
}

const move = (grid, next) => {
  tiles(grid).forEach(tile => { opener(tile).tabIndex = tile === next ? 0 : -1 })
  opener(next).focus()
}

// The next image in the direction of an arrow: along the rows, or the closest of the next line of images.
const neighbour = (all, tile, key) => {
  const at = all.indexOf(tile)
  if (key === "ArrowRight") return all[at + 1]
  if (key === "ArrowLeft") return all[at - 1]
  if (key === "Home") return all[0]
  if (key === "End") return all.at(-1)
  if (key !== "ArrowDown" && key !== "ArrowUp") return undefined
  const down = key === "ArrowDown"
  const here = tile.getBoundingClientRect()
  const beyond = all.map(one => ({ one, box: one.getBoundingClientRect() }))
    .filter(({ box }) => (down ? box.top > here.top + 2 : box.top < here.top - 2))
  const line = down ? Math.min(...beyond.map(({ box }) => box.top)) : Math.max(...beyond.map(({ box }) => box.top))
  const away = ({ box }) => Math.abs(box.left - here.left)
  return beyond.filter(({ box }) => Math.abs(box.top - line) < 2).sort((a, b) => away(a) - away(b))[0]?.one
}
