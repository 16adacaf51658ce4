// Draws each table that says so as a plot above it. Without this, the table alone is there.

/** Tables name what their columns are shown in: a number for each plot axis. */
const plots = [...document.querySelectorAll('table[data-plot]')]
const dark = matchMedia('(prefers-color-scheme: dark)')
const narrower = new ResizeObserver(() => draw())
let drawn = []

/** `light-dark()` is resolved by the browser in a property alone. */
function color(name) {
  const probe = document.createElement('span')
  probe.style.color = `var(--${name})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

function numbersOf(table) {
  const rows = [...table.tBodies[0].rows].map(({ cells }) => [...cells])
  const times = rows.map(([at]) => Date.parse(at.querySelector('time').dateTime) / 1000)
  const heads = [...table.tHead.rows[0].cells].slice(1).map(({ textContent }) => textContent.trim())
  const columns = heads.map((_, i) =>
    rows.map((cells) => {
      const text = cells[i + 1].textContent.trim()
      return text === '' ? null : Number.parseFloat(text)
    }),
  )
  // Time goes from left to right.
  const order = times.map((_, i) => i).sort((a, b) => times[a] - times[b])
  const sorted = (list) => order.map((i) => list[i])
  return { heads, data: [sorted(times), ...columns.map(sorted)] }
}

function draw() {
  for (const { plot, box } of drawn) {
    plot.destroy()
    box.replaceChildren()
  }
  drawn = plots.map((table) => {
    const { heads, data } = numbersOf(table)
    const box = boxOf(table)
    const ink = color('ink')
    const axis = { stroke: ink, grid: { stroke: color('line'), width: 1 }, ticks: { stroke: color('line') } }
    const series = heads.map((label, i) => ({
      label,
      stroke: color(`plot-${(i % 6) + 1}`),
      // Lines that only their color tells apart are none to many people.
      dash: [[], [8, 4], [2, 3], [12, 3, 2, 3], [5, 2], [1, 2]][i % 6],
      width: 2,
      points: { show: data[0].length < 3 },
    }))
    const options = { width: box.clientWidth, height: 200, tzDate: utc, axes: [axis, axis] }
    const plot = new uPlot({ ...options, series: [{ label: 'UTC' }, ...series] }, data, box)
    return { plot, box }
  })
}

/** As the tables have it. */
const utc = (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'UTC')

/** The table says all that the plot says: whoever reads aloud is not told twice. */
function boxOf(table) {
  const scroller = table.closest('.wide')
  const before = scroller.previousElementSibling
  if (before?.className === 'plot') return before
  const box = document.createElement('div')
  box.className = 'plot'
  box.ariaHidden = 'true'
  scroller.before(box)
  return box
}

if (plots.length > 0) {
  draw()
  dark.addEventListener('change', draw)
  narrower.observe(document.querySelector('main'))
}
