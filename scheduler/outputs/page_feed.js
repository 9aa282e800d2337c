/* The feed that is open: facts, plots, gaps, downloads. Its polls are read when it opens, and again
 * as it goes on. */

const PLOT_SLOTS = 3000; // the plots go back a day, or less far for a feed with more slots a day
const LEAST_AGE = 10 * SECOND; // of polls that are read again
const MOST_GAPS = 100;

function readCsv(text) { // RFC 4180 → objects by column
    const records = [];
    let cells = [];
    for (const found of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\n]*))(,|\n|$)/g)) {
        const [whole, quoted, bare, end] = found;
        if (!whole && !cells.length)
            break;
        cells.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
        if (end !== ",") {
            records.push(cells);
            cells = [];
        }
    }
    const [names, ...others] = records;
    return others.map(record => Object.fromEntries(names.map((name, i) => [name, record[i]])));
}
const numberOf = text => text === "" ? null : Number(text);

function pollOf(row) { // a row of polls.csv
    const started = instant(row.started), ended = instant(row.ended);
    const isInvalid = row.flags.includes("invalid");
    const isAnswer = row.outcome === "new" || row.outcome === "same";
    return {
        at: instant(row.slot), outcome: isInvalid ? "invalid" : row.outcome, detail: row.detail,
        status: row.status, isComplete: isAnswer && !isInvalid,
        took: started === null || ended === null ? null : ended - started,
        size: isAnswer && row.status !== "304" ? numberOf(row.body_bytes) : null,
    };
}
const whyOf = poll => [poll.outcome, poll.detail && `: ${poll.detail}`,
    poll.status && `, status ${poll.status}`].join("");

/* As `pollard gaps` has them: unbroken runs of slots that are not complete. Latest first. */
function gapsOf(polls) {
    const gaps = [];
    let gap = null;
    for (const poll of polls) {
        if (poll.isComplete) {
            if (gap)
                gap.to = poll.at;
            gap = null;
            continue;
        }
        if (!gap)
            gaps.push(gap = {from: poll.at, to: null, slots: 0, why: new Map()});
        gap.slots++;
        gap.why.set(whyOf(poll), (gap.why.get(whyOf(poll)) || 0) + 1);
    }
    return gaps.reverse();
}
function hoursOf(polls) { // start of the hour → its polls, latest first
    const hours = new Map();
    for (const poll of [...polls].reverse()) {
        const hour = Math.floor(poll.at / HOUR) * HOUR;
        if (!hours.has(hour))
            hours.set(hour, []);
        hours.get(hour).push(poll);
    }
    return [...hours];
}
function plainTable(heads, lines) {
    const table = element("table", undefined, {class: "plain"});
    const head = element("thead"), body = element("tbody");
    const line = (cell, texts, attributes) => {
        const tr = element("tr");
        tr.append(...texts.map(text => element(cell, text, attributes)));
        return tr;
    };
    head.append(line("th", heads, {scope: "col"}));
    body.append(...lines.map(texts => line("td", texts)));
    table.append(head, body);
    return table;
}

class Detail {
    constructor(name) {
        this.name = name;
        this.file = `${encodeURIComponent(name)}.csv`;
        this.node = copyOf("opened");
        this.node.querySelector("td").setAttribute("aria-label", `more of ${name}`);
        this.plots = [new Plot("Latency", poll => poll.took, took, 1000),
            new Plot("Size", poll => poll.size, bytes, 1024)];
        this.node.querySelector(".plots").append(...this.plots.map(plot => plot.node));
        this.polls = null;
        this.knownSlot = undefined;
        this.readAt = 0;
        this.addLinks();
        this.observer = new ResizeObserver(() => this.draw());
    }
    part(name) {
        return this.node.querySelector(`[data-is=${name}]`);
    }
    get feed() {
        return rows.get(this.name)?.feed;
    }
    begin() { // it stands in the document
        this.observer.observe(this.node.querySelector(".plots"));
        this.follow();
    }
    close() {
        this.observer.disconnect();
        this.node.remove();
    }
    addLinks() {
        const links = [["its rows of the last 24 hours (CSV)", `dump/${this.file}?from=-24h`],
            ["all its rows (CSV)", `dump/${this.file}`],
            ["what happened, slot by slot (CSV)", `polls/${this.file}`]];
        for (const [text, address] of links) {
            const item = element("li");
            item.append(element("a", text, {href: address}));
            this.node.querySelector(".get").append(item);
        }
        const address = new URL(links[0][1], location.href);
        put(this.node.querySelector(".copy code"), `pd.read_csv("${address}")`);
        this.node.querySelector(".copy button").addEventListener("click", () => this.copy());
    }
    async copy() {
        const [code, button] = this.node.querySelector(".copy").children;
        try {
            await navigator.clipboard.writeText(code.textContent);
            button.textContent = "copied";
        } catch { // not allowed: leave it selected for the keys
            getSelection().selectAllChildren(code);
            button.textContent = "selected";
        }
        setTimeout(() => put(button, "copy"), 2 * SECOND);
    }
    follow() { // the service has told something new
        const feed = this.feed;
        if (!feed)
            return;
        this.tellFacts(feed);
        if (feed.last?.slot !== this.knownSlot && Date.now() - this.readAt >= LEAST_AGE ||
            !this.readAt) {
            this.knownSlot = feed.last?.slot;
            this.read(feed);
        }
    }
    tellFacts(feed) {
        const at = text => text ? clock(instant(text), feed.timezone, TO_SECOND) : "";
        const {counts, invalid} = feed;
        fill(this.node.querySelector("dl"), [
            ["host", feed.host],
            ["asked", feed.interval_ms === null ? "at times of day"
                : `every ${every(feed.interval_ms)}`],
            ["next slot", at(feed.next_slot) || "none to come"],
            ["last new", at(feed.last_new) || "never"],
            ["last ok", at(feed.last_ok) || "never"],
            ["last status", feed.last?.status ? String(feed.last.status) : ""],
            ["since the start", `${count(counts.new)} new, ${count(counts.same)} same, ` +
                `${count(counts.failed)} failed, ${count(counts.missed)} missed` +
                (invalid ? `; ${count(invalid)} of them invalid` : "")],
            ["completeness counted since", at(feed.complete_since)],
            ["times in", feed.timezone],
            ["alert", feed.alert && plain(feed.alert)]]);
    }
    async read(feed) {
        const length = Math.min(DAY, PLOT_SLOTS * (feed.interval_ms || MINUTE));
        const now = Date.now() + ahead;
        this.readAt = Date.now();
        try {
            const answer = await fetch(`polls/${this.file}?from=-${Math.ceil(length / SECOND)}s`,
                {signal: AbortSignal.timeout(30 * SECOND)});
            if (!answer.ok)
                throw new Error(`the service answers with status ${answer.status}`);
            this.polls = readCsv(await answer.text()).map(pollOf);
        } catch (error) {
            put(this.part("asking"), `Its polls could not be read: ${error.message}.`);
            return;
        }
        put(this.part("asking"), "");
        Object.assign(this, {from: this.startOf(now, length), to: now, zone: feed.timezone});
        this.tellGaps();
        this.tellHours();
        this.draw();
    }
    startOf(now, length) { // a young feed's plots begin with it
        const step = this.feed?.interval_ms || MINUTE, first = this.polls[0]?.at ?? now;
        const least = Math.max(5 * MINUTE, 30 * step);
        return Math.max(now - length, Math.min(first - step, now - least));
    }
    draw() {
        if (this.polls && this.node.isConnected)
            for (const plot of this.plots)
                plot.draw(this.polls, this.from, this.to, this.zone);
    }
    tellGaps() {
        const at = ms => ms === null ? "still" : clock(ms, this.zone, TO_SECOND);
        const why = gap => [...gap.why].map(([text, times]) =>
            times > 1 ? `${text} ×${count(times)}` : text).join("; ");
        const gaps = gapsOf(this.polls), shown = gaps.slice(0, MOST_GAPS);
        const none = this.polls.length ? "None: every slot is complete." : "No slots.";
        this.part("gaps").replaceChildren(gaps.length
            ? plainTable(["from", "to", "slots", "why"],
                shown.map(gap => [at(gap.from), at(gap.to), count(gap.slots), why(gap)]))
            : element("p", none));
        if (gaps.length > shown.length)
            this.part("gaps").append(
                element("p", `and ${count(gaps.length - shown.length)} before`));
    }
    tellHours() {
        const lines = hoursOf(this.polls).map(([hour, polls]) => {
            const times = polls.map(poll => poll.took);
            return [clock(hour, this.zone, TO_MINUTE), count(polls.length),
                count(polls.filter(poll => poll.isComplete).length), took(median(times)),
                took(times.some(time => time !== null) ? Math.max(...times) : null),
                bytes(median(polls.map(poll => poll.size)))];
        });
        this.part("hours").replaceChildren(plainTable(
            ["hour", "slots", "complete", "median latency", "longest", "median size"], lines));
    }
}
