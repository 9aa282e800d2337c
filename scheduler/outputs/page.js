/* The whole page: asks status.json every few seconds, keeps the rows, says how it stands. */

const LEAST_WAIT = 3 * SECOND, MOST_WAIT = 30 * SECOND; // between two questions to the service

const list = document.querySelector("#feeds tbody");
let status = null; // the latest answer
let shownAt = 0;   // when it came, by our clock
let ahead = 0;     // the service's clock less ours
let trouble = "";  // why there is no newer one
let detail = null; // the Detail of the feed that is open

/* --- the list ------------------------------------------------------------------------------- */

/* Makes `nodes` the children of `parent` with few moves. */
function place(parent, nodes) {
    let at = parent.firstChild;
    for (const node of nodes) {
        if (at && at !== node && at.nextSibling === node) { // `at` goes further down, or goes
            at.remove();
            at = node;
        }
        if (at === node)
            at = at.nextSibling;
        else
            parent.insertBefore(node, at);
    }
    while (at) {
        const gone = at;
        at = at.nextSibling;
        gone.remove();
    }
}
function arrange() {
    const focused = document.activeElement, shown = rowsInOrder();
    place(list, shown.flatMap(row =>
        detail?.name === row.name ? [row.node, detail.node] : [row.node]));
    if (focused !== document.activeElement && focused.isConnected)
        focused.focus({preventScroll: true}); // a node that is moved loses it
    tellCount(shown.length);
    for (const head of document.querySelectorAll("[data-sort]"))
        mark(head, "aria-sort", view.sort === head.dataset.sort ? "ascending"
            : view.sort === `-${head.dataset.sort}` ? "descending" : null);
}
function tellCount(shown) {
    const all = plural(rows.size, "feed", "feeds");
    let words = "";
    put(byId("count"), shown === rows.size ? all : `${count(shown)} of ${all}`);
    if (!status)
        words = "";
    else if (view.feed && !rows.has(view.feed))
        words = `No feed is called ${plain(view.feed)}.`;
    else if (!rows.size)
        words = "No feeds yet: put a file into the directory feeds/ of the configuration.";
    else if (!shown)
        words = "No feed matches.";
    put(byId("nothing"), words);
    byId("nothing").hidden = !words;
}

/* --- how it stands, in words ---------------------------------------------------------------- */

const STORE_TROUBLES = {
    disk_full: "The disk is full: nothing is stored until there is room.",
    store_full: "The store has reached store_limit: nothing is stored until there is room.",
    broken: "The store is broken: nothing is stored.",
};
function someOf(names) {
    return names.length <= 4 ? names.join(", ")
        : `${names.slice(0, 3).join(", ")} and ${count(names.length - 3)} more`;
}
function feedsInWords(by) { // by: state → names
    const good = STATE_NAMES.filter(name => STATES[name].isGood)
        .reduce((sum, name) => sum + by[name].length, 0);
    if (!rows.size)
        return "There are no feeds.";
    if (good === rows.size)
        return good === 1 ? "The one feed is collecting."
            : `All ${count(good)} feeds are collecting.`;
    const others = STATE_NAMES.filter(name => STATES[name].some && by[name].length).map(name =>
        `; ${plural(by[name].length, ...STATES[name].some)}` +
        (STATES[name].isProblem ? `: ${someOf(by[name])}` : ""));
    const all = plural(rows.size, "feed is", "feeds are");
    return `${count(good)} of ${all} collecting${others.join("")}.`;
}
/* → how it looks (good warn bad), the words, how many feeds fail. */
function verdict() {
    const by = Object.fromEntries(STATE_NAMES.map(name => [name, []]));
    const {alerts, config_errors: mistakes, store} = status;
    for (const row of [...rows.values()].sort((a, b) => natural(a.name, b.name)))
        by[row.stateName].push(row.name);
    const sentences = [feedsInWords(by)];
    if (store.state !== "ok")
        sentences.unshift(STORE_TROUBLES[store.state] || `The store: ${store.state}.`);
    if (alerts.length)
        sentences.push(`${plural(alerts.length, "alert is", "alerts are")} open.`);
    if (mistakes.length)
        sentences.push(`The configuration has ${plural(mistakes.length, "mistake", "mistakes")}.`);
    const isProblem = STATE_NAMES.some(name => STATES[name].isProblem && by[name].length);
    const look = store.state !== "ok" || by.failing.length ? "bad"
        : isProblem || alerts.length || mistakes.length ? "warn" : "good";
    return {look, text: sentences.join(" "), failing: by.failing.length};
}
function drawVerdict() {
    const found = status ? verdict() : {};
    const past = status ? `Below is how it was at ${clock(shownAt, undefined, TO_SECOND)}.`
        : "Is pollardd running, and the tunnel open?";
    put(byId("top"), trouble ? `${trouble} ${past}` : found.text);
    mark(byId("top"), "class", trouble ? "bad" : found.look);
    document.title = trouble ? "no answer · pollard"
        : found.failing ? `${count(found.failing)} failing · pollard` : "pollard";
    document.body.classList.toggle("stale", Boolean(trouble && status));
}

/* --- what the service tells ----------------------------------------------------------------- */

function drawList(section, items) {
    const ul = section.querySelector("ul");
    section.hidden = !items.length;
    if (ul.textContent !== items.map(item => item.textContent).join(""))
        ul.replaceChildren(...items);
}
function drawNotices() {
    drawList(byId("alerts"), status.alerts.map(alert => {
        const item = element("li"), since = clock(instant(alert.since), undefined, TO_MINUTE);
        const address = alert.feed ? {href: `#feed=${encodeURIComponent(alert.feed)}`} : {};
        item.append(element(alert.feed ? "a" : "span", plain(alert.text), address),
            element("small", ` since ${since}`));
        return item;
    }));
    drawList(byId("mistakes"), status.config_errors.map(mistake => {
        const item = element("li");
        const place = [mistake.file, mistake.line, mistake.column].filter(part => part).join(":");
        item.append(element("code", plain(`${place}:`)), ` ${plain(mistake.text)}`);
        return item;
    }));
}
function drawFacts(now) {
    const {store} = status;
    fill(byId("facts"), [
        ["store", bytes(store.used_bytes) + (store.file_bytes > store.used_bytes
            ? ` in a file of ${bytes(store.file_bytes)}` : "")],
        ["disk", store.free_bytes === null ? "" : `${bytes(store.free_bytes)} free`],
        ["requests", `${count(status.in_flight)} under way` +
            (status.waiting ? `, ${count(status.waiting)} queued` : "")],
        ["running for", span(now - instant(status.started))],
        ["version", status.version]]);
}
function drawRows(now) {
    const names = new Set(status.feeds.map(feed => feed.name));
    let longest = 0;
    for (const name of rows.keys())
        if (!names.has(name))
            rows.delete(name);
    for (const feed of status.feeds) {
        if (!rows.has(feed.name))
            rows.set(feed.name, new Row(feed.name));
        rows.get(feed.name).update(feed);
        rows.get(feed.name).tick(now);
        longest = Math.max(longest, feed.name.length);
    }
    byId("feeds").style.setProperty("--name", `${Math.min(28, longest + 1)}ch`);
}
function drawStatus(text) {
    const begun = performance.now();
    status = JSON.parse(text);
    shownAt = Date.now();
    ahead = instant(status.now) - shownAt;
    trouble = "";
    drawRows(shownAt + ahead);
    drawFacts(shownAt + ahead);
    drawNotices();
    if (view.feed && !detail && rows.has(view.feed))
        showOpen();
    else
        arrange();
    drawVerdict();
    detail?.follow();
    performance.measure("draw", {start: begun});
}
function tick() {
    const now = Date.now(), isLive = !trouble && now - shownAt < 2 * LEAST_WAIT;
    if (!status || document.hidden)
        return;
    put(byId("age"), isLive ? "live" : `as of ${span(now - shownAt)} ago`);
    if (!trouble)
        for (const row of rows.values())
            row.tick(now + ahead);
}

let asking = 0; // the timer of the next question
let isAsking = false;
async function ask() { // → the text of status.json, or null and why in `trouble`
    try {
        const answer = await fetch("status.json",
            {cache: "no-store", signal: AbortSignal.timeout(10 * SECOND)});
        if (answer.ok)
            return await answer.text();
        trouble = `The service answers with status ${answer.status}.`;
    } catch { // whatever it is: there is no answer
        trouble = "The service does not answer.";
    }
    return null;
}
async function refresh() {
    const begun = performance.now();
    clearTimeout(asking);
    if (isAsking)
        return;
    isAsking = true;
    const text = await ask();
    isAsking = false;
    if (!document.hidden) // a slow tunnel or a large answer: ask less often
        asking = setTimeout(refresh,
            Math.min(MOST_WAIT, Math.max(LEAST_WAIT, 10 * (performance.now() - begun))));
    if (text === null)
        drawVerdict();
    else
        drawStatus(text);
    tick();
}

/* --- hands ---------------------------------------------------------------------------------- */

function showOpen() { // what view.feed says
    if (detail && detail.name !== view.feed) {
        detail.close();
        detail = null;
    }
    const isNew = !detail && rows.has(view.feed);
    if (isNew)
        detail = new Detail(view.feed);
    for (const row of rows.values())
        row.dress();
    arrange();
    if (isNew)
        detail.begin();
}
function openFeed(name) { // "": closes
    view.feed = name;
    writeAddress();
    showOpen();
}
function showView() { // what the address says
    readAddress();
    byId("find").value = view.find;
    byId("only").checked = view.only;
    showOpen();
    rows.get(view.feed)?.node.scrollIntoView({block: "nearest"});
}
function change(key, value) {
    view[key] = value;
    writeAddress();
    arrange();
}
list.addEventListener("click", event => {
    const node = event.target.closest("tr.feed");
    if (!node || event.metaKey || event.ctrlKey || event.shiftKey || String(getSelection()))
        return;
    event.preventDefault();
    const name = node.querySelector("a").textContent;
    openFeed(name === view.feed ? "" : name);
});
document.querySelector("#feeds thead").addEventListener("click", event => {
    const key = event.target.closest("[data-sort]")?.dataset.sort;
    if (key)
        change("sort", view.sort === key ? `-${key}` : key);
});
byId("find").addEventListener("input", event => change("find", event.target.value));
byId("only").addEventListener("change", event => change("only", event.target.checked));

const KEYS = { // (event) → is it done?
    "/": () => {
        byId("find").focus();
        return true;
    },
    Escape: event => {
        if (event.target === byId("find") && view.find) {
            byId("find").value = "";
            change("find", "");
        } else if (view.feed) {
            const row = rows.get(view.feed);
            openFeed("");
            row?.link.focus();
        }
        return false;
    },
    ArrowDown: event => step(event.target, 1),
    ArrowUp: event => step(event.target, -1),
};
function step(from, by) { // from feed to feed
    const links = [...list.querySelectorAll("tr.feed a")];
    const next = links.includes(from) ? links[links.indexOf(from) + by] : null;
    next?.focus();
    return Boolean(next);
}
document.addEventListener("keydown", event => {
    const isTyping = event.target === byId("find") && event.key !== "Escape";
    if (event.metaKey || event.ctrlKey || event.altKey || isTyping)
        return;
    if (Object.hasOwn(KEYS, event.key) && KEYS[event.key](event))
        event.preventDefault();
});
window.addEventListener("hashchange", showView);
document.addEventListener("visibilitychange", () => {
    clearTimeout(asking);
    if (!document.hidden)
        refresh();
});

drawLegend(byId("legend"));
showView();
refresh();
setInterval(tick, SECOND);
