/* A feed's row: its state in a word, its last outcomes as a strip, its place in the list. */

/* An outcome is a colour and a shape: tall, half, hollow, a cross, a spot on the ground. */
const STRIP_SLOTS = 60;
const OUTCOMES = { // by the letters of status.json's "recent"
    n: ["new", x => `M${x + .6} 1h4v12h-4z`],
    s: ["same", x => `M${x + .6} 7h4v6h-4z`],
    i: ["invalid", x => `M${x + 1.2} 1.6h2.8v10.8h-2.8z`],
    f: ["failed", x => `M${x + .6} 2l4 10M${x + 4.6} 2l-4 10`],
    m: ["missed", x => `M${x + 1} 10h3v3h-3z`],
};
const SHAPES = Object.fromEntries(Object.entries(OUTCOMES).map(([letter, [, shape]]) =>
    [letter, Array.from({length: STRIP_SLOTS}, (_, place) => shape(place * 5))]));

function drawStrip(svg, recent) {
    const paths = {n: "", s: "", i: "", f: "", m: ""}, counts = {n: 0, s: 0, i: 0, f: 0, m: 0};
    const first = STRIP_SLOTS - recent.length;
    for (let i = 0; i < recent.length; i++) {
        paths[recent[i]] += SHAPES[recent[i]][first + i];
        counts[recent[i]]++;
    }
    for (const path of svg.children)
        path.setAttribute("d", paths[path.getAttribute("class")]);
    const told = Object.keys(counts).filter(letter => counts[letter])
        .map(letter => `${counts[letter]} ${OUTCOMES[letter][0]}`).join(", ");
    svg.setAttribute("aria-label",
        recent ? `${told}; the latest: ${OUTCOMES[recent.at(-1)][0]}` : "no slot yet");
}
function drawLegend(list) {
    for (const [letter, [name, shape]] of Object.entries(OUTCOMES)) {
        const svg = drawing("svg", {viewBox: "0 0 5 14", "aria-hidden": "true"});
        const item = element("li");
        svg.append(drawing("path", {class: letter, d: shape(0)}));
        item.append(svg, name);
        list.append(item);
    }
}

/* In the order of rows that are sorted by state. `some`: how the first line counts them. */
const STATES = {
    failing: {text: "failing", isProblem: true, some: ["fails", "fail"]},
    invalid: {text: "invalid", isProblem: true,
        some: ["sends malformed answers", "send malformed answers"]},
    missing: {text: "missing slots", isProblem: true, some: ["misses slots", "miss slots"]},
    alert: {text: "alert", isProblem: true, some: ["has an open alert", "have an open alert"]},
    first: {text: "not yet due", some: ["waits for its first slot", "wait for their first slot"]},
    resuming: {text: "resuming", isGood: true},
    collecting: {text: "collecting", isGood: true},
    ended: {text: "ended", some: ["has ended", "have ended"]},
};
const STATE_NAMES = Object.keys(STATES);
const PAST_REASONS = ["down", "suspended", "clock"]; // of a missed slot: the next may be fine
const DOINGS = {queued: "queued", fetching: "asking", pausing: "retrying", storing: "storing",
    retired: "removed"};

function stateOf(feed) {
    const last = feed.last;
    if (last?.outcome === "failed")
        return "failing";
    if (last?.invalid)
        return "invalid";
    if (last?.outcome === "missed" && !PAST_REASONS.includes(last.detail))
        return "missing";
    if (feed.alert)
        return "alert";
    if (feed.next_slot === null && feed.state === "waiting")
        return "ended";
    return !last ? "first" : last.outcome === "missed" ? "resuming" : "collecting";
}
const wordsOf = feed => plain(feed.words || feed.last?.detail ||
    (feed.last?.invalid ? "not well-formed" : "") || feed.alert || "");

class Row {
    constructor(name) {
        this.name = name;
        this.node = copyOf("row");
        [this.head, this.state, this.strip, this.hour, this.day, this.week, this.good, this.took,
            this.size, this.next, this.words] = this.node.children;
        this.link = this.head.firstElementChild;
        this.link.textContent = name;
        this.link.setAttribute("href", `#feed=${encodeURIComponent(name)}`);
        this.recent = null;
    }
    update(feed) {
        this.feed = feed;
        this.stateName = stateOf(feed);
        this.nextAt = instant(feed.next_slot);
        this.okAt = instant(feed.last_ok);
        this.dress();
        put(this.state, this.stateName === "failing" && feed.failures > 1
            ? `failing ×${count(feed.failures)}` : STATES[this.stateName].text);
        if (this.recent !== feed.recent)
            drawStrip(this.strip.firstElementChild, this.recent = feed.recent);
        this.complete(this.hour, feed.complete["1h"]);
        this.complete(this.day, feed.complete["24h"]);
        this.complete(this.week, feed.complete["7d"]);
        put(this.took, feed.last ? took(feed.last.duration_ms) : "");
        put(this.size, feed.last ? bytes(feed.last.body_bytes) : "");
        put(this.words, wordsOf(feed));
        mark(this.link, "title", feed.host);
    }
    dress() {
        const isOpen = this.name === view.feed, {isProblem} = STATES[this.stateName];
        mark(this.node, "class",
            `line feed ${this.stateName}${isProblem ? " problem" : ""}${isOpen ? " open" : ""}`);
        mark(this.link, "aria-expanded", String(isOpen));
    }
    complete(cell, number) {
        const isReading = this.feed.complete_since === null && this.feed.last && number === null;
        put(cell, isReading ? "…" : percent(number));
        mark(cell, "class",
            `number${number === null || number >= 99 ? "" : number >= 90 ? " low" : " lowest"}`);
    }
    tick(now) { // what changes as time goes by
        put(this.good, this.okAt === null ? "–" : span(now - this.okAt));
        put(this.next, DOINGS[this.feed.state] ||
            (this.nextAt === null ? "–" : countdown(this.nextAt - now)));
    }
    matches() {
        if (view.only && !STATES[this.stateName].isProblem && this.name !== view.feed)
            return false;
        const text = [this.name, this.feed.host, this.state.textContent, this.words.textContent];
        const whole = text.join(" ").toLowerCase();
        return view.find.toLowerCase().split(/\s+/).every(word => whole.includes(word));
    }
}

const rows = new Map(); // name → Row

/* What is looked at. It is kept in the address, so that it can be bookmarked. */
const view = {feed: "", find: "", only: false, sort: "state"};

function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1)), sort = given.get("sort") || "";
    view.feed = given.get("feed") || "";
    view.find = given.get("find") || "";
    view.only = given.get("only") === "problems";
    view.sort = Object.hasOwn(SORTS, sort.replace("-", "")) ? sort : "state";
}
function writeAddress() {
    const told = new URLSearchParams();
    if (view.feed)
        told.set("feed", view.feed);
    if (view.find)
        told.set("find", view.find);
    if (view.only)
        told.set("only", "problems");
    if (view.sort !== "state")
        told.set("sort", view.sort);
    history.replaceState(null, "", `#${told}`);
}

const natural = new Intl.Collator("en", {numeric: true}).compare; // route-9 before route-10
const SORTS = { // the number that a column sorts by; null goes last
    name: () => 0,
    state: row => STATE_NAMES.indexOf(row.stateName),
    "1h": row => row.feed.complete["1h"],
    "24h": row => row.feed.complete["24h"],
    "7d": row => row.feed.complete["7d"],
    good: row => row.okAt === null ? null : -row.okAt,
    took: row => row.feed.last?.duration_ms ?? null,
    size: row => row.feed.last?.body_bytes ?? null,
    next: row => row.nextAt,
};
function rowsInOrder() {
    const name = view.sort.replace("-", ""), sign = view.sort === name ? 1 : -1;
    const keyed = [...rows.values()].filter(row => row.matches())
        .map(row => [SORTS[name](row), row]);
    const compare = ([a, one], [b, other]) =>
        a === b ? natural(one.name, other.name) * (name === "name" ? sign : 1)
            : a === null ? 1 : b === null ? -1 : (a - b) * sign;
    return keyed.sort(compare).map(([, row]) => row);
}
