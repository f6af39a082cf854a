// Draws choices as cards with a picture, each a switch of its own, and buttons for all and none, for choice_cards.py.
//
// A click shows at once; what is chosen is sent whole, with a number, and an answer to an earlier click changes nothing.

const element = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

export default function ({ parentElement, data, setTriggerValue }) {
  let cards = parentElement.querySelector(".choice-cards")
  if (!cards) {
    cards = element("div", { className: "choice-cards", number: 0 })
    cards.setAttribute("role", "group")
    const all = element("button", { className: "choice-every", type: "button", textContent: "All" })
    const none = element("button", { className: "choice-every", type: "button", textContent: "None" })
    const head = element("div", { className: "choice-head" }, element("span", { className: "choice-label" }), all, none)
    parentElement.append(head, cards)
    const choose = (some, on) => {
      for (const card of some) press(card, on)
      cards.send({ number: ++cards.number, chosen: [...cards.children].filter(pressed).map(card => card.value) })
    }
    all.addEventListener("click", () => choose(cards.children, true))
    none.addEventListener("click", () => choose(cards.children, false))
    cards.addEventListener("click", event => {
      const card = event.target.closest(".choice-card")
      if (card) choose([card], !pressed(card))
    })
  }
  cards.send = value => setTriggerValue("chosen", value)
  cards.setAttribute("aria-label", data.label)
  Object.assign(parentElement.querySelector(".choice-label"), { textContent: data.label, title: data.about })
  const drawn = JSON.stringify(data.cards.map(card => [card.name, card.note, card.picture?.length]))
  if (cards.drawn !== drawn) {
    cards.drawn = drawn
    cards.replaceChildren(...data.cards.map(cardOf))
    // The first chosen card in sight where they are one strip, as on a phone that opens a link to one class.
    const first = [...cards.children].find(card => data.chosen.includes(card.value))
    if (first) cards.scrollLeft = first.offsetLeft - cards.offsetLeft
  }
  if (data.taken < cards.number) return
  cards.number = data.taken
  for (const card of cards.children) press(card, data.chosen.includes(card.value))
}

const pressed = card => card.getAttribute("aria-pressed") === "true"
const press = (card, on) => card.setAttribute("aria-pressed", String(on))

const cardOf = card => {
  const made = element("button", { className: "choice-card", type: "button", value: card.name, title: card.name })
  if (card.picture) made.append(element("img", { className: "sharp", src: card.picture, alt: "" }))
  made.append(element("span", { className: "choice-name", textContent: card.name }), " ",
    element("span", { className: "quiet", textContent: card.note }))
  return made
}
