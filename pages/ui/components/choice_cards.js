// Draws choices as cards with a picture, each a switch of its own, for choice_cards.py.
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
    parentElement.appendChild(cards)
    cards.addEventListener("click", event => {
      const card = event.target.closest(".choice-card")
      if (!card) return
      press(card, !pressed(card))
      cards.send({ number: ++cards.number, chosen: [...cards.children].filter(pressed).map(one => one.value) })
    })
  }
  cards.send = value => setTriggerValue("chosen", value)
  cards.setAttribute("aria-label", data.label)
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
