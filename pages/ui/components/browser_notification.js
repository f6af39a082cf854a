// Tells of ended jobs by the browser's own notifications, where its user has allowed them, and asks for that by a click.

const supported = () => "Notification" in window && window.isSecureContext
const TEXTS = {
  granted: "This browser tells you when it ends.",
  denied: "This browser's settings forbid notifications.",
}

const notify = ended => {
  const told = (window.ganToldEnds ??= new Set())
  for (const one of ended) {
    if (told.has(one.id)) continue
    told.add(one.id)
    // Whoever looks at the page sees the toast; of several open pages the tag leaves one notification.
    if (supported() && Notification.permission === "granted" && document.hidden)
      new Notification(one.title, { body: one.cause, tag: one.id })
  }
}

const draw = element => {
  const permission = supported() ? Notification.permission : "unsupported"
  element.replaceChildren()
  if (permission === "default") {
    const button = document.createElement("button")
    button.textContent = "Notify me when it ends"
    button.onclick = () => Notification.requestPermission().then(() => draw(element))
    element.appendChild(button)
  } else if (TEXTS[permission]) {
    element.textContent = TEXTS[permission]
  }
}

export default function ({ parentElement, data }) {
  notify(data.ended)
  if (!data.asks) return
  let element = parentElement.querySelector(".notify-me")
  if (!element) {
    element = document.createElement("div")
    element.className = "notify-me"
    parentElement.appendChild(element)
  }
  draw(element)
}
