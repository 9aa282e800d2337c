/* A plot of a feed's polls over time: an SVG with axes, a cursor for the pointer and the keys. */

/* Instants on the full hours (minutes, days) of the zone's clocks, at most about `most`. */
function timeTicks(from, to, zone, most) {
    const steps = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY];
    const step = steps.find(unit => (to - from) / unit <= most) || DAY;
    const offset = offsetOf(zone, from), ticks = [];
    for (let local = Math.ceil((from + offset) / step) * step; local - offset <= to; local += step)
        ticks.push(local - offsetOf(zone, local - offset)); // the clocks may be changed on the way
    return ticks.filter(at => at >= from && at <= to);
}
/* Zero and up to four round amounts, the last not below `most`. */
function amountTicks(most, base) {
    const unit = base ** Math.floor(Math.log(most) / Math.log(base));
    const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500].map(number => number * unit);
    const step = steps.find(amount => most / amount <= 4) || base * unit;
    return Array.from({length: Math.ceil(most / step) + 1}, (_, i) => i * step);
}
function median(numbers) {
    const sorted = numbers.filter(number => number !== null).sort((a, b) => a - b);
    return sorted.length ? sorted[sorted.length >> 1] : null;
}

const HEIGHT = 170, LEFT = 62, RIGHT = 8, TOP = 8, GROUND = HEIGHT - 22;
const LOOKS = {new: "dots", same: "dots same", invalid: "i", failed: "f", missed: "m"};

class Plot {
    /* value(poll) → what is drawn, or null; format(value) → text. */
    constructor(title, value, format, base) {
        Object.assign(this, {title, value, format, base, polls: [], at: null});
        this.node = copyOf("plot");
        [this.head, this.svg, this.tip] = this.node.children;
        this.cursor = drawing("path", {class: "cursor"});
        this.svg.addEventListener("pointermove", event => this.point(this.nearest(event.offsetX)));
        this.svg.addEventListener("pointerleave", () => this.point(null));
        this.svg.addEventListener("blur", () => this.point(null));
        this.svg.addEventListener("keydown", event => this.onKey(event));
    }
    x(at) {
        return LEFT + (at - this.from) / (this.to - this.from) * (this.width - LEFT - RIGHT);
    }
    y(amount) {
        return GROUND - amount / this.most * (GROUND - TOP);
    }
    draw(polls, from, to, zone) {
        const amounts = polls.map(this.value), typical = median(amounts);
        const most = amounts.reduce((sum, amount) => Math.max(sum, amount), 1);
        const ticks = amountTicks(most, this.base);
        Object.assign(this, {polls, from, to, zone, most: ticks.at(-1)});
        this.width = this.node.clientWidth || 400;
        this.head.replaceChildren(this.title,
            element("small", ` ${span(to - from)} to ${clock(to, zone, TO_MINUTE)}, ${zone}`));
        mark(this.svg, "viewBox", `0 0 ${this.width} ${HEIGHT}`);
        mark(this.svg, "aria-label", `${this.title}: ${typical === null ? "no answer"
            : `median ${this.format(typical)}, most ${this.format(most)}`}. ` +
            "The arrow keys go from slot to slot.");
        this.svg.replaceChildren(...this.amountAxis(ticks), ...this.timeAxis(), ...this.dots(),
            this.cursor);
        this.point(null);
    }
    amountAxis(ticks) {
        return ticks.flatMap(amount => [
            drawing("path", {class: "grid", d: `M${LEFT} ${this.y(amount)}H${this.width - RIGHT}`}),
            drawing("text", {x: LEFT - 8, y: this.y(amount) + 4, "text-anchor": "end"},
                amount ? this.format(amount) : "0")]);
    }
    timeAxis() {
        const most = Math.max(2, (this.width - LEFT) / 70), last = this.width - 18;
        return timeTicks(this.from, this.to, this.zone, most).flatMap(at => [
            drawing("path", {class: "grid", d: `M${this.x(at)} ${GROUND}v5`}),
            drawing("text", {x: Math.min(this.x(at), last), y: HEIGHT - 4, "text-anchor": "middle"},
                clock(at, this.zone, HOUR_MINUTE))]);
    }
    dots() { // in the colours of the strip; what has no amount lies on the ground
        const marks = {new: "", same: "", invalid: "", failed: "", missed: ""};
        const shapes = {new: "h0", same: "m-2 0h4", invalid: "m-2 -3h4v6h-4z",
            failed: "m-3 -3l6 6m-6 0l6 -6", missed: "m-1 -3h2v3h-2z"};
        for (const poll of this.polls) {
            const y = this.y(this.value(poll) || 0);
            if (this.value(poll) !== null || !poll.isComplete)
                marks[poll.outcome] +=
                    `M${this.x(poll.at).toFixed(1)} ${y.toFixed(1)}${shapes[poll.outcome]}`;
        }
        return Object.keys(marks).filter(outcome => marks[outcome]).map(outcome =>
            drawing("path", {class: LOOKS[outcome], d: marks[outcome]}));
    }
    nearest(x) {
        let best = null;
        this.polls.forEach((poll, i) => {
            const distance = Math.abs(this.x(poll.at) - x);
            if (best === null || distance < Math.abs(this.x(this.polls[best].at) - x))
                best = i;
        });
        return best;
    }
    onKey(event) {
        const by = {ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20}[event.key];
        if (!by || !this.polls.length)
            return;
        event.preventDefault();
        const from = this.at ?? this.polls.length;
        this.point(Math.max(0, Math.min(this.polls.length - 1, from + by)));
    }
    point(place) { // at one poll; null: at none
        const poll = place === null ? null : this.polls[place];
        this.at = place;
        this.tip.hidden = !poll;
        mark(this.cursor, "d", poll ? `M${this.x(poll.at)} ${TOP}V${GROUND}` : null);
        if (!poll)
            return;
        const x = this.x(poll.at), isRight = x > this.width / 2;
        put(this.tip, [clock(poll.at, this.zone, TO_SECOND), whyOf(poll),
            [took(poll.took), bytes(poll.size)].filter(text => text).join(", ")]
            .filter(text => text).join("\n"));
        mark(this.svg, "aria-description", this.tip.textContent);
        this.tip.style.left = isRight ? "" : `${x + 8}px`;
        this.tip.style.right = isRight ? `${this.width - x + 8}px` : "";
    }
}
