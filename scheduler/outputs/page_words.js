/* Numbers and times as words, and the few ways in which this page touches its document. */
"use strict";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

const grouped = new Intl.NumberFormat("en");
const count = number => number < 1000 ? String(number) : grouped.format(number);
const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;
const instant = text => text ? Date.parse(text) : null;

function span(ms) { // "12 s", "3 min", "5 h", "9 d"
    const steps = [[MINUTE, SECOND, "s"], [2 * HOUR, MINUTE, "min"], [2 * DAY, HOUR, "h"],
        [Infinity, DAY, "d"]];
    const [, unit, name] = steps.find(([below]) => ms < below);
    return `${count(Math.max(0, Math.floor(ms / unit)))} ${name}`;
}

function countdown(ms) { // "1:05"
    const seconds = Math.ceil(ms / SECOND);
    if (seconds <= 0)
        return "due";
    if (ms >= HOUR)
        return span(ms);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function every(ms) { // an interval as a feed's file spells it: "1h30m"
    let text = "";
    for (const [name, unit] of [["d", DAY], ["h", HOUR], ["m", MINUTE], ["s", SECOND], ["ms", 1]]) {
        if (ms >= unit)
            text += Math.floor(ms / unit) + name;
        ms %= unit;
    }
    return text;
}

function scaled(number, base, units) { // three digits and a unit
    let at = 0;
    for (; number >= base && at < units.length - 1; at++)
        number /= base;
    const digits = at === 0 || number >= 100 ? Math.round(number) : Number(number.toPrecision(3));
    return `${digits} ${units[at]}`;
}
const bytes = number =>
    number === null ? "" : scaled(number, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
const took = ms => ms === null ? "" : ms < 1 ? "<1 ms" : scaled(ms, 1000, ["ms", "s"]);
const percent = number => // 100 only if nothing is missing
    number === null ? "–" : number === 100 ? "100" : (Math.floor(number * 10) / 10).toFixed(1);

const TO_MINUTE = {month: "short", day: "numeric", hour: "2-digit", minute: "2-digit"};
const TO_SECOND = {...TO_MINUTE, second: "2-digit"};
const HOUR_MINUTE = {hour: "2-digit", minute: "2-digit"};
const ALL_DIGITS = {...TO_SECOND, year: "numeric", month: "2-digit", day: "2-digit"};
const formats = new Map(); // making one is slow

function formatOf(zone, options) {
    const all = {hourCycle: "h23", ...options};
    try {
        return new Intl.DateTimeFormat("en-CA", {timeZone: zone, ...all});
    } catch { // a zone that this browser does not know
        return new Intl.DateTimeFormat("en-CA", all);
    }
}
/* An instant on the clocks of `zone`; undefined: of this browser. */
function clock(ms, zone, options) {
    const key = zone + JSON.stringify(options);
    if (!formats.has(key))
        formats.set(key, formatOf(zone, options));
    return formats.get(key).format(ms);
}
/* What the clocks of `zone` are ahead of UTC at an instant. */
function offsetOf(zone, ms) {
    const [year, month, ...rest] = clock(ms, zone, ALL_DIGITS).match(/\d+/g).map(Number);
    return Date.UTC(year, month - 1, ...rest) - Math.floor(ms / SECOND) * SECOND;
}

/* Foreign text without what could reorder or hide what stands around it. */
const plain = text => text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, "\ufffd");

const byId = id => document.getElementById(id);
const copyOf = id => byId(id).content.firstElementChild.cloneNode(true);
const SVG = copyOf("row").querySelector("svg").namespaceURI;

function dressed(node, attributes, text) {
    for (const [name, value] of Object.entries(attributes))
        node.setAttribute(name, value);
    if (text !== undefined)
        node.textContent = text;
    return node;
}
const element = (name, text, attributes = {}) =>
    dressed(document.createElement(name), attributes, text);
const drawing = (name, attributes, text) =>
    dressed(document.createElementNS(SVG, name), attributes, text);

/* These touch the document only where something has changed. */
function put(node, text) {
    if (node.textContent !== text)
        node.textContent = text;
}
function mark(node, name, value) { // null: without it
    if (value === null)
        node.removeAttribute(name);
    else if (node.getAttribute(name) !== value)
        node.setAttribute(name, value);
}
function fill(list, pairs) { // a <dl>; pairs without text are left out
    const told = pairs.filter(([, text]) => text);
    if (list.children.length === told.length) {
        told.forEach(([term, text], i) => {
            put(list.children[i].firstChild, term);
            put(list.children[i].lastChild, text);
        });
        return;
    }
    list.replaceChildren(...told.map(([term, text]) => {
        const pair = element("div");
        pair.append(element("dt", term), element("dd", text));
        return pair;
    }));
}
