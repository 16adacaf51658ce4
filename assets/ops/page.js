// Draws each table that says so, above it, and closes it. Without this, the table alone is there.

/** Its `data-plot` says how many columns each of its plots has: "6,2" draws two. */
const tables = [...document.querySelectorAll('table[data-plot]')]
const main = document.querySelector('main')
let drawn = []

/** A property's `light-dark()` is resolved where it is used. */
function color(name) {
  const probe = document.createElement('span')
  probe.style.color = `var(--${name})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

/** What a table says, from the left to the right in time. */
function read(table) {
  const rows = [...table.tBodies[0].rows].map(({ cells }) => [...cells]).reverse()
  const times = rows.map(([at]) => Date.parse(at.querySelector('time').dateTime) / 1000)
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim())
  const numbers = (column) =>
    rows.map((cells) => {
      const text = cells[column].textContent.trim()
      return text === '' ? null : Number(text)
    })
  let next = 1
  return table.dataset.plot.split(',').map((count) => {
    const columns = Array.from({ length: count }, () => next++)
    return { labels: columns.map((column) => heads[column]), data: [times, ...columns.map(numbers)] }
  })
}

// Lines that only their color tells apart are none to many people.
const DASHES = [[], [8, 4], [2, 3], [12, 3, 2, 3], [5, 2], [1, 2]]

const isNumber = (value) => value !== null && value !== undefined

/** The places of numbers without a number beside them: no line leads to them. Null where there are none. */
function lonely(numbers) {
  const places = numbers.flatMap((value, i) =>
    isNumber(value) && !isNumber(numbers[i - 1]) && !isNumber(numbers[i + 1]) ? [i] : [],
  )
  return places.length > 0 ? places : null
}

/** The hour, and the date at midnight; the dates where a step is a day. Written as in the tables. */
const moments = (_, splits, _axis, _space, step) =>
  splits.map((seconds) => {
    const at = new Date(seconds * 1000).toISOString()
    const isMidnight = at.slice(11, 16) === '00:00'
    return isMidnight || step >= 86_400 ? at.slice(5, 10) : at.slice(11, 16)
  })

function plot(box, { labels, data }) {
  const axis = { stroke: color('ink'), grid: { stroke: color('line') }, ticks: { stroke: color('line') } }
  const series = labels.map((label, i) => ({
    ...{ label, stroke: color(`plot-${i + 1}`), dash: DASHES[i], width: 2 },
    points: { show: false, filter: () => lonely(data[i + 1]) },
  }))
  const options = {
    ...{
      width: box.clientWidth,
      height: 180,
      legend: { live: false },
      axes: [
        { ...axis, values: moments },
        { ...axis, size: 60 },
      ],
    },
    // As the tables have it.
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'UTC'),
    series: [{}, ...series],
    scales: { y: { range: (_, least, most) => [Math.min(0, least ?? 0), Math.max(1, most ?? 1)] } },
  }
  return new uPlot(options, data, box)
}

function draw() {
  for (const { lines, box } of drawn) {
    lines.destroy()
    box.remove()
  }
  drawn = tables.flatMap((table) => {
    const numbers = table.closest('details')
    return read(table).map((group) => {
      const box = document.createElement('div')
      box.className = 'plot'
      // The table says the same: who listens is not told twice.
      box.ariaHidden = 'true'
      numbers.before(box)
      return { lines: plot(box, group), box }
    })
  })
}

if (tables.length > 0) {
  for (const table of tables) table.closest('details').open = false
  draw()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
  let width = main.clientWidth
  new ResizeObserver(() => {
    if (main.clientWidth === width) return
    width = main.clientWidth
    draw()
  }).observe(main)
}
